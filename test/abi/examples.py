"""Compiles the example of every public C header, each as a program's source that includes this header alone.

An example is a comment that begins with "Example." on a line of its own. Its code is what follows, indented by three
columns, to the end of the comment. It may include more headers at its top.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Wshadow", "-Werror", "-fsyntax-only",
            "-Wno-unused-function"]  # nobody calls the functions of an example
STANDARDS = ["c99", "c11"]
EXAMPLE = re.compile(r"^/\* Example\.\n\n((?:   .*\n|\n)*?   .*?) ?\*/$", re.MULTILINE)
TITLE = re.compile(r"^/\* Example\b", re.MULTILINE)
SHORTEST, LONGEST = 6, 25


def headers(include):
    """(name, text) of each."""
    for path in [include / "eddy.h", *sorted((include / "eddy").glob("*.h"))]:
        yield path.relative_to(include).as_posix(), path.read_text(encoding="utf-8")


def examples(text):
    """(line, code) of each."""
    for found in EXAMPLE.finditer(text):
        lines = [line[3:] for line in found.group(1).split("\n")]
        yield text.count("\n", 0, found.start(1)) + 1, "\n".join(lines) + "\n"


def misshapen(text):
    """What is wrong with the examples before any is compiled."""
    found = [*examples(text)]
    if not found:
        yield 1, "it has no example"
    if len(TITLE.findall(text)) != len(found):
        yield 1, 'an example is not "Example.", an empty line, and code that is indented by three columns'
    for line, code in found:
        length = code.count("\n")
        if not SHORTEST <= length <= LONGEST:
            yield line, f"an example of {length} lines; they have {SHORTEST} to {LONGEST}"


def source_of(name, line, code):
    return f'#include <{name}>\n#line {line} "{name}"\n{code}extern int not_empty;\n'


def refused(source, include, compiler, standard):
    """What the compiler says, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.c"
        path.write_text(source, encoding="utf-8")
        ran = subprocess.run([*compiler, f"-std={standard}", *WARNINGS, "-I", str(include), str(path)],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return f"it does not compile as {standard}:\n{ran.stdout}" if ran.returncode else ""


def check(name, text, include, compiler):
    for line, message in misshapen(text):
        yield f"{name}:{line}: {message}"
    for line, code in examples(text):
        for standard in STANDARDS:
            if message := refused(source_of(name, line, code), include, compiler, standard):
                yield f"{name}:{line}: {message}"


def block(*lines):
    return "/* Example.\n\n" + "\n".join("   " + line if line else "" for line in lines) + " */\n"


STATEMENTS = ["  eddy_time_t now = 0;", "  now += EDDY_SECOND;", "  now += EDDY_SECOND;", "  return now;"]
SOUND = ["static eddy_time_t two(void) {", *STATEMENTS, "}"]
GOOD = [
    block(*SOUND),
    "/* About. */\n\n" + block("#include <eddy/error.h>", "", *SOUND) + block("// Twice.", *SOUND) + "int x;\n",
]
BAD = [
    "/* About. */\n",
    "/* An example: none. */\n",
    block("static int one(void) { return 1; }"),
    block(*SOUND, *["static int again_%d;" % number for number in range(20)]),
    block(*SOUND).replace("\n   ", "\n"),
    block(*SOUND).replace("Example.", "Example"),
    block(*SOUND) + block(*SOUND).replace("\n\n", "\n"),
    block(*SOUND).replace("return now", "return never"),
    block(*SOUND).replace("EDDY_SECOND", "EDDY_FORTNIGHT"),
    block(*SOUND).replace("return now;", "eddy_now(0); return now;"),  # of a header that it does not include
    block(*SOUND).replace("return now;", "int unused; return now;"),
]


def self_test(include, compiler):
    """Each sample in the place of base.h."""
    wrong = 0
    for samples, bad in ((BAD, True), (GOOD, False)):
        for text in samples:
            found = [*check("eddy/base.h", text, include, compiler)]
            if bool(found) != bad:
                wrong += 1
                print(f"judged wrongly:\n{text}", *found)
    print(f"{len(BAD)} bad and {len(GOOD)} good samples, {wrong} judged wrongly")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("include", type=Path)
    parser.add_argument("compiler", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.self_test:
        return self_test(options.include, options.compiler)
    count = bad = 0
    for name, text in headers(options.include):
        count += len([*examples(text)])
        for message in check(name, text, options.include, options.compiler):
            bad += 1
            print(message)
    print(f"{count} examples, {bad} complaints")
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main())
