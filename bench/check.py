#!/usr/bin/env python3
"""Checks that the servers are servers: every byte comes back in every shape of load, a client that
dies in the middle breaks nothing, and a client that does not read costs a bounded amount of memory.
A fast echo that fails here has a figure that means nothing.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from run import CELLS
from servers import (NAMES, OURS, Failed, Server, add_build_options, is_built, known_names, run_load,
                     start_load)

SHAPES = {**CELLS, "64x16k d16": dict(connections=64, size=16384, depth=16),
          "3x100001 d3": dict(connections=3, size=100001, depth=3),
          "300x1": dict(connections=300, size=1, depth=1)}
# Peers queue what a client does not take, as the programs people write with them do.
BOUNDED = OURS + ("raw_uring", "raw_hybrid", "raw_epoll", "libevent-raw", "asio", "asio-coro")
SLOW_CONNECTIONS = 100
# Per slow connection; the queue of a plain peer would hold megabytes.
SLOW_LIMIT = 1024 * 1024


def anonymous(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def check_echo(server, options):
    for shape in SHAPES.values():
        figures = run_load(options.build_dir, server.port, verify=True, seconds=options.seconds,
                           warmup=0, **shape)
        if not figures["messages"]:
            raise Failed(f"no message came back: {shape}")


def check_killed_client(server, options):
    for size, depth in ((64, 16), (16384, 16)):
        load = start_load(options.build_dir, server.port, connections=200, size=size, depth=depth,
                          seconds=30)
        time.sleep(0.5)
        load.kill()
        load.communicate()
        run_load(options.build_dir, server.port, connections=64, verify=True, seconds=0.2)
    deadline = time.monotonic() + 5
    while len(os.listdir(f"/proc/{server.pid}/fd")) > 64:
        if time.monotonic() > deadline:
            raise Failed("connections of a dead client stay open")
        time.sleep(0.05)


def check_slow_client(server, options):
    load = start_load(options.build_dir, server.port, connections=SLOW_CONNECTIONS, slow=True,
                      seconds=3)
    before, most = anonymous(server.pid), 0
    time.sleep(1)
    # Others are served while the slow ones hold what they hold.
    run_load(options.build_dir, server.port, connections=64, verify=True, seconds=0.3)
    while load.poll() is None:
        most = max(most, anonymous(server.pid) - before)
        time.sleep(0.02)
    err = load.communicate()[1]
    if load.returncode:
        raise Failed(f"slow client: {err.strip()}")
    each = most // SLOW_CONNECTIONS
    if server.name in BOUNDED and each > SLOW_LIMIT:
        raise Failed(f"{each} bytes of memory per slow connection")
    return each


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="comma-separated servers: " + " ".join(NAMES))
    parser.add_argument("--seconds", type=float, default=0.3, help="of each shape of load")
    add_build_options(parser)
    options = parser.parse_args()
    failed = False
    for name in options.only.split(",") if options.only else NAMES:
        if name not in known_names(options):
            parser.error(f"unknown server: {name}")
        if not is_built(name, options):
            print(f"{name:<22} not built")
            failed |= bool(options.only)
            continue
        try:
            with Server(name, options) as server:
                check_echo(server, options)
                check_killed_client(server, options)
                each = check_slow_client(server, options)
                code = server.stop()
            if code:
                raise Failed(f"exit code {code} on SIGTERM")
            print(f"{name:<22} ok, {each} bytes per slow connection", flush=True)
        except (Failed, OSError) as error:
            print(f"{name:<22} FAILED: {error}", flush=True)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
