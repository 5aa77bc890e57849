"""tidy.py BUILD JOBS: clang-tidy over the files of src/ and examples/ that BUILD compiles."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

FOLDERS = ("src", "examples")


def sources(build):
    root = os.getcwd()
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    found = set()
    for entry in entries:
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
        if path.split(os.sep)[0] in FOLDERS:
            found.add(path)
    return sorted(found)


def main():
    build, jobs = sys.argv[1], int(sys.argv[2])
    files = sources(build)
    if not files:
        sys.exit(f"tidy: {build} compiles nothing in {' or '.join(FOLDERS)}")

    def tidy(path):
        command = ["clang-tidy", "--quiet", "-p", build, path]
        return subprocess.run(command, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    bad = 0
    with ThreadPoolExecutor(jobs) as pool:
        for path, done in zip(files, pool.map(tidy, files)):
            if done.returncode == 0:
                continue
            bad += 1
            print(f"{path}:")
            print((done.stdout.strip() or done.stderr.strip()))
    print(f"clang-tidy: {len(files)} files, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
