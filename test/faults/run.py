"""Injected faults: whatever the system answers, a program of eddy's goes on, or is told why it cannot.

Each scene of the programs here (scene.h) uses some features as a program would. It is run once as it is, which tells
what system calls it makes; then once for each error that each of them may plausibly give, at its first, second, third and
a later occurrence, and from some moment on, as by a filter; with each of its requests for memory refused; with limits on
descriptors and memory; with several faults at once. A scene keeps the promises if no op is lost or ends twice, no error
has no name, nothing crashes, hangs, spins, leaks or gets wrong bytes.

    run.py --programs DIR [--only TEXT] [--short] [--several N] [--seed S] [--jobs N] [--sanitized] [--tally]

--short     one occurrence of each error, and no more than the first error of each call after the first scene
--several N runs with two to five faults each, by the seed
Ends with the table of calls, errors and verdicts. What was not kept is told with the command that shows it again.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys

import calls

DRIVERS = ("epoll", "io_uring")
SECONDS, CPU = 60, 20  # of one run: beyond them it hangs, or spins
PROGRAMS = ("features", "features_cpp")
SKIPPED = 77


class Run:
    """One scene under some faults."""

    def __init__(self, program, driver, scene, group, row, faults=(), arguments=(), environment=(), limits=()):
        self.program, self.driver, self.scene = program, driver, scene
        self.group, self.row = group, row
        self.faults, self.arguments = list(faults), list(arguments)
        self.environment = {"EDDY_DRIVER": driver, **{name: str(value) for name, value in dict(environment).items()}}
        self.limits = [text for name, value in dict(limits).items() for text in ("--" + name, str(value))]

    def command(self, inject, *options):
        return [str(inject), "--seconds", str(SECONDS), "--cpu", str(CPU), *self.limits, *options, *self.faults, "--",
                str(self.program), *self.arguments, self.scene]

    def shown(self, inject):
        settings = [f"{name}={value}" for name, value in self.environment.items()]
        return " ".join(settings + [shlex.join(self.command(inject))])

    def play(self, inject, *options):
        return subprocess.run(self.command(inject, *options), capture_output=True, text=True, errors="replace",
                              env={**os.environ, **self.environment}, check=False)


VERDICT = re.compile(r"^inject: (\w+) (\d+) hits (\d+) cpu (\S+)$", re.MULTILINE)


def verdict(run, done, spins):
    """In a word, with what was said about it; "" for kept, None if the fault did not happen."""
    found = VERDICT.search(done.stderr)
    if not found:
        return "no verdict", done.stderr[-300:]
    what, code, hits, cpu = found[1], int(found[2]), int(found[3]), float(found[4])
    said = (done.stdout + VERDICT.sub("", done.stderr)).strip()
    if what == "hang":
        return "hang", said
    if what == "signal":
        return ("spin" if code == 24 else f"signal {code}"), said
    if code:
        return ("broken" if code == 1 else f"exit {code}"), said
    if cpu > spins:
        return "spin", f"{cpu} s of CPU time"
    if run.faults and not hits:
        return None, ""
    return "", said


def usable_drivers(programs):
    """Those that can be had here; the program ends as skipped where calls cannot be failed, or there is none."""
    usable = []
    for driver in DRIVERS:
        done = Run(programs / "features", driver, "timers", "", "").play(programs / "inject")
        if done.returncode == SKIPPED:
            print(done.stdout.strip())
            sys.exit(SKIPPED)
        if "eddy_loop_open" in done.stdout:
            print(f"driver {driver} is not to be had here: {done.stdout.strip()}")
        else:
            usable.append(driver)
    if not usable:
        print("SKIP: there is no driver here")
        sys.exit(SKIPPED)
    return usable


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(options.programs)
        self.inject = self.folder / "inject"
        self.programs = [self.folder / name for name in PROGRAMS if (self.folder / name).exists()]
        self.counts = {}
        self.drivers = usable_drivers(self.folder)
        self.spins = 8.0 if options.sanitized else 2.0
        self.random = random.Random(options.seed)

    def scenes(self, program):
        listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
        return [name for name in listed.stdout.split() if self.options.only in f"{program.name}/{name}"]

    def each(self):
        for program in self.programs:
            for scene in self.scenes(program):
                for driver in self.drivers:
                    yield program, driver, scene

    def measure(self):
        """Each scene as it is: it must keep everything, and tells what it calls."""
        for program, driver, scene in self.each():
            run = Run(program, driver, scene, "as it is", "")
            done = run.play(self.inject, "--counts")
            told, said = verdict(run, done, self.spins)
            if told:
                sys.exit(f"{run.shown(self.inject)}\nwithout a fault: {told}: {said}")
            self.counts[program, driver, scene] = {
                call: int(number) for call, number in re.findall(r"^count (\S+) (\d+)$", done.stderr, re.MULTILINE)}
            memory = re.search(r"(\d+) requests for memory", done.stdout)
            self.counts[program, driver, scene]["memory"] = int(memory[1]) if memory else 0

    def errors(self, call):
        return calls.errors_of(call, self.options.sanitized)

    def single(self):
        seen = set()
        for (program, driver, scene), counted in self.counts.items():
            for call, number in counted.items():
                for error in self.errors(call):
                    occurrences = sorted({1, 2, 3, number * 3 // 4 + 1} & set(range(1, number + 1)))
                    if self.options.short:
                        if (driver, call, error) in seen:
                            continue
                        seen.add((driver, call, error))
                        occurrences = [1]
                    row = f"{call} {error}"
                    for which in occurrences:
                        yield Run(program, driver, scene, "calls", row, [f"{call}:{error}:{which}"], ["--faults"])
                    if calls.may_last(call, error):
                        for start in ([1] if self.options.short else sorted({1, number // 2 + 1})):
                            yield Run(program, driver, scene, "calls", row, [f"{call}:{error}:{start}+"], ["--always"])

    def memory(self):
        for (program, driver, scene), counted in self.counts.items():
            step = 4 if self.options.short else 1
            for which in range(1, counted["memory"] + 1, step):
                yield Run(program, driver, scene, "memory", "the loop's hook", (),
                          ["--always", "--fail-memory", str(which)])
            if program.name == "features":
                for which in range(1, 9, step):
                    yield Run(program, driver, scene, "memory", "malloc", (), ["--always"],
                              {"EDDY_FAIL_MALLOC": which})
                for which in range(1, 13, step):
                    yield Run(program, driver, scene, "closes", "close EINTR", (), ["--always"],
                              {"EDDY_FAIL_CLOSE": which})
                yield Run(program, driver, scene, "short transfers", "small buffers", (), (), {"EDDY_SMALL": 1})

    def limited(self):
        for program, driver, scene in self.counts:
            most = 12 if self.options.short else 24
            for descriptors in range(3, most, 4 if self.options.short else 1):
                yield Run(program, driver, scene, "limits", "descriptors", (), ["--always"], (),
                          {"nofile": descriptors})
            if self.options.sanitized:
                continue
            yield Run(program, driver, scene, "limits", "locked memory", (), ["--always"], (), {"memlock": 0})
            for mib in (12, 16, 24, 32, 64):
                yield Run(program, driver, scene, "limits", "address space", (), ["--always"], (),
                          {"as": mib << 20})

    def several(self):
        chosen = list(self.counts.items())
        for _ in range(self.options.several if chosen else 0):
            (program, driver, scene), counted = self.random.choice(chosen)
            known = [call for call in sorted(counted) if self.errors(call)]
            faults = []
            for _ in range(self.random.randint(2, 5)):
                call = self.random.choice(known)
                when = self.random.randint(1, counted[call] + 2)
                error = self.random.choice(self.errors(call))
                later = "+" if calls.may_last(call, error) and self.random.random() < 0.2 else ""
                faults.append(f"{call}:{error}:{when}{later}")
            arguments = ["--always"]
            if counted["memory"] and self.random.random() < 0.3:
                arguments += ["--fail-memory", str(self.random.randint(1, counted["memory"]))]
            yield Run(program, driver, scene, "several", "two to five at once", faults, arguments)

    def all_runs(self):
        if self.options.several:
            return list(self.several())
        return [*self.single(), *self.memory(), *self.limited()]


def under_limits_programs_may_not_start(run, told, said):
    """A limit that keeps the program itself from starting tells nothing of eddy."""
    return run.limits and told == "exit 127" or (run.limits and "error while loading" in said)


def report(bench, rows, bad):
    groups = collections.defaultdict(dict)
    for (group, row), tally in rows.items():
        groups[group][row] = tally
    for group, its in groups.items():
        print(f"\n{group}")
        for row in sorted(its):
            tally = its[row]
            broken = ", ".join(f"{number} {told}" for told, number in
                               sorted((told, number) for told, number in tally.items() if told))
            print(f"  {row:32} {tally['']:5} kept  {broken}")
    print(f"\n{sum(tally[''] for tally in rows.values())} runs kept, {len(bad)} did not"
          + (f", seed {bench.options.seed}" if bench.options.several else ""))
    if bench.options.tally:
        count(sum(tally[''] for tally in rows.values()), len(bad))


def count(kept, bad):
    """For the sum of all stages."""
    if os.environ.get("EDDY_TALLY"):
        with open(os.environ["EDDY_TALLY"], "a", encoding="utf-8") as file:
            file.write(f"{kept} {bad} 0\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--several", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=(os.cpu_count() or 2) + 1)
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--tally", action="store_true", help="count the runs as tests")
    bench = Bench(parser.parse_args())
    bench.measure()
    runs = bench.all_runs()
    print(f"{len(runs)} runs", flush=True)
    rows, bad = collections.defaultdict(collections.Counter), []
    with concurrent.futures.ThreadPoolExecutor(bench.options.jobs) as pool:
        played = pool.map(lambda run: run.play(bench.inject), runs)
        for number, (run, done) in enumerate(zip(runs, played), 1):
            if number % 2000 == 0:
                print(f"... {number}", flush=True)
            told, said = verdict(run, done, bench.spins)
            if under_limits_programs_may_not_start(run, told, said):
                told = None
            rows[run.group, run.row][told] += 1
            if told:
                bad.append(run)
                print(f"{told}: {run.shown(bench.inject)}\n    {said[-400:]}", flush=True)
    report(bench, rows, bad)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
