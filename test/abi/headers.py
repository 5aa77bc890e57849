"""Every public header compiles alone and twice, in each language that includes it.

That takes a while and depends on nothing but the headers and the compiler: what has passed is not done again.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
            "-Wundef", "-Werror", "-fsyntax-only"]
C_ONLY = ["-Wstrict-prototypes", "-Wmissing-prototypes"]
CXX_ONLY = ["-Wold-style-cast"]
LANGUAGES = [("c", "c99"), ("c", "c11"), ("c++", "c++20")]


def newest_clang():
    """The suffix of the newest clang here that has its version in its name."""
    versions = [int(match[1]) for folder in os.get_exec_path() if os.path.isdir(folder)
                for match in (re.fullmatch(r"clang-(\d+)", name) for name in os.listdir(folder)) if match]
    return f"-{max(versions)}" if versions else "-N"


NEWEST = newest_clang()
COMPILERS = {
    "gcc": {"c": "gcc", "c++": "g++"},
    "clang": {"c": "clang", "c++": "clang++"},
    "newest_clang": {"c": "clang" + NEWEST, "c++": "clang++" + NEWEST},
    "mingw": {"c": "x86_64-w64-mingw32-gcc", "c++": "x86_64-w64-mingw32-g++"},
    "microsoft": {"c": "clang", "c++": "clang"},
}
# clang in the guise of cl. There is none of Microsoft's headers, so those of C++ that need its library are left to a
# machine that has them (.github/workflows/windows.yml).
AS_CL = ["--driver-mode=cl", "--target=x86_64-pc-windows-msvc", "/W4", "/WX", "/Zs", "-Xclang", "-ffreestanding"]


def headers(include, suffix):
    yield "eddy" + suffix
    for name in sorted(os.listdir(os.path.join(include, "eddy"))):
        if name.endswith(suffix):
            yield "eddy/" + name


def variants(include, family):
    """(headers, language, flags) of everything that is to be compiled."""
    if family == "microsoft":
        for name in headers(include, ".h"):
            for language, flags in [("c", ["/TC", "/std:c11"]), ("c", ["/TC", "/std:c17"]), ("c++", ["/TP", "/std:c++20"])]:
                yield name, language, flags
        return
    for name in headers(include, ".h"):
        for language, standard in LANGUAGES:
            special = C_ONLY if language == "c" else CXX_ONLY
            yield name, language, [f"-std={standard}", *special]
    for name in headers(include, ".hpp"):
        yield name, "c++", ["-std=c++20", *CXX_ONLY]
    yield "eddy.hpp", "c++", ["-std=c++20", "-fno-exceptions", "-fno-rtti", *CXX_ONLY]
    if family == "mingw":  # it has macros named min, max, near, small, interface...
        yield "windows.h eddy.h", "c", ["-std=c11", *C_ONLY]
        yield "windows.h eddy.hpp", "c++", ["-std=c++20", *CXX_ONLY]


def digest(include, commands):
    """Of all that decides whether the headers pass."""
    whole = hashlib.sha256()
    files = [os.path.abspath(__file__)]
    for folder, _, names in sorted(os.walk(include)):
        files += [os.path.join(folder, name) for name in sorted(names)]
    for path in files:
        with open(path, "rb") as file:
            whole.update(path.encode() + file.read())
    for command in commands:
        whole.update(subprocess.run([command, "--version"], check=True, stdout=subprocess.PIPE).stdout)
    return whole.hexdigest()


def passed_before(stamp, wanted):
    try:
        with open(stamp, encoding="ascii") as file:
            return file.read() == wanted
    except FileNotFoundError:
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("family", choices=sorted(COMPILERS))
    parser.add_argument("include")
    parser.add_argument("stamp", help="file that says what has passed")
    options = parser.parse_args()
    commands = {language: shutil.which(name)
                for language, name in COMPILERS[options.family].items()}
    if not all(commands.values()):
        print(f"SKIP: there is no {COMPILERS[options.family]['c']} here")
        return 77
    wanted = digest(options.include, commands.values())
    if passed_before(options.stamp, wanted):
        print("the same headers and compiler have passed before")
        return 0

    bad = count = 0
    fixed = AS_CL if options.family == "microsoft" else WARNINGS
    with tempfile.TemporaryDirectory() as folder:
        for names, language, flags in variants(options.include, options.family):
            source = os.path.join(folder, "alone." + ("c" if language == "c" else "cpp"))
            with open(source, "w", encoding="ascii") as file:
                for name in names.split() * 2:
                    file.write(f"#include <{name}>\n")
                file.write("extern int not_empty;\n")
            ran = subprocess.run(
                [commands[language], *fixed, *flags, "-I", options.include, source],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
            count += 1
            if ran.returncode != 0:
                bad += 1
                print(f"{names} with {' '.join(flags)} by {options.family}:\n{ran.stdout}")
    print(f"{count} compiled, {bad} failed")
    if not bad:
        with open(options.stamp, "w", encoding="ascii") as file:
            file.write(wanted)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
