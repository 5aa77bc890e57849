"""Compiles every block of C++ of docs/guide-cpp.md, as one program and as users would; wrong ones too, for
they are wrong in other ways. A block with a main is a program of its own."""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PRELUDE = """#include <eddy.hpp>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
using namespace std::chrono_literals;
"""


def blocks(text):
    """Yields (line, code) of each block."""
    for found in re.finditer(r"^```cpp(?: wrong)?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield text.count("\n", 0, found.start(1)) + 1, found.group(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page")
    parser.add_argument("include")
    parser.add_argument("cxx", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    page = Path(options.page)
    programs, together = [], [PRELUDE]
    for line, code in blocks(page.read_text(encoding="utf-8")):
        code = f"// {page.name}:{line}\n{code}"
        if "int main(" in code:
            programs.append(code)
        else:
            together.append(code)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for code in [*programs, "\n".join(together)]:
            source = Path(folder) / "guide.cpp"
            source.write_text(code, encoding="utf-8")
            ran = subprocess.run(
                [*options.cxx, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                 "-I", options.include, source],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=110)
            if ran.returncode:
                failed += 1
                print(ran.stdout)
    print(f"{len(programs)} programs and {len(together) - 1} parts of one, {failed} failed")
    return 1 if failed or not programs or len(together) < 5 else 0


if __name__ == "__main__":
    sys.exit(main())
