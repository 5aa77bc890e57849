"""Checks the documentation: relative links lead somewhere, public functions are described."""

import glob
import os
import re
import sys
from urllib.parse import unquote

SKIPPED = {".git", "build", "subprojects"}
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\s*\[[^\]]+\]:\s*(\S+)")
FUNCTION = re.compile(r"\bEDDY_API\b[^;{}]*?\b(eddy_\w+)\s*\(")
FENCE = re.compile(r"^\s*(```|~~~)")


def pages():
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(set(folders) - SKIPPED)
        for name in sorted(names):
            if name.endswith(".md"):
                yield os.path.normpath(os.path.join(folder, name))


def prose(path):
    """The lines outside fenced code, with code spans blanked."""
    fenced = False
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if FENCE.match(line):
                fenced = not fenced
            elif not fenced:
                yield number, line.rstrip("\n")


def anchors(path):
    seen = {}
    for _, line in prose(path):
        for name in re.findall(r'<a\s+(?:id|name)="([^"]+)"', line):
            seen[name] = 1
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if not heading:
            continue
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1))
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        if count:
            seen[f"{slug}-{count}"] = 1
    return seen


def check_links():
    errors, links = [], 0
    for page in pages():
        for number, line in prose(page):
            for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
                target = match.group(1) or match.group(2)
                if re.match(r"[a-z][a-z0-9+.-]*:", target, re.IGNORECASE):
                    continue
                links += 1
                path, _, anchor = unquote(target).partition("#")
                file = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
                if not os.path.exists(file):
                    errors.append(f"{page}:{number}: no such file: {target}")
                elif anchor and file.endswith(".md") and anchor not in anchors(file):
                    errors.append(f"{page}:{number}: no such heading: {target}")
    return errors, links


def check_comments():
    errors, functions = [], 0
    for path in sorted(glob.glob("include/eddy/*.h") + glob.glob("include/eddy.h")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        code = re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), text,
                      flags=re.DOTALL)
        # A macro's own definition is no declaration.
        code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()),
                      code, flags=re.MULTILINE)
        group = None
        for match in FUNCTION.finditer(code):
            functions += 1
            above = text[:match.start()].rstrip(" \t")
            last = above.rstrip("\n").rsplit("\n", 1)[-1].strip()
            close = above.count("\n", len(above.rstrip())) <= 1
            described = close and (last.endswith("*/") or last.startswith("//"))
            # Declarations right below a described one share its comment.
            described = described or (close and group is not None and
                                      not code[group:match.start()].strip(" \n"))
            group = code.find(";", match.end()) + 1 if described else None
            if not described:
                line = text.count("\n", 0, match.start()) + 1
                errors.append(f"{path}:{line}: {match.group(1)} has no comment above it")
    return errors, functions


def check_examples():
    """The programs in README.md and the guide are the ones that the build compiles."""
    errors = []
    for page, fence, path in (("README.md", "c", "examples/hello.c"), ("README.md", "cpp", "examples/hello.cpp"),
                              ("docs/guide-cpp.md", "cpp", "examples/hello.cpp")):
        with open(page, encoding="utf-8") as file:
            shown = re.findall(rf"^```{fence}\n(.*?)^```$", file.read(), re.DOTALL | re.MULTILINE)
        with open(path, encoding="utf-8") as file:
            if file.read() not in shown:
                errors.append(f"{page}: none of its programs is {path}")
    return errors


def main():
    link_errors, links = check_links()
    example_errors = check_examples()
    comment_errors, functions = check_comments()
    for error in link_errors + comment_errors + example_errors:
        print(error)
    print(f"docs: {links} relative links, {len(link_errors)} broken; "
          f"{functions} public functions, {len(comment_errors)} without a comment")
    return 1 if link_errors or comment_errors or example_errors else 0


if __name__ == "__main__":
    sys.exit(main())
