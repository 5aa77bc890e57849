"""Every test is run: each file of test/contract and test/unit is in the list of its folder. And what it needs has a name
that each system knows, for an unknown one would be needed in vain everywhere."""

import glob
import os
import re

import common

HOUSES = ("test/contract", "test/unit")
NEED = re.compile(r"\bNEEDS\((\w+)\)|^[ \t]*#[ \t]*if\b[^\n]*?\bHAS_(\w+)", re.MULTILINE)
FOLDER = re.compile(r"'(\w+)': \[([^\]]*)\]")

tree = "."


def read(path):
    with open(os.path.join(tree, path), encoding="utf-8") as file:
        return file.read()


def listed(house):
    """The files of a house as its build names them, without suffixes."""
    path = house + "/meson.build"
    if not os.path.exists(os.path.join(tree, path)):
        return set()
    return {f"{house}/{folder}/{os.path.splitext(name)[0]}" for folder, names in FOLDER.findall(read(path))
            for name in re.findall(r"'([\w.]+)'", names)}


def check(path, text):
    house = "/".join(path.split("/")[:2])
    if path.endswith((".c", ".cpp")) and os.path.splitext(path)[0] not in listed(house):
        yield 1, f"{house}/meson.build does not name it: nobody runs it"
    known = [read(name) for name in glob.glob(os.path.join(os.path.abspath(tree), "test/support/*/has.h"))]
    code = common.code_of(text)
    for match in NEED.finditer(code):
        need = match.group(1) or match.group(2)
        if not known or not all(re.search(rf"#define HAS_{need}\b", have) for have in known):
            yield code.count("\n", 0, match.start()) + 1, f"no test/support/*/has.h, or not each, knows {need}"


def select(root):
    global tree
    tree = root
    return common.walk(root, HOUSES, common.C_FAMILY)


BAD = [
    ("test/contract/op/once.c", "int main(void) { return 0; }\n"),
    ("test/unit/core/wheel.cpp", "int main() {}\n"),
    ("test/unit/core/help.hpp", "#if HAS_FORKS\n#endif\n"),
    ("test/contract/op/help.h", "static void f(void) {\n  NEEDS(FORKS);\n}\n"),
]
GOOD = [
    ("test/unit/core/help.hpp", "#if COUNT > 1 // HAS_FORKS\n#endif\n"),
    ("test/contract/op/help.h", "// NEEDS(FORKS)\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
