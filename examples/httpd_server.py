"""A running examples/httpd, and what a client needs to talk to it. Part of check_httpd.py."""

import atexit
import re
import socket
import time
from pathlib import Path

from programs import Programs

SECONDS = 60


class Server:
    def __init__(self, options, *arguments, **more):
        self.programs = Programs(options.folder, options.system)
        self.process = self.programs.start("httpd", "--driver", options.driver, "--port", 0, *arguments, **more)
        atexit.register(self.process.kill)  # a case that fails leaves none behind
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+) driver=(\w+)\n", line)
        assert found, line + self.process.stderr.read()
        assert found.group(2) == options.driver, line
        self.port = int(found.group(1))

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def ask(self, request):
        """All that comes back for these bytes, up to the end of the connection."""
        with self.connect() as client:
            try:
                client.sendall(request)
            except ConnectionError:
                pass  # refused early; the response is there all the same
            return receive_all(client)

    def get(self, path="/", lines=""):
        return parse(self.ask(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n".encode()))

    def descriptors(self):
        return self.programs.descriptors(self.process)

    def resident(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) * 1024

    def settle(self, descriptors):
        wait(lambda: self.descriptors() <= descriptors, "descriptors are left open")

    def ask_to_end(self, by_keyboard=False):
        self.programs.ask_to_end(self.process, by_keyboard)

    def stop(self, by_keyboard=False):
        self.ask_to_end(by_keyboard)
        self.ended()

    def ended(self):
        _, err = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, f"it ended with {self.process.returncode}: {err}"
        assert err == "", err


def wait(condition, what):
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.01)


def receive_all(client):
    got = bytearray()
    try:
        while piece := client.recv(65536):
            got += piece
    except ConnectionError:
        pass
    return bytes(got)


def parse(response):
    """Status, fields and body of one response."""
    head, _, body = response.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    assert lines[0].startswith("HTTP/1.1 "), response[:200]
    fields = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), fields, body


def receive_response(stream):
    """The next response of a connection's file object."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        assert line, f"the connection ended in {head}"
        head += line
    code, fields, _ = parse(head)
    if code == 100:
        return code, fields, b""
    return code, fields, stream.read(int(fields["Content-Length"]))
