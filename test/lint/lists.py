"""A loop over a braced list needs <initializer_list>: newer standard libraries include less of each other."""

import re

import common

LOOP = re.compile(r"\bfor\s*\((?:[^;{}()]|\([^;{}()]*\))*[^:]:\s*\{")


def check(_, text):
    if any(name == "initializer_list" for _, name, _ in common.includes_of(text)):
        return
    code = common.code_of(text)
    for match in LOOP.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, "include <initializer_list> for this list"


def select(root):
    return common.walk(root, ["include", "src", "test", "examples", "bench"], (".hpp", ".cpp"))


LOOPS = [
    "void f() { for (int i : {1, 2}) g(i); }\n",
    "void f() { for (Lane which :\n       {kRead, kWrite}) g(which); }\n",
    "void f() { for (size_t n : {size_t{1}, size_t{2}}) g(n); }\n",
    "void f() { for (int64_t n : { int64_t{0} }) g(n); }\n",
]
BAD = [("src/a.cpp", text) for text in LOOPS] + [
    ("include/eddy/a.hpp", LOOPS[0]),
    ("test/cpp/a.cpp", "// #include <initializer_list>\n#include <vector>\n" + LOOPS[0]),
]
GOOD = [("src/a.cpp", "#include <initializer_list>\n" + text) for text in LOOPS] + [
    ("src/a.cpp", "void f() { for (int i : all) { g(i); } }\n"),
    ("src/a.cpp", "void f() { for (int i = 0; i < kind::most; i++) { g(i); } }\n"),
    ("src/a.cpp", "void f() { for (auto &s : ns::all()) { g(s); } }\n"),
    ("src/a.cpp", "// for (int i : {1, 2})\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
