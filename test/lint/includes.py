"""Arrows between layers: include <- src <- the OS folders of src, and no way back."""

import posixpath
import re

import common

# Needs the compiler and libc only, nothing of the C++ runtime.
CORE_CXX = {
    "algorithm", "array", "atomic", "bit", "cassert", "cinttypes", "climits", "compare",
    "concepts", "cstdarg", "cstddef", "cstdint", "cstdio", "cstdlib", "cstring",
    "initializer_list", "iterator", "limits", "new", "numeric", "span", "tuple", "type_traits",
    "utility", "version",
}
# errno values, signals, threads and clocks are the OS's, whatever the C standard says.
CORE_C = common.C_HEADERS - {"errno.h", "setjmp.h", "signal.h", "threads.h", "time.h"}

INTERNALS = {"loop.hpp", "stream.hpp", "listener.hpp"}
MAY_USE = {"linux": {"unix", "sockets"}, "unix": {"sockets"}, "win": {"sockets"}}

# The inline part of the OS header: each OS folder has its own, Meson picks the
# folder, and as the core sees it, it is held to the core's rules.
INLINE = {"os_thread.hpp", "tsan.hpp"}


def public(name):
    return name == "eddy.h" or (name.startswith("eddy/") and name.endswith(".h"))


def check_api(path, text):
    for line, name, quoted in common.includes_of(text):
        if not (public(name) or name in common.C_HEADERS or (quoted and near(path, name))):
            yield line, f"a public C header includes only eddy/*.h and C headers, not {name}"


# What a header is a bridge to, where that is there.
BRIDGES = {"sender.hpp": "stdexec/execution.hpp"}


def check_facade(path, text):
    for line, name, quoted in common.includes_of(text):
        eddy = name == "eddy.hpp" or re.fullmatch(r"eddy/[\w/]+\.hpp", name)
        standard = re.fullmatch(r"[a-z_]+", name)
        theirs = BRIDGES.get(path.rsplit("/", 1)[-1]) == name
        if not (public(name) or eddy or standard or theirs or (quoted and near(path, name))):
            yield line, f"the facade includes only eddy's and C++'s headers, not {name}"


def near(path, name):
    """Is it another public header, named relative to this one?"""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    suffixes = (".h", ".hpp") if path.endswith(".hpp") else (".h",)
    return target.startswith("include/eddy/") and target.endswith(suffixes)


def check_core(path, text):
    for line, name, quoted in common.includes_of(text):
        if public(name) or (not quoted and (name in CORE_CXX | CORE_C | INLINE)):
            continue
        if quoted and re.fullmatch(r"[\w-]+\.hpp", name) and name != "native.hpp":
            continue
        yield line, f"the portable core does not include {name}"


def check_os(path, text):
    own = path.split("/")[1]
    for line, name, quoted in common.includes_of(text):
        if not quoted:
            if name.endswith(".hpp") and name not in INLINE:
                yield line, f"include {name} of this project in quotes"
            continue
        candidates = {posixpath.normpath(posixpath.join(base, name))
                      for base in (posixpath.dirname(path), "src")}
        for target in candidates:
            parts = target.split("/")
            if target in {"src/" + internal for internal in INTERNALS}:
                yield line, f"{name} is internal to the core"
                break
            if len(parts) > 2 and parts[0] == "src" and parts[1] != own and \
                    parts[1] not in MAY_USE.get(own, set()):
                if not (target.startswith(f"src/{own}/") or public(name)):
                    yield line, f"src/{own} does not include {name} of another OS folder"
                    break


def check(path, text):
    if path.startswith("include/"):
        return check_facade(path, text) if path.endswith(".hpp") else check_api(path, text)
    if path.count("/") == 1 or posixpath.basename(path) in INLINE:
        return check_core(path, text)
    return check_os(path, text)


def select(root):
    return common.walk(root, ["include", "src"], common.C_FAMILY)


BAD = [
    ("include/eddy/op.h", "#include <sys/socket.h>\n"),
    ("include/eddy/op.h", '#include "eddy/task.hpp"\n'),
    ("include/eddy/op.h", '#include "../../src/op.hpp"\n'),
    ("include/eddy.h", "#include <liburing.h>\n"),
    ("include/eddy.hpp", "#include <unistd.h>\n"),
    ("include/eddy/task.hpp", '#include "../src/loop.hpp"\n'),
    ("src/loop.cpp", "#include <sys/epoll.h>\n"),
    ("src/loop.cpp", "#include <vector>\n"),
    ("src/unix/os_thread.hpp", "#include <pthread.h>\n"),
    ("src/loop.cpp", "#include <socket.hpp>\n"),
    ("src/loop.cpp", "#include <errno.h>\n"),
    ("src/stream.cpp", '#include "native.hpp"\n'),
    ("src/sockets/addr.cpp", '#include "../unix/poll_events.hpp"\n'),
    ("src/loop.cpp", '  #  include "unix/socket.hpp" // down\n'),
    ("src/loop.hpp", '#include "linux/ring.hpp"\n'),
    ("src/linux/ring.cpp", '#include "../loop.hpp"\n'),
    ("src/unix/socket.cpp", '#include "stream.hpp"\n'),
    ("src/win/afd.cpp", '#include "listener.hpp"\n'),
    ("src/unix/socket.cpp", '#include "linux/ring.hpp"\n'),
    ("src/unix/socket.cpp", '#include "../win/status.hpp"\n'),
    ("src/win/afd.cpp", '#include "../unix/socket.hpp"\n'),
    ("src/linux/ring.cpp", '#include "../win/status.hpp"\n'),
]
GOOD = [
    ("include/eddy/op.h", '#include <stdint.h>\n#include "eddy/base.h"\n#include "base.h"\n'),
    ("include/eddy/op.h", "/*\n#include <sys/socket.h>\n*/\n"),
    ("include/eddy.h", "#include <eddy/op.h>\n"),
    ("include/eddy/task.hpp", '#include <coroutine>\n#include <eddy.h>\n#include "eddy/op.hpp"\n'),
    ("src/loop.cpp", '#include <atomic>\n#include "eddy/op.h"\n#include "driver.hpp"\n'
                     '#include <os_thread.hpp>\n'),
    ("src/linux/ring.cpp", '#include <liburing.h>\n#include "../driver.hpp"\n'
                           '#include "../unix/socket.hpp"\n#include "unix/errno.hpp"\n'),
    ("src/sockets/addr.cpp", '#include "native.hpp"\n'),
    ("src/win/socket.cpp", '#include "../sockets/addr.hpp"\n'),
    ("src/unix/socket.cpp", '#include <errno.h>\n#include "socket.hpp"\n#include "op.hpp"\n'),
    ("src/win/afd.cpp", '#include <winsock2.h>\n#include "win/status.hpp"\n'
                        '#include "eddy/op.h"\n'),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
