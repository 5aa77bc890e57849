"""The DLL: what it exports, and what a program has to bring beside it, which is nothing.

eddy.def is the reviewed list, as for the shared object.
"""

import argparse
import re
import subprocess
import sys

from listed import listed

NAME = "eddy-0.dll"
# Parts of Windows 10: its API, Winsock, the older C runtime and the universal one.
SYSTEM = re.compile(r"(?:kernel32|ntdll|ws2_32|iphlpapi|msvcrt|ucrtbase)\.dll"
                    r"|api-ms-win-(?:core-synch|crt)-[\w-]+\.dll")


def lines_between(text, begin, end):
    """The lines from the one that holds `begin` to the one that is `end`."""
    inside = False
    for line in text.splitlines():
        if begin in line:
            inside = True
        elif inside and re.fullmatch(end, line):
            return
        elif inside:
            yield line


def exports(text):
    for line in lines_between(text, "[Ordinal/Name Pointer] Table", r"\s*"):
        found = re.fullmatch(r"\s*\[\s*\d+\](?: \+base\[\s*\d+\])?\s+(?:[0-9a-f]+ )?(\S+)", line)
        if found:
            yield found.group(1)


def check(text, names):
    found = list(exports(text))
    for name in sorted(set(found) - set(names)):
        yield f"{name} is exported and not in eddy.def"
    for name in sorted(set(names) - set(found)):
        yield f"{name} is in eddy.def and not exported"
    needed = re.findall(r"^\s*DLL Name: (\S+)", text, re.MULTILINE)
    if not needed:
        yield "it needs no DLL at all: this was read wrongly"
    for name in needed:
        if not SYSTEM.fullmatch(name.lower()):
            yield f"it needs {name}"
    own = re.search(r"^Name\s+[0-9a-f]+ (\S+)", text, re.MULTILINE)
    if not own or own.group(1) != NAME:
        yield f"it calls itself {own and own.group(1)}, not {NAME}"


def check_version(library):
    """The resource that Windows shows of a file, whose strings are UTF-16."""
    with open(library, "rb") as file:
        content = file.read()
    for part in ["VS_VERSION_INFO", "FileVersion", "OriginalFilename", NAME]:
        if part.encode("utf-16-le") not in content:
            yield f"its version resource lacks {part}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("symbols")
    parser.add_argument("objdump", nargs="+")
    options = parser.parse_args()
    names = listed(options.symbols)
    text = subprocess.run([*options.objdump, "-p", options.library], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    found = [*check(text, names), *check_version(options.library)]
    for message in found:
        print(message)
    print(f"{len(names)} symbols, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
