"""An op's bits are 16: a narrower cast beside them would clear the upper ones."""

import re

import common

NARROW = r"(?:u?int8_t|(?:(?:un)?signed\s+)?char|std\s*::\s*byte)"
BITS = re.compile(r"(?:\.|->)\s*bits\b")
CAST = re.compile(rf"<\s*{NARROW}\s*>|\b{NARROW}\s*[({{]|\(\s*{NARROW}\s*\)|\b{NARROW}\s+\w+\s*=")
END = re.compile(r";|[{}]\s")


def check(path, text):
    code = common.code_of(text)
    at = 0
    while at < len(code):
        end = END.search(code, at)
        stop = end.start() if end else len(code)
        statement = code[at:stop]
        if BITS.search(statement) and CAST.search(statement):
            start = at + len(statement) - len(statement.lstrip())
            yield code.count("\n", 0, start) + 1, "narrower than an op's bits, which are uint16_t"
        at = stop + 1


def select(root):
    return common.walk(root, ["src", "test/support", "test/unit"], common.C_FAMILY)


BAD = [
    ("src/core/wheel.cpp", "op.bits &= static_cast<uint8_t>(~kTimed);\n"),
    ("src/core/wheel.cpp", "op->bits &=\n    static_cast< unsigned char >(~kTimed);\n"),
    ("src/core/op_end.cpp", "op.bits = uint8_t(op.bits & ~kMore);\n"),
    ("src/core/op_end.cpp", "if (more) op.bits &= (uint8_t)~kMore;\n"),
    ("src/core/op_end.cpp", "void f() {\n  uint8_t bits = op.bits & 0xff;\n}\n"),
    ("test/unit/core/op.cpp", "reader.bits |= uint8_t{kParked};\n"),
]
GOOD = [
    ("src/core/wheel.cpp", "op.bits &= static_cast<uint16_t>(~kTimed);\n"),
    ("src/core/op_end.cpp", "uint16_t bits = op.bits & static_cast<uint16_t>(~(kCounted | kTimed));\n"),
    ("src/core/op_end.cpp", "bool ended = op.bits & kFinal;\nsource.work &= static_cast<uint8_t>(~1);\n"),
    ("src/core/op_end.cpp", "if (op.bits & kMulti) {\n  source.ready |= static_cast<uint8_t>(1);\n}\n"),
    ("src/core/op_end.cpp", "// op.bits &= static_cast<uint8_t>(~kTimed);\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
