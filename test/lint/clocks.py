"""Drivers alone read a clock, so that a loop can live in virtual time."""

import re

import common

DRIVERS = re.compile(r"src/(?:unix|linux|win)/")
PATTERNS = [
    (r"\b(?:clock_gettime|clock_gettime64|gettimeofday|timespec_get|ftime|mach_absolute_time"
     r"|mach_continuous_time|clock_gettime_nsec_np|QueryPerformanceCounter"
     r"|QueryUnbiasedInterruptTime(?:Precise)?|QueryInterruptTime(?:Precise)?|GetTickCount(?:64)?"
     r"|GetSystemTime\w*|NtQuerySystemTime|timeGetTime|__rdtscp?|_rdtsc|__builtin_ia32_rdtscp?)\b",
     "only a driver reads a clock"),
    (r"\b(?:steady|system|high_resolution|utc|file)_clock\s*::\s*now\b",
     "only a driver reads a clock"),
    (r"(?<![\w.>])(?:std\s*::\s*|::\s*)?(?:time\s*\(\s*(?:NULL|nullptr|0|&\s*\w+)\s*\)|clock\s*\(\s*\))",
     "only a driver reads a clock"),
]


def check(path, text):
    if not DRIVERS.match(path):
        yield from common.matches(common.code_of(text), PATTERNS)


def select(root):
    return common.walk(root, ["include", "src"], common.C_FAMILY)


BAD = [
    ("src/core/turn.cpp", "clock_gettime(CLOCK_MONOTONIC, &ts);\n"),
    ("src/core/wheel.cpp", "QueryPerformanceCounter(&n);\n"),
    ("src/core/wheel.cpp", "long t = time(NULL);\n"),
    ("src/core/wheel.cpp", "auto t = std::time(nullptr);\n"),
    ("src/core/wheel.hpp", "auto t = clock();\n"),
    ("include/eddy/within.hpp", "auto t = std::chrono::steady_clock::now();\n"),
]
GOOD = [
    ("src/linux/clock.cpp", "clock_gettime(CLOCK_MONOTONIC, &ts);\n"),
    ("src/win/clock.cpp", "QueryPerformanceCounter(&n);\n"),
    ("src/core/turn.cpp", "loop->now = driver->now(driver); // not clock_gettime(x)\n"),
    ("src/core/turn.cpp", "loop.clock(); deadline_time(0); int time = 0;\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
