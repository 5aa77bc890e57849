"""The servers that can be measured, and how one is started, driven and stopped."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

EDDY = ("eddy-io_uring", "eddy-epoll")
# The programs of the README, unchanged, as a newcomer writes them.
HELLO = {"hello-io_uring": "eddy-io_uring", "hello-epoll": "eddy-epoll",
         "hello-cpp-io_uring": "eddy-io_uring", "hello-cpp-epoll": "eddy-epoll"}
HELLO_PORT = 7777  # it is written in the examples
# The servers by hand that use what this one uses; the best of them in a cell is its limit there.
LIMITS_OF = {"eddy-io_uring": ("raw_uring", "raw_hybrid"), "eddy-epoll": ("raw_epoll",)}
# The server of coroutines lets a connection hold one buffer, so its like in callbacks is the one that is told
# to do the same.
BOUNDED = {"eddy-bounded-io_uring": "eddy-io_uring", "eddy-bounded-epoll": "eddy-epoll"}
CORO_OF = {"eddy-coro-io_uring": "eddy-bounded-io_uring", "eddy-coro-epoll": "eddy-bounded-epoll"}
PEERS = ("libuv", "libuv-pool", "libuv-try", "libevent", "libevent-raw", "asio", "asio-coro")
OURS = EDDY + tuple(HELLO) + tuple(BOUNDED) + tuple(CORO_OF)
NAMES = OURS + ("raw_uring", "raw_hybrid", "raw_epoll") + PEERS
BEFORE = "before-"  # and one of ours: the same server from another build
# asio holds a buffer per idle connection: a small one, so that the library is compared.
IDLE_ARGUMENTS = {"asio": ["--buffer", "512"], "asio-coro": ["--buffer", "512"]}


def command(name, build):
    """The command line of a server listening on an ephemeral loopback port."""
    bench = Path(build) / "bench"
    eddy = [str(Path(build) / "examples" / "eddy-echo"), "--host", "127.0.0.1", "--port", "0"]
    coro = [str(Path(build) / "examples" / "eddy-echo-coro")] + eddy[1:]
    bounded = eddy + ["--credits", "1"]
    return {
        "hello-io_uring": [str(Path(build) / "examples" / "hello")],
        "hello-epoll": [str(Path(build) / "examples" / "hello")],
        "hello-cpp-io_uring": [str(Path(build) / "examples" / "hello-cpp")],
        "hello-cpp-epoll": [str(Path(build) / "examples" / "hello-cpp")],
        "eddy-bounded-io_uring": bounded + ["--driver", "io_uring"],
        "eddy-bounded-epoll": bounded + ["--driver", "epoll"],
        "eddy-coro-io_uring": coro + ["--driver", "io_uring"],
        "eddy-coro-epoll": coro + ["--driver", "epoll"],
        "eddy-io_uring": eddy + ["--driver", "io_uring"],
        "eddy-epoll": eddy + ["--driver", "epoll"],
        "raw_uring": [str(bench / "raw_uring")],
        "raw_hybrid": [str(bench / "raw_hybrid")],
        "raw_epoll": [str(bench / "raw_epoll")],
        "libuv": [str(bench / "peer_libuv")],
        "libuv-pool": [str(bench / "peer_libuv"), "--pool"],
        "libuv-try": [str(bench / "peer_libuv"), "--try"],
        "libevent": [str(bench / "peer_libevent")],
        "libevent-raw": [str(bench / "peer_libevent"), "--raw"],
        "asio": [str(bench / "peer_asio")],
        "asio-coro": [str(bench / "peer_asio"), "--coro"],
    }[name]


def located(name, options):
    """The server that a name means, and the build it is taken from."""
    if name.startswith(BEFORE):
        return name[len(BEFORE):], options.before
    return name, options.build_dir


def is_built(name, options):
    return os.access(command(*located(name, options))[0], os.X_OK)


def add_build_options(parser):
    parser.add_argument("--build-dir", default=str(ROOT / "build" / "release"))
    parser.add_argument("--before", metavar="DIR", help="another build, for servers called "
                        f"{BEFORE}..., say one of the commit before")


def known_names(options):
    return NAMES + (tuple(BEFORE + name for name in OURS) if options.before else ())


def cores():
    """A core for the server and one for the load; the same one where there is no other."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1 % len(allowed)]


def on_core(core):
    def prepare():
        os.sched_setaffinity(0, {core})
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return prepare


class Failed(Exception):
    pass


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Server:
    """A running server. `wrap` goes before its command line (strace, valgrind)."""

    def __init__(self, name, options, wrap=(), extra=()):
        self.name = name
        what, build = located(name, options)
        arguments = list(wrap) + command(what, build) + list(extra)
        environment = {key: value for key, value in os.environ.items() if key != "EDDY_DRIVER"}
        self.says_all = what not in HELLO
        self.port = self.driver = None
        wanted = what.rpartition("-")[2] if what in OURS else None
        if not self.says_all:
            environment["EDDY_DRIVER"] = wanted
            self.wait_for_port()
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, text=True, env=environment,
            preexec_fn=on_core(cores()[0]))
        self.pid = self.process.pid
        try:
            if self.says_all:
                self.listen_to_it()
            else:
                self.find_out()
            if self.driver != wanted:
                raise Failed(f"{name} runs on {self.driver}")
        except (Failed, OSError):
            self.kill()
            raise

    def listen_to_it(self):
        line = self.process.stdout.readline()
        found = re.match(r"listening on \S*:(\d+)(?: driver=(\S+))?$", line.strip())
        if not found:
            raise Failed(f"{self.name} did not say where it listens: {line.strip()!r}")
        self.port = int(found.group(1))
        self.driver = found.group(2)

    @staticmethod
    def wait_for_port():
        """A ring that holds the listener keeps its port for a while after its process."""
        deadline = time.monotonic() + 2
        while answers(HELLO_PORT):
            if time.monotonic() > deadline:
                raise Failed(f"port {HELLO_PORT} is taken")
            time.sleep(0.02)

    def find_out(self):
        """The example says nothing and chooses nothing: its port is known, its driver can be seen."""
        deadline = time.monotonic() + 20
        while not answers(HELLO_PORT):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{self.name} does not listen")
            time.sleep(0.01)
        self.port = HELLO_PORT
        maps = Path(f"/proc/{self.child()}/maps").read_text()
        self.driver = "io_uring" if "anon_inode:[io_uring]" in maps else "epoll"

    def child(self):
        """The server itself when it runs under a wrapper that forked it."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        children = path.read_text().split()
        return int(children[0]) if children else self.pid

    def kill(self):
        child = self.child()
        self.process.kill()
        if child != self.pid:  # strace leaves it running
            os.kill(child, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

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
        code = self.process.returncode
        return 0 if code == -signal.SIGTERM and not self.says_all else code

    def knock(self):
        """valgrind holds signals back during io_uring_enter: let the wait end."""
        if self.port:
            answers(self.port)

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
