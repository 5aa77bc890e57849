"""Meson picks the files of an OS: no conditionals on it but in two places."""

import re

import common

ALLOWED = {"include/eddy/base.h", "src/seam/choose.cpp"}
MACROS = re.compile(
    r"\b(?:_?_?WIN32(?:__|_)?|_WIN64|__MINGW32__|__MINGW64__|__CYGWIN__|__linux__|__linux"
    r"|__gnu_linux__|__APPLE__|__MACH__|__unix__|__unix|__FreeBSD__|__OpenBSD__|__NetBSD__"
    r"|__DragonFly__|__ANDROID__|__sun)\b")
CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|elifdef|elifndef)\b"
                         r"(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)


def check(path, text):
    if path in ALLOWED:
        return
    code = common.code_of(text)
    for match in CONDITIONAL.finditer(code):
        macro = MACROS.search(match.group())
        if macro:
            line = code.count("\n", 0, match.start()) + 1
            yield line, f"conditional on {macro.group()}; let Meson pick a file instead"


def select(root):
    return common.walk(root, ["include", "src", "test", "examples", "bench"], common.C_FAMILY)


BAD = [
    ("src/core/turn.cpp", "#ifdef _WIN32\n#endif\n"),
    ("src/unix/socket.cpp", "#if defined(__linux__) && X\n#endif\n"),
    ("include/eddy/op.h", "  # ifndef __APPLE__\n#endif\n"),
    ("test/support/pair.c", "#if A || \\\n  defined(__unix__)\n#endif\n"),
    ("examples/echo.cpp", "#if 0\n#elif WIN32\n#endif\n"),
]
GOOD = [
    ("include/eddy/base.h", "#ifdef _WIN32\n#endif\n"),
    ("src/seam/choose.cpp", "#if defined(__linux__)\n#endif\n"),
    ("src/core/turn.cpp", "// #ifdef _WIN32\n#ifdef NDEBUG /* not __linux__ */\n#endif\n"),
    ("src/linux/kernel.hpp", "#ifndef IORING_SETUP_NO_SQARRAY\n#endif\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
