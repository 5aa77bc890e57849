"""Every exported function, called with nothing but nulls and zeros: it returns, or says what was wrong.

A crash without a message would leave the caller to guess. Each call is made in a process of its own.
"""

import argparse
import ctypes
import os
import resource
import signal
import sys
import tempfile

from listed import listed

ARGUMENTS = 6  # more than any function takes


def call(library, name):
    """The signal that ended the call, and what it said."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.dup2(said.fileno(), 2)
            getattr(library, name)(*[ctypes.c_void_p(0)] * ARGUMENTS)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, said.read().decode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("symbols")
    options = parser.parse_args()
    library = ctypes.CDLL(options.library)
    names = listed(options.symbols)
    bad = named = 0
    for name in names:
        killer, said = call(library, name)
        if killer == signal.SIGABRT and said.startswith("eddy: "):
            named += 1
        elif killer:
            print(f"{name} died of signal {killer}, saying {said!r}")
            bad += 1
    print(f"{len(names)} functions: {named} named the misuse, {bad} crashed")
    return 1 if bad or not named else 0


if __name__ == "__main__":
    sys.exit(main())
