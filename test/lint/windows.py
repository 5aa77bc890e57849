"""In a public C header everything about Windows stands in one section, a comment that begins with "Windows." on a line of
its own. Elsewhere it is a mark, "(Windows)", behind a constant that the section explains."""

import re

import common

SECTION = re.compile(r"^/\* Windows\.\n\n(?:   .*\n|\n)*?   .*?\*/$", re.MULTILINE)
OPENING = re.compile(r"\A/\*.*?\*/\s*\Z", re.DOTALL)
WORD = re.compile(r"\bwindows\b", re.IGNORECASE)
MARK = re.compile(r"\bEDDY_[A-Z].*\(Windows\)")


def check(_, text):
    sections = [*SECTION.finditer(text)]
    for section in sections[1:]:
        yield text.count("\n", 0, section.start()) + 1, "a second section about Windows"
    if sections and not OPENING.match(text[:sections[0].start()]):
        yield text.count("\n", 0, sections[0].start()) + 1, "the section about Windows stands below the opening comment"
    rest = SECTION.sub(lambda section: re.sub(r"[^\n]", " ", section.group()), text)
    for number, line in enumerate(rest.split("\n"), 1):
        unmarked = line.replace("(Windows)", "", 1) if MARK.search(line) else line
        if WORD.search(unmarked):
            yield number, "what is about Windows stands in the header's section about it"
        elif unmarked != line and not sections:
            yield number, "no section about Windows explains this mark"


def select(root):
    return [path for path in common.walk(root, ["include"], (".h",))]


OPEN = "/* About. */\n\n"
PART = "/* Windows.\n\n   Windows has no fork.\n\n   On Windows it is another. */\n"
BAD = [
    ("include/eddy.h", "/* On Windows it is another. */\n"),
    ("include/eddy/a.h", OPEN + PART + "/* The same, but not on windows. */\n"),
    ("include/eddy/a.h", OPEN + PART + PART),
    ("include/eddy/a.h", OPEN + "#ifndef A\n" + PART + "#endif\n"),
    ("include/eddy/a.h", PART),
    ("include/eddy/a.h", OPEN + "/* Returns 0, or\n     EDDY_EPERM  (Windows) */\n"),
    ("include/eddy/a.h", OPEN + PART + "/* It does not (Windows). */\n"),
    ("include/eddy/a.h", OPEN + PART + "/* EDDY_EPERM  for pipes of Windows (Windows) */\n"),
    ("include/eddy/a.h", OPEN + "/* Windows. It has no fork. */\n"),
]
GOOD = [
    ("include/eddy.h", OPEN + "int windows_of_time;\n"),
    ("include/eddy/a.h", OPEN + PART + "#ifndef A\n#ifdef _WIN32\n#endif\n#endif\n"),
    ("include/eddy/a.h", OPEN + PART + "/* Returns 0, or\n     EDDY_EPERM  (Windows) */\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
