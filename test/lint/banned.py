"""The library needs nothing of the C++ runtime: no exceptions, RTTI, virtuals or containers."""

import re

import common

TYPES = (
    "string|wstring|u8string|u16string|u32string|vector|deque|list|forward_list|map|multimap|set"
    "|multiset|unordered_map|unordered_multimap|unordered_set|unordered_multiset|queue|stack"
    "|priority_queue|function|any|variant|optional|shared_ptr|weak_ptr|unique_ptr|make_unique"
    "|make_shared|mutex|recursive_mutex|shared_mutex|lock_guard|unique_lock|scoped_lock"
    "|condition_variable|condition_variable_any|thread|jthread|future|promise|async|call_once"
    "|counting_semaphore|binary_semaphore|latch|barrier|cout|cerr|clog|cin|ostream|istream"
    "|fstream|ifstream|ofstream|stringstream|ostringstream|istringstream|format|to_string|stoi"
    "|exception|runtime_error|logic_error|system_error|error_code|bad_alloc|regex|locale"
    "|exception_ptr|random_device|nothrow")
HEADERS = (
    "string|vector|deque|list|forward_list|map|set|unordered_map|unordered_set|queue|stack"
    "|functional|any|variant|optional|memory|mutex|shared_mutex|condition_variable|thread|future"
    "|semaphore|latch|barrier|iostream|ostream|istream|fstream|sstream|iomanip|format|exception"
    "|stdexcept|system_error|regex|locale|random|typeinfo|chrono|filesystem")

CODE = [
    (rf"\bstd\s*::\s*(?:{TYPES})\b", "this needs the C++ runtime"),
    (r"\bthrow\b", "nothing throws"),
    (r"\b(?:try|catch)\b", "nothing throws, nothing catches"),
    (r"\bdynamic_cast\b", "there is no RTTI"),
    (r"\btypeid\b", "there is no RTTI"),
    (r"\bvirtual\b", "tables of functions, not virtuals"),
    (r"\boperator\s+(?:new|delete)\b", "memory comes from the loop's allocator"),
    (r"\bnew\b(?!\s*\()", "only placement new; memory comes from the loop's allocator"),
    (r"\bdelete\b\s*(?:\[|[\w(*:])", "memory goes back to the loop's allocator"),
]
INCLUDE = [(rf"#\s*include\s*<(?:{HEADERS})>", "this needs the C++ runtime")]


def check(path, text):
    found = list(common.matches(common.code_of(text), CODE))
    with_includes = common.code_of(text, keep_includes=True)
    only_includes = re.sub(r"^(?!\s*#\s*include).*$", "", with_includes, flags=re.MULTILINE)
    found += common.matches(only_includes, INCLUDE)
    return sorted(found)


def select(root):
    return common.walk(root, ["src"], common.C_FAMILY)


BAD = [
    ("src/a.cpp", "#include <vector>\n"),
    ("src/unix/a.cpp", "#include <iostream> // why\n"),
    ("src/a.cpp", "static std::string name;\n"),
    ("src/linux/a.cpp", "std :: vector<int> all;\n"),
    ("src/a.cpp", "void f() { throw 1; }\n"),
    ("src/a.cpp", "void f() { try { g(); } catch (...) {} }\n"),
    ("src/a.cpp", "auto *p = dynamic_cast<B *>(a);\n"),
    ("src/a.cpp", "auto &t = typeid(int);\n"),
    ("src/a.hpp", "struct A { virtual void f() = 0; };\n"),
    ("src/a.cpp", "auto *p = new Thing;\n"),
    ("src/a.cpp", "auto *p = new\n    Thing();\n"),
    ("src/a.cpp", "auto *p = new (std::nothrow) Thing;\n"),
    ("src/a.cpp", "auto *p = ::operator new(8);\n"),
    ("src/a.cpp", "void f(A *a) { delete a; }\n"),
    ("src/a.cpp", "void f(A *a) { delete[] a; }\n"),
    ("src/win/a.cpp", "char c = '\"'; void f() { throw 1; } // \"\n"),
    ("src/a.cpp", "long n = 1'000; void f() { throw 1; } char c = 'x';\n"),
]
GOOD = [
    ("src/a.cpp", "#include <atomic>\n#include <new>\n#include <span>\n"),
    ("src/a.cpp", "std::atomic<int> n; std::span<char> s;\n"),
    ("src/a.cpp", "auto *p = ::new (at) Thing{}; // a new thing, nothing to throw\n"),
    ("src/a.cpp", 'const char *text = "new virtual throw";\n/* delete this */\n'),
    ("src/a.hpp", "struct A { A(const A &) = delete; };\n"),
    ("src/a.cpp", "int new_size = 1, renew = 2, deleted = 3;\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
