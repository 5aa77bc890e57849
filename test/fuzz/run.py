"""Many seeds for what goes through some in the suite: programs for loops on all drivers in lock-step, addresses, option
structs, HTTP, readers.

    run.py --build DIR [--seeds N] [--from S] [--seed S] [--only WHAT]

--seeds and --from say which programs; the others do as many rounds as fit. --seed is one program again. Exits 1 when
something fails.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

DRIVERS = ("epoll", "io_uring")
# Name, program below the build's folder, and whether it runs once per driver.
WHAT = (
    ("lockstep", "test/fuzz/fuzz_lockstep", False),
    ("options", "test/fuzz/fuzz_options", False),
    ("readers", "test/fuzz/fuzz_readers", True),
    ("addresses", "test/unit/unit_api_addr_fuzz", False),
    ("http", "test/cpp/http/http_fuzz", False),
)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5000)
    parser.add_argument("--from", type=int, default=1, dest="first")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", choices=["", *(name for name, _, _ in WHAT)])
    parser.add_argument("--build", required=True)
    options = parser.parse_args()
    folder = pathlib.Path(options.build).resolve()
    if options.seed is not None:
        options.first, options.seeds, options.only = options.seed, 1, options.only or "lockstep"
    failed = []
    for name, program, per_driver in WHAT:
        if options.only not in ("", name):
            continue
        for driver in DRIVERS if per_driver else ("",):
            begin = time.monotonic()
            command = [str(folder / program), "--from", str(options.first), "--seeds", str(options.seeds)]
            # The tests of CMocka take no arguments.
            told = {"EDDY_DRIVER": driver, "SEED": str(options.first), "ROUNDS": str(max(20000, options.seeds))}
            status = subprocess.run(command, cwd=folder, env={**os.environ, **told}).returncode
            title = f"{name} {driver}".strip()
            verdict = "skipped" if status == 77 else "fine" if status == 0 else f"FAILED, status {status}"
            print(f"{title}: {verdict} [{time.monotonic() - begin:.0f} s]", flush=True)
            if status not in (0, 77):
                failed.append(title)
    print(f"failed: {', '.join(failed)}" if failed else "nothing failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
