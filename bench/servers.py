"""The servers that can be measured, and how one is started, driven and stopped."""

import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

EDDY = ("eddy-io_uring", "eddy-epoll")
LIMIT_OF = {"eddy-io_uring": "raw_uring", "eddy-epoll": "raw_epoll"}
# The server of coroutines lets a connection hold two buffers, so its like in callbacks is the one that is told
# to do the same. On io_uring that also means single receives instead of multishot ones.
BOUNDED = {"eddy-bounded-io_uring": "eddy-io_uring", "eddy-bounded-epoll": "eddy-epoll"}
CORO_OF = {"eddy-coro-io_uring": "eddy-bounded-io_uring", "eddy-coro-epoll": "eddy-bounded-epoll"}
PEERS = ("libuv", "libuv-pool", "libuv-try", "libevent", "libevent-raw", "asio", "asio-coro")
NAMES = EDDY + tuple(BOUNDED) + tuple(CORO_OF) + ("raw_uring", "raw_epoll") + PEERS
# asio holds a buffer per idle connection: a small one, so that the library is compared.
IDLE_ARGUMENTS = {"asio": ["--buffer", "512"], "asio-coro": ["--buffer", "512"]}


def command(name, build):
    """The command line of a server listening on an ephemeral loopback port."""
    bench = Path(build) / "bench"
    eddy = [str(Path(build) / "examples" / "eddy-echo"), "--host", "127.0.0.1", "--port", "0"]
    coro = [str(Path(build) / "examples" / "eddy-echo-coro")] + eddy[1:]
    bounded = eddy + ["--credits", "2"]
    return {
        "eddy-bounded-io_uring": bounded + ["--driver", "io_uring"],
        "eddy-bounded-epoll": bounded + ["--driver", "epoll"],
        "eddy-coro-io_uring": coro + ["--driver", "io_uring"],
        "eddy-coro-epoll": coro + ["--driver", "epoll"],
        "eddy-io_uring": eddy + ["--driver", "io_uring"],
        "eddy-epoll": eddy + ["--driver", "epoll"],
        "raw_uring": [str(bench / "raw_uring")],
        "raw_epoll": [str(bench / "raw_epoll")],
        "libuv": [str(bench / "peer_libuv")],
        "libuv-pool": [str(bench / "peer_libuv"), "--pool"],
        "libuv-try": [str(bench / "peer_libuv"), "--try"],
        "libevent": [str(bench / "peer_libevent")],
        "libevent-raw": [str(bench / "peer_libevent"), "--raw"],
        "asio": [str(bench / "peer_asio")],
        "asio-coro": [str(bench / "peer_asio"), "--coro"],
    }[name]


def is_built(name, build):
    return os.access(command(name, build)[0], os.X_OK)


def cores():
    """A core for the server and one for the load; the same one where there is no other."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1 % len(allowed)]


def on_core(core):
    return lambda: os.sched_setaffinity(0, {core})


class Failed(Exception):
    pass


class Server:
    """A running server. `wrap` goes before its command line (strace, valgrind)."""

    def __init__(self, name, build, wrap=(), extra=()):
        self.name = name
        arguments = list(wrap) + command(name, build) + list(extra)
        environment = {key: value for key, value in os.environ.items() if key != "EDDY_DRIVER"}
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, text=True, env=environment,
            preexec_fn=on_core(cores()[0]))
        line = self.process.stdout.readline()
        found = re.match(r"listening on \S*:(\d+)(?: driver=(\S+))?$", line.strip())
        if not found:
            self.process.kill()
            self.process.wait()
            raise Failed(f"{name} did not say where it listens: {line.strip()!r}")
        self.port = int(found.group(1))
        self.driver = found.group(2)
        self.pid = self.process.pid
        if name in EDDY or name in BOUNDED or name in CORO_OF:
            wanted = name.rpartition("-")[2]
        else:
            wanted = self.driver
        if self.driver != wanted:
            self.stop()
            raise Failed(f"{name} runs on {self.driver}")

    def child(self):
        """The server itself when it runs under a wrapper that forked it."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        children = path.read_text().split()
        return int(children[0]) if children else self.pid

    def stop(self, pid=None):
        try:
            os.kill(pid or self.pid, signal.SIGTERM)
            self.knock()
            self.process.wait(timeout=60)
        except ProcessLookupError:
            self.process.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"{self.name} did not stop on SIGTERM") from None
        finally:
            self.process.stdout.close()
        return self.process.returncode

    def knock(self):
        """valgrind holds signals back during io_uring_enter: let the wait end."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


def start_load(build, port, **options):
    arguments = [str(Path(build) / "bench" / "load"), "--port", str(port)]
    for key, value in options.items():
        if value is True:
            arguments.append(f"--{key.replace('_', '-')}")
        else:
            arguments += [f"--{key.replace('_', '-')}", str(value)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=on_core(cores()[1]))


def run_load(build, port, timeout=300, **options):
    """Runs the load to its end and returns its figures."""
    load = start_load(build, port, json=True, **options)
    try:
        out, err = load.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        load.kill()
        load.communicate()
        raise Failed("the load did not end") from None
    lines = out.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise Failed(f"the load said: {(err or out).strip()}")
    figures = json.loads(lines[-1])
    if figures["errors"] or load.returncode:
        raise Failed(f"{figures['errors']} wrong connections: {err.strip()}")
    return figures
