#!/usr/bin/env python3
"""User-space instructions per message, counted by callgrind: a figure without noise.

Each server runs twice with different numbers of messages; the difference has no start-up and no
accepts in it.
"""

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

from servers import EDDY, NAMES, Failed, Server, add_build_options, is_built, known_names, run_load

TARGETS = {"eddy-epoll": 411, "eddy-io_uring": 1044, "hello-epoll": 1010, "hello-io_uring": 1010}


def count(name, options, messages):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind"
        wrap = ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={out}"]
        with Server(name, options, wrap=wrap) as server:
            run_load(options.build_dir, server.port, connections=options.connections,
                     size=options.size, depth=options.depth, messages=messages)
            code = server.stop()
        if code:
            raise Failed(f"exit code {code} under valgrind")
        found = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
        if not found:
            raise Failed("callgrind wrote no total")
        return int(found.group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="comma-separated servers: " + " ".join(NAMES))
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--messages", type=int, default=20000, help="between the two runs")
    add_build_options(parser)
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed")
    names = options.only.split(",") if options.only else list(NAMES)
    failed = False
    print(f"user-space instructions per message, {options.connections} x {options.size} B, "
          f"{options.depth} in flight")
    for name in names:
        if name not in known_names(options):
            parser.error(f"unknown server: {name}")
        if not is_built(name, options):
            print(f"  {name:<22} not built")
            failed |= name in EDDY
            continue
        few = 64 * options.connections
        try:
            difference = count(name, options, few + options.messages) - count(name, options, few)
        except Failed as error:
            print(f"  {name:<22} n/a ({error})")
            failed |= name in EDDY
            continue
        value = difference / options.messages
        bound = TARGETS.get(name)
        note = f"   <= {bound} {'met' if value <= bound else 'NOT MET'}" if bound else ""
        print(f"  {name:<22} {value:8.0f}{note}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
