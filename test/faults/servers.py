"""The example servers under injected faults, with clients from outside.

    servers.py --programs DIR --examples DIR [--only TEXT] [--short] [--sanitized]

A server whose fault passes has to serve a client that comes later, or to have ended with a message; one whose fault
stays has to end when it is asked to. Each thread has a network of its own, in which a fixed port is free; where that is
not to be had, servers with a fixed port run one by one, and the short form, which runs beside other tests, leaves them out.
"""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import threading

import calls
import network
import run

ECHO = b"a message\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PATIENCE = 10  # seconds
SHORTLY = 0.5  # for an answer that need not come


class Example:
    def __init__(self, name, arguments, port, asks):
        self.name, self.arguments, self.port, self.asks = name, arguments, port, asks
        self.alone = contextlib.nullcontext()


SERVERS = [Example("eddy-echo", ["--port", "0"], 0, ECHO), Example("eddy-echo-coro", ["--port", "0"], 0, ECHO),
           Example("httpd", ["--port", "0"], 0, GET), Example("hello", [], 7777, ECHO), Example("hello-cpp", [], 7777, ECHO)]


def ask(port, question, patience=PATIENCE):
    """Whether a client is served."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=patience) as client:
            client.sendall(question)
            answer = client.recv(4096)
            return answer == question if question is ECHO else answer.startswith(b"HTTP/1.1 ")
    except OSError:
        return False


def ask_until(port, question, tries):
    return any(ask(port, question) for _ in range(tries))


class Server:
    """An example server under some faults."""

    def __init__(self, bench, example, driver, faults, *options):
        self.example = example
        self.command = [bench.inject, "--seconds", "60", "--cpu", "20", *options, *faults, "--",
                        bench.examples / example.name, *example.arguments]
        self.environment = {**os.environ, "EDDY_DRIVER": driver}
        self.shown = f"EDDY_DRIVER={driver} " + " ".join(map(str, self.command))

    def play(self, passes):
        """The verdict, and whether the faults have happened; the last client is served if the fault passes."""
        with self.example.alone:
            process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True, errors="replace", env=self.environment)
            port, served = self.listens(process), True
            if port:
                clients = 3
                for _ in range(clients):
                    ask(port, self.example.asks, PATIENCE if passes else SHORTLY)
                served = not passes or ask_until(port, self.example.asks, 2)
            if not served:  # it may be about to end, which is not to look like our doing
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(PATIENCE)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate()
        found = run.VERDICT.search(err)
        return out, err, found, served

    def listens(self, process):
        if self.example.port:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.example.port), timeout=1):
                    return self.example.port
                if process.poll() is not None:
                    return 0
                select.select([], [], [], 0.01)
            return 0
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        line = process.stdout.readline() if ready else ""
        told = re.search(r":(\d+) driver", line)
        return int(told[1]) if told else 0


def judge(server, passes, sanitized):
    out, err, found, served = server.play(passes)
    if not found:
        return "no verdict", err
    what, code, hits, cpu = found[1], int(found[2]), int(found[3]), float(found[4])
    message = run.VERDICT.sub("", err).strip() or out
    if what == "hang":
        return "hang", message
    if what == "signal" and code != signal.SIGINT:  # before it could catch that
        return ("spin" if code == signal.SIGXCPU else f"signal {code}"), message
    if cpu > (8 if sanitized else 2):
        return "spin", f"{cpu} s of CPU time"
    if not hits:
        return None, ""
    if what == "exit" and code and not message:
        return "mute", "it has ended without a word"
    if not served and not (what == "exit" and code):
        return "deaf", f"it serves nobody any more, and goes on: {message}"
    return "", ""


class Bench:
    def __init__(self, options):
        self.options = options
        programs = pathlib.Path(options.programs)
        self.inject, self.drivers = programs / "inject", run.usable_drivers(programs)
        self.examples = pathlib.Path(options.examples)
        self.own_networks = network.may_be_had()
        if not self.own_networks:
            for example in SERVERS:
                example.alone = threading.Lock() if example.port else example.alone

    def counts(self, example, driver):
        out, err, found, served = Server(self, example, driver, [], "--counts").play(True)
        if not found or not served:
            sys.exit(f"{example.name} without a fault: {out}{err}")
        return {call: int(number) for call, number in re.findall(r"^count (\S+) (\d+)$", err, re.MULTILINE)}

    def runs(self):
        for example in SERVERS:
            for driver in self.drivers:
                if self.options.only not in f"{example.name}/{driver}":
                    continue
                if self.options.short and example.port and not self.own_networks:
                    continue
                for call, number in self.counts(example, driver).items():
                    errors = calls.errors_of(call, self.options.sanitized)
                    for error in errors[:1] if self.options.short else errors:
                        occurrences = [1] if self.options.short else sorted(
                            {1, 2, 3, number * 3 // 4 + 1} & set(range(1, number + 1)))
                        for which in occurrences:
                            yield f"{call} {error}", Server(self, example, driver, [f"{call}:{error}:{which}"]), True
                        if calls.may_last(call, error):
                            yield f"{call} {error}", Server(self, example, driver, [f"{call}:{error}:1+"]), False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--examples", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--tally", action="store_true", help="count the runs as tests")
    parser.add_argument("--jobs", type=int, default=(os.cpu_count() or 2) + 1)
    bench = Bench(parser.parse_args())
    runs = list(bench.runs())
    apart = "in networks of their own" if bench.own_networks else "in the one network"
    print(f"{len(runs)} runs of servers, {apart}", flush=True)
    kept, bad = 0, 0
    with concurrent.futures.ThreadPoolExecutor(bench.options.jobs, initializer=network.enter if bench.own_networks else None) as pool:
        for (row, server, _), (told, said) in zip(runs, pool.map(lambda each: judge(each[1], each[2], bench.options.sanitized), runs)):
            if told:
                bad += 1
                print(f"{told}: {row}: {server.shown}\n    {said[-400:]}", flush=True)
            elif told == "":
                kept += 1
    print(f"{kept} runs of servers kept, {bad} did not")
    if bench.options.tally:
        run.count(kept, bad)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
