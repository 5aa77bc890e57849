"""The facade's headers by every compiler that is here, with the warnings that users turn on, and without any.

compilers.py INCLUDE [--all] [SOURCE...]: with --all in each standard, and with all of clang's warnings, which next year's
clang has more of; sources as they are."""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

STANDARDS = ("c++20", "c++23", "c++26")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wold-style-cast",
            "-Wnon-virtual-dtor", "-Woverloaded-virtual", "-Werror"]
# All of clang's but what is about C++98, layout, header-only libraries as such, and pointers as such.
CLANG = ["-Weverything", "-Wno-unknown-warning-option", "-Wno-c++98-compat", "-Wno-c++98-compat-pedantic", "-Wno-padded",
         "-Wno-weak-vtables", "-Wno-unsafe-buffer-usage", "-Wno-unsafe-buffer-usage-in-container",
         "-Wno-switch-default", "-Wno-pre-c++20-compat-pedantic", "-Wno-c++20-compat"]
OLDEST = {"g++": 12, "clang++": 14}


def compilers():
    """Names with a version: those of the PATH that are new enough."""
    names = subprocess.run(["bash", "-c", "compgen -c g++-; compgen -c clang++-"], stdout=subprocess.PIPE, text=True,
                           check=False).stdout.split()
    found = [re.fullmatch(r"(g\+\+|clang\+\+)-(\d+)", name) for name in sorted(set(names))]
    return [match.group() for match in found if match and int(match.group(2)) >= OLDEST[match.group(1)]]


def accepts(command, code):
    return subprocess.run([*command, "-fsyntax-only", "-x", "c++", "-"], input=code, text=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def libraries(compiler):
    """The ways to call it: with each C++ library that works with it."""
    ways = [[]] if compiler.startswith("g++") else [["-stdlib=libstdc++"], ["-stdlib=libc++"]]
    return [way for way in ways if accepts([compiler, *way, "-std=c++20", "-Werror"], "#include <coroutine>\n#include <cstdio>\n")]


def standard(compiler, way, name):
    for spelling in (name, {"c++23": "c++2b", "c++26": "c++2c"}.get(name, name)):
        if accepts([compiler, *way, f"-std={spelling}"], ""):
            return f"-std={spelling}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("include")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("sources", nargs="*")
    options = parser.parse_args()
    failed = tried = 0
    with tempfile.TemporaryDirectory() as folder:
        header = Path(folder) / "all.cpp"
        header.write_text("#include <eddy.hpp>\nint main() {}\n", encoding="ascii")
        for compiler in compilers():
            strict = WARNINGS + (CLANG if options.all and compiler.startswith("clang") else [])
            for way in libraries(compiler):
                for name in STANDARDS if options.all else STANDARDS[:1]:
                    spelled = standard(compiler, way, name)
                    jobs = [(header, [*strict]), (header, [*strict, "-fno-exceptions"])] if spelled else []
                    if name == "c++20":
                        jobs += [(source, ["-D_GNU_SOURCE"]) for source in options.sources]
                    for source, more in jobs:
                        command = [compiler, *way, spelled, *more, "-I", options.include, "-fsyntax-only", source]
                        ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                             check=False)
                        tried += 1
                        said = " ".join([compiler, *way, spelled, Path(source).name,
                                         "no exceptions" if "-fno-exceptions" in more else ""]).rstrip()
                        if ran.returncode:
                            failed += 1
                            print(f"FAILED {said}\n{ran.stdout}")
                        else:
                            print(f"ok {said}")
    if not tried:
        print("SKIP: no compiler is here by a name with its version")
        sys.exit(77)
    sys.exit(f"{failed} of {tried} failed" if failed else 0)


if __name__ == "__main__":
    main()
