"""The library has no variables that are set up at run time: no constructors of globals, and no function-local statics
that the first caller initialises. Without the guards of the C++ runtime two threads could meet in one of those, and read
it half made.
"""

import subprocess
import sys

MARKS = {"_ZGV": "a static that its first caller initialises", "_GLOBAL__sub_I": "a global with a constructor"}


def complaints(listing):
    for line in listing.splitlines():
        name = line.split()[-1] if line.split() else ""
        for mark, what in MARKS.items():
            if name.startswith(mark):
                yield f"{name}: {what}"


def main():
    nm, library = sys.argv[1:]
    listing = subprocess.run([nm, library], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "eddy_loop_open" in listing, "no symbols to look at"
    assert len([*complaints("0 b _ZGVZ1fvE1x\n0 t _GLOBAL__sub_I_x\n0 b _ZL3one\n")]) == 2
    found = [*complaints(listing)]
    print("\n".join([*found, f"{len(found)} complaints"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
