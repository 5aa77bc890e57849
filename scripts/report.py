"""Reads Meson's testlog.json files and says what happened.

The last line is "N passed, N failed, N skipped". Exits 1 when a test failed,
when nothing ran, or when a driver that had to run did not.
"""

import argparse
import json
import os
import re
import sys

GOOD = {"OK", "EXPECTEDFAIL"}
TAIL = 40
DRIVER = re.compile(r"\bdriver-([\w.]+)")


def read(paths):
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as log:
                for line in log:
                    if line.strip():
                        yield json.loads(line)
        except OSError as error:
            sys.exit(f"dev: no test log: {error}")


def output(test):
    return "\n".join(part.rstrip() for part in (test.get("stdout"), test.get("stderr")) if part)


def reason(test):
    lines = [line.strip() for line in output(test).splitlines() if line.strip()]
    for line in lines:
        if re.match(r"(skip|skipped|skipping)\b", line, re.IGNORECASE):
            return line
    return lines[-1] if lines else "no reason given"


def show_failures(tests):
    for test in tests:
        print(f"\nFAILED {test['name']} ({test['result']}, exit {test.get('returncode')}, "
              f"{test.get('duration') or 0:.2f} s)")
        print("  " + " ".join(test.get("command") or []))
        lines = output(test).splitlines()
        if len(lines) > TAIL:
            print(f"  ... {len(lines) - TAIL} lines before, see the log")
        for line in lines[-TAIL:]:
            print("  | " + line)


def show_skips(tests):
    reasons = {}
    for test in tests:
        reasons.setdefault(reason(test), []).append(test["name"].split(" / ")[-1])
    for why, names in reasons.items():
        names = sorted(set(names))
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        print(f"skipped: {why} [{shown}]")


def drivers_not_run(tests, required):
    seen = {driver: False for driver in required}
    for test in tests:
        for driver in DRIVER.findall(test["name"].split(" / ")[0]):
            seen[driver] = seen.get(driver, False) or test["result"] in GOOD
    return sorted(driver for driver, ran in seen.items() if not ran)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--require-driver", action="append", default=[])
    parser.add_argument("logs", nargs="+")
    options = parser.parse_args()

    tests = list(read(options.logs))
    passed = [test for test in tests if test["result"] in GOOD]
    skipped = [test for test in tests if test["result"] == "SKIP"]
    failed = [test for test in tests if test["result"] not in GOOD | {"SKIP"}]
    bad = bool(failed)

    show_skips(skipped)
    show_failures(failed)
    for driver in drivers_not_run(tests, options.require_driver):
        print(f"driver {driver} was not run: none of its tests passed")
        bad = bad or driver in options.require_driver
    if not passed and not failed:
        print("nothing was run")
        bad = True

    tally = os.environ.get("EDDY_TALLY")
    if tally:
        with open(tally, "a", encoding="utf-8") as file:
            file.write(f"{len(passed)} {len(failed)} {len(skipped)}\n")
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
