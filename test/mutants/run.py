"""Deliberate faults: each one must be seen by the tests that are there for it.

A fault is an entry of the .mut files beside this one: which property it breaks, where, the lines before and after, and
the tests that should see it. It is made in a copy of the sources, built, and those tests run on every driver; one that
fails has killed the fault. Exits 1 when a fault lives, cannot be made any more (the sources have changed: adapt it), or does not
compile, and when a test fails without any.

    run.py [--only TEXT] [--jobs N] [--list] [--everything]

--everything runs the tests of an entry that has survived, and then all others, to find one that would see it.

An entry, with an empty line behind it:

    mutant hand-on
    property whatever ends a head hands its lane on
    file src/core/lane.cpp
    tests op_lane_hand_on seam_lanes
    -the old line, as it is, found once in the file
    +the new one

Instead of `tests`, `equivalent REASON` says of a fault that nothing can see why that is so; it is only checked to apply.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "mutants"
SKIPPED = 77
LIMIT = 60  # seconds for one test without any fault
PATIENCE = 10  # seconds, and as often the time it takes without one: a fault may make it hang
FIELDS = ("property", "file", "tests", "equivalent")


class Mutant:
    def __init__(self, name, origin):
        self.name, self.origin = name, origin
        self.property = self.file = self.equivalent = ""
        self.tests, self.old, self.new = [], [], []

    def mutated(self, text):
        """The changed text, or a complaint."""
        old = "".join(line + "\n" for line in self.old)
        found = text.count(old) if old else 0
        if found != 1:
            return None, f"its lines are {found} times in {self.file}"
        return text.replace(old, "".join(line + "\n" for line in self.new)), ""


def parse(path):
    mutant = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.name}:{number}"
        word, _, rest = line.partition(" ")
        if not line.strip():
            if mutant:
                yield mutant
            mutant = None
        elif line.startswith("#") and not mutant:
            continue
        elif word == "mutant" and not mutant:
            mutant = Mutant(rest.strip(), where)
        elif mutant is None:
            sys.exit(f"{where}: not in an entry")
        elif line[0] == "-":
            mutant.old.append(line[1:])
        elif line[0] == "+":
            mutant.new.append(line[1:])
        elif word in FIELDS:
            setattr(mutant, word, rest.split() if word == "tests" else rest.strip())
        else:
            sys.exit(f"{where}: what is this?")
    if mutant:
        yield mutant


def load():
    mutants = [mutant for path in sorted(pathlib.Path(__file__).parent.glob("*.mut")) for mutant in parse(path)]
    names = set()
    for mutant in mutants:
        if mutant.name in names:
            sys.exit(f"{mutant.origin}: there are two of {mutant.name}")
        names.add(mutant.name)
        if not mutant.property or not mutant.old or bool(mutant.tests) == bool(mutant.equivalent):
            sys.exit(f"{mutant.origin}: it needs a property, lines, and tests or a reason why it is equivalent")
    return mutants


def run(command, where, limit=None, **options):
    """The exit status, None when it took too long, and what was said."""
    process = subprocess.Popen(command, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, start_new_session=True, **options)
    try:
        said, _ = process.communicate(timeout=limit)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        said, _ = process.communicate()
        status = None
    return status, said.decode(errors="replace")


class Copy:
    """A copy of the sources with a build of its own."""

    def __init__(self, number):
        self.root = FOLDER / str(number)
        self.build = self.root / "build"
        self.took = {}  # seconds, by test

    def make(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                                stdout=subprocess.PIPE, text=True).stdout.splitlines()
        wanted = set(listed)
        for old in sorted(self.root.rglob("*")) if self.root.exists() else []:
            name = old.relative_to(self.root)
            if name.parts[0] != "build" and old.is_file() and str(name) not in wanted:
                old.unlink()
        for name in listed:
            source, target = ROOT / name, self.root / name
            if not source.is_file():
                continue
            if target.is_file() and target.read_bytes() == source.read_bytes():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)

    def set_up(self):
        if not (self.build / "build.ninja").exists():
            self.must(["meson", "setup", str(self.build), "-Dbuildtype=plain", "-Dtests=true", "-Dc_args=-O1",
                       "-Dcpp_args=-O1", "-Dexamples=true"])
        self.ask_tests()

    def ask_tests(self):
        said = self.must(["meson", "introspect", "--tests", str(self.build)])
        self.tests = {}
        for test in json.loads(said):
            self.tests.setdefault(test["name"].split("/")[-1], []).append(test)

    def must(self, command):
        status, said = run(command, self.root)
        if status != 0:
            sys.exit(f"{' '.join(command)}: status {status}\n{said}")
        return said

    def take_after(self, first):
        """Its objects, and what is known of its tests."""
        self.took = first.took
        shutil.rmtree(self.build, ignore_errors=True)
        shutil.copytree(first.build, self.build, symlinks=True)
        self.must(["meson", "setup", "--reconfigure", str(self.build)])
        self.ask_tests()

    def compile(self, names):
        targets = {str(pathlib.Path(test["cmd"][0]).relative_to(self.build)) for name in names
                   for test in self.tests[name]}
        return run(["ninja", *sorted(targets)], self.build)

    def first_failure(self, names):
        for name in names:
            for test in self.tests[name]:
                limit = PATIENCE * (1 + self.took[test["name"]]) if test["name"] in self.took else LIMIT
                begin = time.monotonic()
                status, said = run(test["cmd"], test.get("workdir") or self.build, limit,
                                   env={**os.environ, **test["env"]})
                if status not in (0, SKIPPED):
                    return f"{test['name']} ({'hangs' if status is None else f'status {status}'})", said
                self.took.setdefault(test["name"], time.monotonic() - begin)
        return None, ""

    def try_out(self, mutant, names):
        """What became of it, and more words."""
        target = self.root / mutant.file
        text = target.read_text()
        changed, complaint = mutant.mutated(text)
        if changed is None:
            return "STALE", complaint
        if mutant.equivalent:
            return "equivalent", mutant.equivalent
        target.write_text(changed)
        try:
            status, said = self.compile(names)
            if status != 0:
                return "BROKEN", "it does not compile:\n" + said[-1500:]
            failure, _ = self.first_failure(names)
            return ("killed", failure) if failure else ("ALIVE", mutant.property)
        finally:
            target.write_text(text)


def prepare(copies, mutants):
    """Without a fault all of the tests pass; and each copy has its objects then."""
    first = copies[0]
    first.set_up()
    for mutant in mutants:
        for name in mutant.tests:
            if name not in first.tests:
                sys.exit(f"{mutant.origin}: there is no test {name}")
    names = sorted({name for mutant in mutants for name in mutant.tests})
    status, said = first.compile(names)
    if status != 0:
        sys.exit(said)
    failure, said = first.first_failure(names)
    if failure:
        sys.exit(f"without any fault {failure} fails:\n{said}")
    for copy in copies[1:]:
        copy.take_after(first)


def others(copy, mutant):
    """All other programs, for a fault that nobody has seen."""
    return [name for name, tests in sorted(copy.tests.items())
            if name not in mutant.tests and all(test["cmd"][0].startswith(str(copy.build)) for test in tests)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--everything", action="store_true")
    options = parser.parse_args()
    mutants = [mutant for mutant in load() if options.only in f"{mutant.name} {mutant.file}"]
    mutants.sort(key=lambda mutant: mutant.file)
    if options.list:
        for mutant in mutants:
            print(f"{mutant.name:<32} {mutant.file:<28} {mutant.property}")
        return 0
    copies = [Copy(number) for number in range(min(options.jobs, len(mutants)))]
    for copy in copies:
        copy.make()
    if copies:
        prepare(copies, mutants)

    work, lock, verdicts = queue.Queue(), threading.Lock(), {}
    for mutant in mutants:
        work.put(mutant)

    def serve(copy):
        while True:
            try:
                mutant = work.get_nowait()
            except queue.Empty:
                return
            begin = time.monotonic()
            verdict, words = copy.try_out(mutant, mutant.tests)
            if verdict == "ALIVE" and options.everything:
                again, seen = copy.try_out(mutant, others(copy, mutant))
                words += f"; of all other tests it is seen by {seen if again == 'killed' else 'none'}"
            with lock:
                verdicts.setdefault(verdict, []).append(mutant.name)
                print(f"{verdict:<10} {mutant.name:<32} {words}  [{time.monotonic() - begin:.0f} s]", flush=True)

    threads = [threading.Thread(target=serve, args=[copy]) for copy in copies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(", ".join(f"{len(names)} {verdict}" for verdict, names in sorted(verdicts.items())))
    bad = [name for verdict, names in verdicts.items() if verdict.isupper() for name in names]
    if os.environ.get("EDDY_TALLY"):
        with open(os.environ["EDDY_TALLY"], "a") as tally:
            tally.write(f"{len(mutants) - len(bad)} {len(bad)} 0\n")
    print(f"{len(mutants) - len(bad)} passed, {len(bad)} failed, 0 skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
