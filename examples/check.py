"""Runs the example programs as people do: check.py CASE --folder WHERE_THEY_ARE [--system wine]."""

import argparse
import json
import os
import random
import re
import signal
import socket
import struct
import sys
import time

from programs import Programs, add_options, listens

try:
    import resource
except ImportError:  # on Windows
    resource = None

SECONDS = 60
FEW = 40  # descriptors


class Checked(Programs):
    def run(self, name, *arguments):
        return super().run(name, *arguments, seconds=SECONDS)

    def echo(self, *arguments, program="eddy-echo"):
        server = self.start(program, *arguments)
        line = server.stdout.readline()
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+) driver=(\w+)\n", line)
        assert found, line + server.stderr.read()
        return server, int(found.group(1))

    def usable(self, driver):
        tried = self.run("eddy-demo", "--driver", driver, "--connections", 1, "--seconds", 1)
        if tried.returncode:
            print(f"{driver} cannot be used here")
        return tried.returncode == 0

    def stop(self, server):
        self.ask_to_end(server)
        out, err = server.communicate(timeout=SECONDS)
        assert server.returncode == 0, f"it ended with {server.returncode}: {err}"
        assert err == "", err


def children_of(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def alive(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"eddy-echo" in file.read()
    except OSError:
        return False


def usage(checked):
    other = "epoll" if checked.on_windows else "afd"
    for name in ("eddy-echo", "eddy-load", "eddy-demo"):
        assert checked.run(name, "--help").returncode == 0
        for wrong in (["--nonsense"], ["--port", "65536"], ["--port", "x"], ["--port"], ["stray"],
                      ["--driver", "nonsense"], ["--driver", other], ["--port=-1"]):
            ran = checked.run(name, *wrong)
            assert ran.returncode == 2, f"{name} {wrong}: exit {ran.returncode}"
            assert ran.stderr.startswith(name + ": "), ran.stderr
            assert wrong[0].split("=")[0] in ran.stderr or wrong[-1] in ran.stderr, ran.stderr
    if checked.on_windows:
        return  # it has no limit of descriptors
    many = checked.run("eddy-demo", "--connections", 1000000)
    assert many.returncode == 2 and "descriptors" in many.stderr, many.stderr


def load(checked):
    server, port = checked.echo()
    for size, depth in ((1, 1), (64, 16), (100000, 3)):
        ran = checked.run("eddy-load", "--port", port, "--connections", 20, "--seconds", 1,
                          "--size", size, "--depth", depth, "--json")
        assert ran.returncode == 0, ran.stderr
        seen = json.loads(ran.stdout)
        assert seen["connected"] == 20 and seen["errors"] == {} and seen["messages"] > 0, seen
        assert seen["bytes_sent"] == seen["bytes_received"] and seen["complete"], seen
    checked.stop(server)
    refused = checked.run("eddy-load", "--port", port, "--connections", 3, "--json")
    assert refused.returncode == 1, refused.stdout
    assert json.loads(refused.stdout)["errors"] == {"EDDY_ECONNREFUSED": 3}, refused.stdout


def receive_all(client):
    got = bytearray()
    while piece := client.recv(65536):
        got += piece
    return bytes(got)


def vanish(client):
    """The peer is gone without a goodbye: a reset."""
    at_once = struct.pack("ii" if os.name == "posix" else "hh", 1, 0)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    client.close()


def echo(checked):
    server, port = checked.echo()
    clients = [socket.create_connection(("127.0.0.1", port), timeout=SECONDS) for _ in range(4)]
    half, slow, rude, open_end = clients

    message = os.urandom(50000)
    half.sendall(message)
    half.shutdown(socket.SHUT_WR)
    assert receive_all(half) == message, "what came back before the end is not what was sent"

    slow.setblocking(False)
    sent = bytearray()
    blocked = 0
    while blocked < 20:  # until nothing more goes: the server has stopped reading
        piece = os.urandom(65536)
        try:
            sent += piece[:slow.send(piece)]
            blocked = 0
        except BlockingIOError:
            blocked += 1
            time.sleep(0.01)
    open_end.sendall(b"others are served meanwhile")
    assert open_end.recv(100) == b"others are served meanwhile"
    slow.settimeout(SECONDS)
    slow.shutdown(socket.SHUT_WR)
    assert receive_all(slow) == bytes(sent), "a slow reader lost bytes"

    rude.sendall(message)
    vanish(rude)
    open_end.sendall(b"x")
    assert open_end.recv(1) == b"x"
    checked.stop(server)


def starve_one(checked, program, driver, clients):
    message = os.urandom(8000000)
    server, port = checked.echo("--driver", driver, program=program)
    left = {}
    for _ in range(clients):
        client = socket.socket()
        # Small ones, or all of it is more than the kernel has for TCP: then windows stay shut for a minute.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        client.connect(("127.0.0.1", port))
        client.setblocking(False)
        left[client] = len(message)
    progress = time.monotonic()
    while any(left.values()) and time.monotonic() - progress < 0.5:
        for client in left:
            try:
                if left[client]:
                    left[client] -= client.send(message[-left[client]:])
                    progress = time.monotonic()
            except BlockingIOError:
                pass
    with socket.create_connection(("127.0.0.1", port), timeout=10) as late:
        late.sendall(b"there is room for one more")
        assert late.recv(100) == b"there is room for one more"
    for client, unsent in list(left.items())[:10]:
        client.settimeout(SECONDS)
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client) == message[:len(message) - unsent], "bytes were lost"
    for client in left:
        client.close()
    checked.stop(server)


def starve(checked):
    """Many clients that send and never read leave room for one that does."""
    for driver in checked.drivers:
        if not checked.usable(driver):
            continue
        for program in ("eddy-echo", "eddy-echo-coro"):
            starve_one(checked, program, driver, 100)


def demo(checked):
    ran = checked.run("eddy-demo", "--seconds", 1, "--connections", 50)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    table = ran.stdout.rsplit("\n\n", 1)[-1]
    assert "messages/s" in table and checked.drivers[0] in table, ran.stdout
    print(ran.stdout)


def ports_in(out):
    return [int(port) for port in re.findall(r"echo server on \S+:(\d+)", out)]


def interrupt(checked):
    random.seed(1)
    for number in range(6):
        program = checked.start("eddy-demo", "--seconds", 1, "--connections", 200)
        assert program.stdout.readline()  # it listens to signals by now
        time.sleep(random.uniform(0, 0.9) if number else 0)
        servers = [] if checked.on_windows else children_of(program)
        checked.ask_to_end(program, by_keyboard=True)
        out, err = program.communicate(timeout=SECONDS)
        assert program.returncode == 0, f"exit {program.returncode}: {err}"
        assert err == "" and out.endswith("stopped\n"), out + err
        assert not any(map(alive, servers)) and not any(map(listens, ports_in(out))), "its server lives on"
    program = checked.start("eddy-demo", "--seconds", 30)
    while not (ports := ports_in(program.stdout.readline())):
        pass
    servers = [] if checked.on_windows else children_of(program)
    assert checked.on_windows or servers
    assert listens(ports[0])
    program.kill()
    program.communicate(timeout=SECONDS)
    limit = time.monotonic() + 10
    while time.monotonic() < limit and (any(map(alive, servers)) or listens(ports[0])):
        time.sleep(0.02)
    assert not any(map(alive, servers)) and not listens(ports[0]), "a killed demo leaves its server"


class Hello:
    """One of README's servers, in a process with few descriptors."""

    port = 7777

    def __init__(self, checked, program, driver):
        assert not listens(self.port), f"another program listens on port {self.port}, which is hello's"
        few = {} if checked.on_windows else {  # Windows has no limit of descriptors
            "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW))}
        self.checked = checked
        self.process = checked.start(program, env={**os.environ, "EDDY_DRIVER": driver}, **few)
        self.until(lambda: listens(self.port), "it does not listen")

    def until(self, holds, what):
        limit = time.monotonic() + SECONDS
        while not holds():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}, {self.process.stderr.read()}"
            assert time.monotonic() < limit, what
            time.sleep(0.01)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def descriptors(self):
        return self.checked.descriptors(self.process)

    def end(self):
        self.checked.ask_to_end(self.process, by_keyboard=True)
        out, err = self.process.communicate(timeout=SECONDS)
        assert out in ("", "ended\n") and err == "", out + err
        assert self.process.returncode == 0, f"an interrupt ends it with {self.process.returncode}"


def answers(client, message=b"hello"):
    client.sendall(message)
    got = b""
    while len(got) < len(message) and (piece := client.recv(65536)):
        got += piece
    return got == message


def send_and_vanish(server):
    """In the middle of an answer that nobody takes."""
    client = server.connect()
    client.setblocking(False)
    try:
        for _ in range(64):
            client.send(bytes(1 << 20))
    except BlockingIOError:
        pass
    vanish(client)


def survives(checked, program, driver):
    server = Hello(checked, program, driver)
    with server.connect() as client:
        assert answers(client)
    before = server.descriptors()
    clients = [server.connect() for _ in range(60)]  # the last ones wait in the system's queue
    if not checked.on_windows:
        server.until(lambda: server.descriptors() == FEW, "it does not accept as many as it may")
    assert answers(clients[0], os.urandom(100000))
    for client in clients[:45:2]:
        vanish(client)
    for client in clients[1:45:2]:
        client.close()
    assert all(map(answers, clients[45:])), "one that had to wait is not served"
    for _ in range(30):
        send_and_vanish(server)
    for client in clients[45:]:
        client.close()
    server.until(lambda: server.descriptors() <= before, "connections that are gone keep descriptors")
    with server.connect() as client, server.connect() as half:
        half.sendall(b"and the end")
        half.shutdown(socket.SHUT_WR)
        assert receive_all(half) == b"and the end"
        assert answers(client)
        server.end()
    again = Hello(checked, program, driver)  # the port is free at once
    with again.connect() as client:
        assert answers(client)
    again.end()


def hello(checked):
    """README's servers survive a full descriptor table, peers that vanish, and an interrupt."""
    for driver in checked.drivers:
        if not checked.usable(driver):
            continue
        for program in ("hello", "hello-cpp"):
            survives(checked, program, driver)


CASES = {case.__name__: case for case in (usage, load, echo, starve, demo, interrupt, hello)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=sorted(CASES))
    add_options(parser)
    options = parser.parse_args()
    CASES[options.case](Checked(options.folder, options.system))


if __name__ == "__main__":
    sys.exit(main())
