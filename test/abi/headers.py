"""Every public C header compiles alone and twice, in each language that includes it."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
            "-Wundef", "-Werror", "-fsyntax-only"]
C_ONLY = ["-Wstrict-prototypes", "-Wmissing-prototypes"]
CXX_ONLY = ["-Wold-style-cast"]
LANGUAGES = [("c", "c99"), ("c", "c11"), ("c++", "c++20")]


def headers(include):
    yield "eddy.h"
    for name in sorted(os.listdir(os.path.join(include, "eddy"))):
        if name.endswith(".h"):
            yield "eddy/" + name


def compilers(family, language):
    command = {"gcc": {"c": "gcc", "c++": "g++"}, "clang": {"c": "clang", "c++": "clang++"}}
    return shutil.which(command[family][language])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("family", choices=["gcc", "clang"])
    parser.add_argument("include")
    options = parser.parse_args()
    if not compilers(options.family, "c") or not compilers(options.family, "c++"):
        print(f"SKIP: there is no {options.family} here")
        return 77

    bad = count = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in headers(options.include):
            for language, standard in LANGUAGES:
                source = os.path.join(folder, "alone." + ("c" if language == "c" else "cpp"))
                with open(source, "w", encoding="ascii") as file:
                    file.write(f"#include <{name}>\n#include <{name}>\nextern int not_empty;\n")
                special = C_ONLY if language == "c" else CXX_ONLY
                ran = subprocess.run(
                    [compilers(options.family, language), f"-std={standard}", *WARNINGS, *special,
                     "-I", options.include, source],
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
                count += 1
                if ran.returncode != 0:
                    bad += 1
                    print(f"{name} as {standard} by {options.family}:\n{ran.stdout}")
    print(f"{count} compiled, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
