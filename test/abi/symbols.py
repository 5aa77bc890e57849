"""The shared library: what it exports, what it is called, and what it needs.

eddy.def is the reviewed list. A name that leaves it breaks programs, a name that joins it is
promised for ever.
"""

import argparse
import re
import subprocess
import sys

from listed import listed

VERSION = "EDDY_0.1"
SONAME = "libeddy.so.0"
NEEDED = re.compile(r"(?:libc\.so|liburing\.so|ld-linux[\w-]*\.so)[.\d]*")
CXX_RUNTIME = re.compile(r"_Z|__cxa|__gxx|_Unwind")
# Weak, from the C start files, and in every shared library.
START_FILES = {"__cxa_finalize"}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def exported(library):
    for line in output("nm", "-D", "--defined-only", library).splitlines():
        kind, name = line.split()[-2:]
        if kind != "A":  # the version itself
            yield kind, name


def check_exports(library, listed):
    seen = set()
    for kind, symbol in exported(library):
        name, _, version = symbol.partition("@@")
        seen.add(name)
        if kind != "T":
            yield f"{name} is exported as '{kind}': only functions are"
        if version != VERSION:
            yield f"{symbol} has not the version {VERSION}"
    for name in sorted(seen - listed):
        yield f"{name} is exported and not in eddy.def"
    for name in sorted(listed - seen):
        yield f"{name} is in eddy.def and not exported"


def check_dependencies(library):
    dynamic = output("readelf", "-d", "-W", library)
    sonames = re.findall(r"\(SONAME\).*\[(.*)\]", dynamic)
    if sonames != [SONAME]:
        yield f"the soname is {sonames}, not {SONAME}"
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if not NEEDED.fullmatch(name):
            yield f"it needs {name}"
    if "(TEXTREL)" in dynamic:
        yield "it has text relocations"


def check_undefined(library):
    for line in output("nm", "-D", "--undefined-only", library).splitlines():
        name = line.split()[-1].partition("@")[0]
        if CXX_RUNTIME.match(name) and name not in START_FILES:
            yield f"it needs {name} of the C++ runtime"


def check_order(names):
    if names != sorted(set(names)):
        yield "eddy.def is not sorted, or has a name twice"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("symbols")
    options = parser.parse_args()
    names = listed(options.symbols)
    found = [*check_order(names), *check_exports(options.library, set(names)),
             *check_dependencies(options.library), *check_undefined(options.library)]
    for message in found:
        print(message)
    print(f"{len(names)} symbols, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
