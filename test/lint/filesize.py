"""A file is one idea: none is longer than 500 lines."""

import common

LIMIT = 500
FOLDERS = ["src", "include", "test", "examples", "bench", "scripts"]


def check(path, text):
    lines = text.count("\n") + (not text.endswith("\n"))
    if lines > LIMIT:
        yield LIMIT + 1, f"{lines} lines; the limit is {LIMIT}"


def select(root):
    return common.walk(root, FOLDERS, common.C_FAMILY + (".py", ".sh"))


BAD = [
    ("src/core/turn.cpp", "\n" * 501),
    ("test/contract/echo.c", "x\n" * 500 + "x"),
    ("bench/run.py", "\n" * 600),
]
GOOD = [
    ("src/core/turn.cpp", "x\n" * 500),
    ("src/linux/ring.cpp", "x\n" * 499 + "x"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
