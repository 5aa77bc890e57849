"""What a task must not await, a compiler refuses in eddy's words."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PRELUDE = """#include <eddy.hpp>
struct foreign_awaitable {
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<>) const {}
  int await_resume() const { return 1; }
};
eddy::task<int> number() { co_return 1; }
"""
WORDS = "a task awaits operations, tasks and primitives of eddy"
ACCEPTED = "eddy::task<int> f() { int n = co_await number(); co_return n; }"
SELECT_WORDS = "select waits for what takes nothing"
REFUSED = {
    "an awaitable that is not eddy's": "eddy::task<int> f() { int n = co_await foreign_awaitable(); co_return n; }",
    "the same, by name": "eddy::task<int> f(foreign_awaitable a) { int n = co_await a; co_return n; }",
    "a task that keeps its name": "eddy::task<int> f() { auto t = number(); int n = co_await t; co_return n; }",
    "no awaitable at all": "eddy::task<> f() { co_await 1; }",
}
REFUSED_BY_SELECT = {
    "a read": "eddy::task<> f(eddy::stream &s, char (&b)[9]) { co_await eddy::select(s.read(b), eddy::yield()); }",
    "an accept": "eddy::task<> f(eddy::listener &l) { co_await eddy::select(l.accept(), eddy::yield()); }",
    "a connect": "eddy::task<> f(eddy::stream &s, eddy::address a) { co_await eddy::select(s.connect(a)); }",
    "a receive": "eddy::task<> f(eddy::channel<int> &c) { co_await eddy::select(c.receive(), eddy::yield()); }",
    "a lock": "eddy::task<> f(eddy::mutex &m) { co_await eddy::select(m.lock(), eddy::yield()); }",
    "a permit": "eddy::task<> f(eddy::semaphore &s) { co_await eddy::select(s.acquire(), eddy::yield()); }",
    "a task": "eddy::task<> f() { co_await eddy::select(number(), number()); }",
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("include")
    parser.add_argument("cxx", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "refused.cpp"

        def compile_one(code):
            source.write_text(PRELUDE + code + "\n", encoding="ascii")
            return subprocess.run([*options.cxx, "-std=c++20", "-fsyntax-only", "-I", options.include, source],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

        ran = compile_one(ACCEPTED)
        if ran.returncode != 0:
            sys.exit(f"what is right is refused:\n{ran.stdout}")
        for words, refused in ((WORDS, REFUSED), (SELECT_WORDS, REFUSED_BY_SELECT)):
            for what, code in refused.items():
                ran = compile_one(code)
                if ran.returncode == 0 or words not in ran.stdout:
                    sys.exit(f"{what}: exit {ran.returncode}\n{ran.stdout}")
                print(f"refused: {what}")


if __name__ == "__main__":
    main()
