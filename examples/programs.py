"""The example programs as the checks run them: of this system, or Windows' under Wine."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path


def interrupt_under_wine(process):
    """Wine's handler of SIGINT starts a thread, for which it takes malloc's locks: a main thread that is in malloc or
    in fork then waits for itself for ever. So one of the thread pool gets it, which does nothing but wait."""
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            try:
                waits = (task / "comm").read_text(encoding="ascii").startswith("wine_threadpool")
            except OSError:
                continue  # it has ended meanwhile
            if waits and ctypes.CDLL(None).tgkill(process.pid, int(task.name), signal.SIGINT) == 0:
                return
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)


class Programs:
    def __init__(self, folder, system):
        self.folder, self.system = Path(folder), system
        self.on_windows = system != "unix"
        self.drivers = ("afd",) if self.on_windows else ("epoll", "io_uring")

    def command(self, name, *arguments):
        program = self.folder / (name + (".exe" if self.on_windows else ""))
        wrapper = ["wine"] if self.system == "wine" else []
        return [*wrapper, program, *map(str, arguments)]

    def start(self, name, *arguments, **options):
        if self.system == "windows":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        # Windows' programs would wait for a console of Wine's on a terminal.
        return subprocess.Popen(self.command(name, *arguments), text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run(self, name, *arguments, seconds):
        return subprocess.run(self.command(name, *arguments), text=True, timeout=seconds, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def ask_to_end(self, process, by_keyboard=False):
        """As a terminal or as a supervisor does. Windows knows the former, and Wine makes it of SIGINT."""
        if self.system == "windows":
            process.send_signal(signal.CTRL_BREAK_EVENT)
        elif self.system == "wine":
            interrupt_under_wine(process)
        else:
            process.send_signal(signal.SIGINT if by_keyboard else signal.SIGTERM)

    def descriptors(self, process):
        """How many it has open; 0 where only the system knows."""
        return 0 if self.on_windows else len(os.listdir(f"/proc/{process.pid}/fd"))


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
        return True
    except ConnectionError:
        return False


def add_options(parser):
    parser.add_argument("--folder", required=True)
    parser.add_argument("--system", choices=("unix", "wine", "windows"), default="unix")
