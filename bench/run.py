#!/usr/bin/env python3
"""Compares eddy's echo server with the hand-written limits and with peers.

Servers take turns round by round, so that a slow minute of the machine hits all of them; the
figure to compare is server CPU time per message, as a ratio within one run. See README.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import targets
from servers import (BEFORE, EDDY, HELLO, IDLE_ARGUMENTS, NAMES, Failed, Server,
                     add_build_options, cores, is_built, known_names, run_load, start_load)

CELLS = {
    "1x64": dict(connections=1, size=64, depth=1),
    "8x64": dict(connections=8, size=64, depth=1),
    "64x64": dict(connections=64, size=64, depth=1),
    "1000x64": dict(connections=1000, size=64, depth=1),
    "64x64d16": dict(connections=64, size=64, depth=16),
    "1x16k": dict(connections=1, size=16384, depth=1),
    "64x16k": dict(connections=64, size=16384, depth=1),
    "1000x16k": dict(connections=1000, size=16384, depth=1),
}
SHORT = {  # a connection for each message
    "8x64short": dict(connections=8, size=64, depth=1, short=True),
    "64x64short": dict(connections=64, size=64, depth=1, short=True),
}
MANY = {
    "10000x64": dict(connections=10000, size=64, depth=1),
    "10000x16k": dict(connections=10000, size=16384, depth=1),
}
IDLE = 10000


def log(text):
    print(text, file=sys.stderr, flush=True)


def measure(name, cell, options):
    with Server(name, options) as server:
        figures = run_load(options.build_dir, server.port, seconds=options.seconds, warmup=0.3,
                           server_pid=server.pid, **cell)
    if not figures["messages"]:
        raise Failed("no message came back in the interval")
    figures["cpu_ns"] = figures["server_cpu_ns"] / figures["messages"]
    return figures


def measure_cells(names, cells, options):
    results = {cell: {name: [] for name in names} for cell in cells}
    for round_number in range(options.rounds):
        # Each round begins with another server: none always follows the same neighbour.
        start = round_number % max(len(names), 1)
        for cell, shape in cells.items():
            log(f"round {round_number + 1} of {options.rounds}, {cell}")
            for name in names[start:] + names[:start]:
                try:
                    figures = measure(name, shape, options)
                except Failed as error:
                    log(f"  {name}: {error}")
                    figures = None
                results[cell][name].append(figures)
    return results


def count_syscalls(name, connections, messages, options):
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "summary"
        wrap = ["strace", "-f", "-c", "-o", str(summary)]
        with Server(name, options, wrap=wrap) as server:
            run_load(options.build_dir, server.port, connections=connections, messages=messages)
            server.stop(server.child())
        for line in summary.read_text().splitlines():
            fields = line.split()
            if fields and fields[-1] == "total":
                return int(fields[3])
    raise Failed("strace printed no total")


def measure_syscalls(names, options):
    """Per message, from the difference of two lengths: start-up and accepts cancel out."""
    if not shutil.which("strace"):
        return {}, "strace is not installed"
    probe = subprocess.run(["strace", "-f", "-c", "-o", os.devnull, "true"], capture_output=True,
                           text=True, check=False)
    if probe.returncode:
        return {}, (probe.stderr.strip().splitlines() or ["strace failed"])[0]
    results = {}
    for connections, fewer, more in ((1, 500, 2500), (64, 6400, 32000)):
        row = results[str(connections)] = {}
        for name in names:
            log(f"syscalls, {connections} connections, {name}")
            try:
                calls = [count_syscalls(name, connections, n, options) for n in (fewer, more)]
                row[name] = (calls[1] - calls[0]) / (more - fewer)
            except Failed as error:
                row[name] = f"n/a ({error})"
    return results, None


def private_memory(pid):
    """Anonymous memory of the process in bytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    raise Failed("no Anonymous line in smaps_rollup")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def idle_memory(name, options):
    with Server(name, options, extra=IDLE_ARGUMENTS.get(name, ())) as server:
        # One round of traffic first, so that what is allocated once is not counted.
        run_load(options.build_dir, server.port, connections=1, messages=100)
        time.sleep(0.1)
        before, descriptors_before = private_memory(server.pid), descriptors(server.pid)
        load = start_load(options.build_dir, server.port, idle=IDLE, seconds=60)
        try:
            line = load.stdout.readline().split()
            if not line:
                raise Failed(load.stderr.read().strip())
            opened = int(line[1])
            deadline = time.monotonic() + 20
            while descriptors(server.pid) - descriptors_before < opened:
                if time.monotonic() > deadline:
                    raise Failed(f"only {descriptors(server.pid) - descriptors_before} accepted")
                time.sleep(0.05)
            time.sleep(0.3)
            grown = private_memory(server.pid) - before
        finally:
            load.terminate()
            load.communicate()
    if opened < IDLE:
        log(f"  descriptor limit: {opened} idle connections instead of {IDLE}")
    return grown / opened


def measure_memory(names, options):
    results = {}
    for name in names:
        log(f"idle memory, {name}")
        try:
            results[name] = idle_memory(name, options)
        except (Failed, OSError) as error:
            results[name] = f"n/a ({error})"
    return results


def table(title, names, missing, columns, value, digits):
    width = max(len(name) for name in names) + 2
    print(f"\n{title}")
    print(" " * width + "".join(f"{column:>12}" for column in columns))
    reasons = []
    for name in names:
        if name in missing:
            print(f"{name:<{width}}not built")
            continue
        row = ""
        for column in columns:
            cell = value(name, column)
            if isinstance(cell, str):
                reasons.append(f"  {name}, {column}: {cell}")
                cell = "n/a"
            row += f"{cell:>12}" if isinstance(cell, str) else f"{cell:>12.{digits}f}"
        print(f"{name:<{width}}{row}")
    for reason in reasons:
        print(reason)


def print_tables(results, options):
    names, missing = options.only, results["missing"]

    def middle(key):
        def value(name, cell):
            found = [figures[key] for figures in results["cells"][cell][name] if figures]
            return median(found) if found else "failed in every round"
        return value

    cells = list(results["cells"])
    if cells:
        for title, key, digits in (("server CPU, ns per message", "cpu_ns", 0),
                                   ("latency p50, us", "p50_us", 1),
                                   ("latency p99, us", "p99_us", 1),
                                   ("messages per second", "msgs_per_s", 0),
                                   ("MB per second, one way", "mb_per_s", 1)):
            table(f"{title} (median of {options.rounds})", names, missing, cells, middle(key), digits)
    if results["syscalls_unavailable"]:
        print(f"\nsyscalls per message: n/a ({results['syscalls_unavailable']})")
    elif results["syscalls"]:
        table("syscalls per message, by connections", names, missing,
              list(results["syscalls"]), lambda name, count: results["syscalls"][count][name], 2)
    if results["memory"]:
        table("user memory per idle connection, bytes", names, missing, ["bytes"],
              lambda name, _: results["memory"][name], 0)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="measured interval of one run")
    parser.add_argument("--cells", help="comma-separated: " + " ".join({**CELLS, **SHORT, **MANY}))
    parser.add_argument("--only", help="comma-separated servers: " + " ".join(NAMES))
    parser.add_argument("--connections-10000", action="store_true", dest="many")
    parser.add_argument("--no-syscalls", action="store_true")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every round")
    add_build_options(parser)
    options = parser.parse_args()
    known = {**CELLS, **SHORT, **MANY}
    options.cells = options.cells.split(",") if options.cells is not None else list(CELLS)
    if options.many:
        options.cells += [cell for cell in MANY if cell not in options.cells]
    options.cells = [cell for cell in options.cells if cell]
    options.only = options.only.split(",") if options.only else list(NAMES)
    if options.before:  # what is measured, and what it was
        options.only += [BEFORE + name for name in EDDY + tuple(HELLO)
                         if name in options.only and BEFORE + name not in options.only]
    for given, allowed in ((options.cells, known), (options.only, known_names(options))):
        for name in given:
            if name not in allowed:
                parser.error(f"unknown: {name}")
    options.cells = {cell: known[cell] for cell in options.cells}
    return options


def main():
    options = parse()
    if not os.access(Path(options.build_dir) / "bench" / "load", os.X_OK):
        sys.exit(f"no load generator in {options.build_dir}/bench: build with -Dbench=true")
    built = [name for name in options.only if is_built(name, options)]
    missing = [name for name in options.only if name not in built]
    server_core, load_core = cores()
    if server_core == load_core:
        log("only one core: server and load share it, figures are not comparable")
    results = {"rounds": options.rounds, "seconds": options.seconds, "missing": missing,
               "kernel": os.uname().release, "load_average_before": os.getloadavg(),
               "syscalls": {}, "syscalls_unavailable": None, "memory": {}}
    results["cells"] = measure_cells(built, options.cells, options)
    if not options.no_syscalls:
        results["syscalls"], results["syscalls_unavailable"] = measure_syscalls(built, options)
    if not options.no_memory:
        results["memory"] = measure_memory(built, options)
    results["load_average_after"] = os.getloadavg()
    print(f"Linux {results['kernel']}, server on core {server_core}, load on core {load_core}, "
          f"{options.rounds} rounds of {options.seconds:g} s, load average "
          f"{results['load_average_before'][0]:.2f} before, "
          f"{results['load_average_after'][0]:.2f} after")
    print_tables(results, options)
    print("\ntargets (medians of per-round ratios; timing never fails this command)")
    print("\n".join(targets.judge(results)))
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1) + "\n")
    absent = [name for name in EDDY if name in missing]
    if absent:
        log(f"not built: {', '.join(absent)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
