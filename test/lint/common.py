"""What the lint scripts share.

A rule is a function check(path, text) that yields (line, message); path is
relative to the root, with slashes. Its samples are (path, text) pairs: a
self-test shows that the rule rejects every bad one and accepts every good one.
"""

import argparse
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile

SKIPPED = {"build", "subprojects", "__pycache__"}
C_FAMILY = (".h", ".hpp", ".c", ".cpp")

# Headers of C99 and C11 that every C compiler brings, hosted or not.
C_HEADERS = {
    "assert.h", "complex.h", "ctype.h", "errno.h", "fenv.h", "float.h", "inttypes.h", "iso646.h",
    "limits.h", "locale.h", "math.h", "setjmp.h", "signal.h", "stdalign.h", "stdarg.h",
    "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "stdnoreturn.h",
    "string.h", "tgmath.h", "threads.h", "time.h", "uchar.h", "wchar.h", "wctype.h",
}

_TOKEN = re.compile(
    r"""(?P<comment>//(?:[^\n\\]|\\.)*|/\*.*?\*/)
      | (?P<raw>R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)")
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<number>\b\d[\w']*)
      | (?P<char>'(?:[^'\\\n]|\\.)+')
      | (?P<include>^[ \t]*\#[ \t]*include[^\n]*)""",
    re.DOTALL | re.MULTILINE | re.VERBOSE)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_of(text, keep_includes=False):
    """The text with comments, literals and include lines blanked; lines stay where they are."""
    def replace(match):
        kind = match.lastgroup
        if match.group("number") is not None:
            return match.group()
        if match.group("include") is not None and keep_includes:
            return re.sub(r"//.*|/\*.*?\*/", lambda m: _blank(m.group()), match.group())
        if kind == "string":
            return '"' + _blank(match.group()[1:-1]) + '"'
        return _blank(match.group())
    return _TOKEN.sub(replace, text)


def includes_of(text):
    """Yields (line, name, quoted) of every include."""
    for number, line in enumerate(code_of(text, keep_includes=True).split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', line)
        if match:
            yield number, match.group(1) or match.group(2), match.group(2) is not None


def matches(text, patterns):
    """Yields (line, message) for patterns, a list of (regex, message), found in text."""
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, message in patterns:
            if re.search(pattern, line):
                yield number, message


def walk(root, folders, suffixes):
    for folder in folders:
        for where, below, names in os.walk(os.path.join(root, folder)):
            below[:] = sorted(name for name in below if name not in SKIPPED)
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield os.path.relpath(os.path.join(where, name), root).replace(os.sep, "/")


def tracked(root):
    """All files of the checkout, ignored ones left out; every file where git cannot tell."""
    command = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z",
               "--cached", "--others", "--exclude-standard"]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        # A tree unpacked inside some other repository is none of its files.
        if os.path.exists(os.path.join(root, ".git")):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  check=True)
            names = {name for name in done.stdout.decode("utf-8").split("\0") if name}
            return sorted(name for name in names if os.path.isfile(os.path.join(root, name)))
    found = []
    for where, below, names in os.walk(root):
        below[:] = sorted(name for name in below if name not in SKIPPED | {".git"})
        found += [os.path.relpath(os.path.join(where, name), root).replace(os.sep, "/")
                  for name in names]
    return sorted(found)


def scan(root, files, check):
    files, bad = list(files), 0
    for path in files:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            text = file.read()
        for line, message in check(path, text):
            print(f"{path}:{line}: {message}")
            bad += 1
    print(f"{len(files)} files, {bad} violations")
    if not files:
        print(f"found nothing to look at in {root}")
    return 1 if bad or not files else 0


def self_test(select, check, bad, good):
    """Runs the whole rule over a tree of one sample at a time."""
    failed = 0
    for samples, expected in ((bad, 1), (good, 0)):
        for path, text in samples:
            with tempfile.TemporaryDirectory() as root:
                file = os.path.join(root, path)
                os.makedirs(os.path.dirname(file), exist_ok=True)
                with open(file, "w", encoding="utf-8") as out:
                    out.write(text)
                said = io.StringIO()
                with contextlib.redirect_stdout(said):
                    status = scan(root, select(root), check)
            named = bool(re.search(rf"^{re.escape(path)}:\d+: ", said.getvalue(), re.MULTILINE))
            if status != expected or named != bool(expected):
                failed += 1
                print(f"expected status {expected} for {path}:\n{text}\nbut got {status}:\n"
                      f"{said.getvalue()}")
    print(f"{len(bad)} bad and {len(good)} good samples, {failed} judged wrongly")
    return 1 if failed or not bad or not good else 0


def main(select, check, bad, good):
    """select(root) lists the files the rule is about."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=".")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        sys.exit(self_test(select, check, bad, good))
    sys.exit(scan(options.root, select(options.root), check))
