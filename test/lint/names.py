"""Only the src/core/op_*.cpp files and op_inline.hpp move an op from one state to the next."""

import common

OWNERS = {"src/core/op_start.cpp", "src/core/op_end.cpp", "src/core/op_deliver.cpp", "src/core/op_inline.hpp",
          "src/core/op.hpp"}
PATTERNS = [
    (r"\b(?:op|head|o|it)\s*(?:\.|->)\s*state\s*=(?!=)", "only op_*.cpp and op_inline.hpp set an op's state"),
]


def check(path, text):
    if path not in OWNERS:
        yield from common.matches(common.code_of(text), PATTERNS)


def select(root):
    return common.walk(root, ["src"], common.C_FAMILY)


BAD = [
    ("src/core/turn.cpp", "void f(Op *op) { op->state = 1; }\n"),
    ("src/linux/ring.cpp", "void f(Op &o) { o.state= 1; }\n"),
    ("src/core/lane.hpp", "void f(Lane &l) { l.head->state =\n      idle; }\n"),
]
GOOD = [
    ("src/core/op_end.cpp", "void f(Op *op) { op->state = 1; }\n"),
    ("src/core/turn.cpp", "bool f(Op *op) { return op->state == 1; } // op->state = 2\n"),
    ("src/core/turn.cpp", "void f(Loop *loop) { loop->state = 1; }\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
