"""Spellings of co_await that compilers translate wrongly (docs/guide-cpp.md, "Spellings to avoid").

Code blocks of the documentation count too, unless the fence says that they are wrong on purpose.
"""

import os
import re

import common

STATEMENT = re.compile(r"\bco_await\b[^;]*;")
CONDITION = re.compile(r"\b(?:if|while|switch|CHECK)\s*(?:constexpr\s*)?\(")
FOR = re.compile(r"\bfor\s*\(")
BINDING = re.compile(r"\bauto\s*&{0,2}\s*\[[^\]]*\]\s*=\s*[^;]*\bco_await\b")
# A lambda that captures by value, and a brace that makes an object.
LAMBDA = re.compile(r"[(,=]\s*\[(?!\s*\]|\s*&\s*\])[^\]\[]*\]\s*[({]")
BRACES = re.compile(r"[(,]\s*\{|(?<!\bdo)[\w>]\{")


def parenthesised(text, start):
    """The text between the parenthesis that opens right before `start` and its partner."""
    depth, end = 1, start
    while end < len(text) and depth:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    return text[start:end - 1]


def without_bodies(text):
    """Blanks what is in braces: the bodies of lambdas inside of a condition."""
    while True:
        shorter = re.sub(r"\{[^{}]*\}", lambda m: re.sub(r"[^\n]", " ", m.group()), text)
        if shorter == text:
            return text
        text = shorter


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def code_blocks(text):
    """A page with all but its C++ blocks blanked."""
    lines, inside = [], False
    for line in text.split("\n"):
        if line.startswith("```"):
            inside = not inside and line.strip() == "```cpp"
            line = ""
        lines.append(line if inside else "")
    return "\n".join(lines)


def check(path, text):
    text = common.code_of(code_blocks(text) if path.endswith(".md") else text)
    found = []
    for match in CONDITION.finditer(text):
        if re.search(r"\bco_await\b", without_bodies(parenthesised(text, match.end()))):
            found.append((line_of(text, match.start()), "an await in a condition: give it a name"))
    for match in FOR.finditer(text):
        head = without_bodies(parenthesised(text, match.end())).split(";")
        if len(head) > 1 and re.search(r"\bco_await\b", ";".join(head[1:])):
            found.append((line_of(text, match.start()), "an await in a condition: give it a name"))
    for match in BINDING.finditer(text):
        found.append((line_of(text, match.start()),
                      "a structured binding of an await: take the parts with std::get"))
    for match in STATEMENT.finditer(text):
        if LAMBDA.search(match.group()):
            found.append((line_of(text, match.start()),
                          "a capturing lambda as a temporary of an await: give it a name"))
        elif BRACES.search(match.group()):
            found.append((line_of(text, match.start()),
                          "an object made with braces in an await: give it a name"))
    return sorted(found)


def select(root):
    yield from common.walk(root, ["include", "test/cpp", "examples", "bench"], (".hpp", ".cpp"))
    yield from common.walk(root, ["docs"], (".md",))
    if os.path.exists(os.path.join(root, "README.md")):
        yield "README.md"


BAD = [
    ("test/cpp/a.cpp", "void f() { if (co_await x) g(); }\n"),
    ("test/cpp/a.cpp", "void f() { while (!(co_await x.next())) {} }\n"),
    ("examples/a.cpp", "void f() { switch (co_await x) {} }\n"),
    ("test/cpp/a.cpp", "void f() { for (int i = 0; i < co_await x; i++) {} }\n"),
    ("test/cpp/a.cpp", "void f() { CHECK(co_await x == 1); }\n"),
    ("test/cpp/a.cpp", "void f() { auto [a, b] = co_await x; }\n"),
    ("test/cpp/a.cpp", "void f() { auto &&[a, b] = g(co_await x); }\n"),
    ("include/eddy/a.hpp", "void f() { co_await g(options{.a = 1}); }\n"),
    ("include/eddy/a.hpp", "void f() { co_await g({1, 2}); }\n"),
    ("include/eddy/a.hpp", "void f() { co_await g(std::vector<int>{1, 2}); }\n"),
    ("test/cpp/a.cpp", "void f() { co_await g([k] { return k; }); }\n"),
    ("test/cpp/a.cpp", "void f() { co_await g(1, [=, this] { return k; }); }\n"),
    ("docs/a.md", "Text\n```cpp\nif (co_await x) g();\n```\n"),
]
GOOD = [
    ("test/cpp/a.cpp", "void f() { auto v = co_await x; if (v) g(); }\n"),
    ("test/cpp/a.cpp", "void f() { for (auto v = co_await x; v; v--) {} }\n"),
    ("test/cpp/a.cpp", "void f() { for (int i = 0; i < n; i++) co_await x; }\n"),
    ("test/cpp/a.cpp", "void f() { if (v) co_await x; }\n"),
    ("test/cpp/a.cpp", "void f() { auto all = co_await g(a(), b(1)); std::get<0>(all); }\n"),
    ("test/cpp/a.cpp", "auto f = [k]() -> task<> { co_await x; };\n"),
    ("test/cpp/a.cpp", "void f() { co_await g([] { return 1; }); co_await g([&] { return k; }); }\n"),
    ("test/cpp/a.cpp", "// if (co_await x)\n"),
    ("test/cpp/a.cpp", "void f() { if (g([] { co_await x; })) h(); }\n"),
    ("docs/a.md", "`if (co_await x)`\n```cpp wrong\nif (co_await x) g();\n```\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
