"""Arrows between rooms by the symbols of the built objects: a unit takes functions from its own room or a lower one, and
inside a room no units stand in a circle.

    symbols.py LIBRARY [NM]     the library's objects, and the nm that reads them
    symbols.py --self-test
"""

import collections
import re
import subprocess
import sys

# What implements core/os.hpp: below the core.
GROUND = {
    "core_fatal", "seam_sockets_addr", "seam_sockets_close", "seam_sockets_option",
    "unix_adopt", "unix_attempt", "unix_errno", "unix_option", "unix_path", "unix_socket", "unix_system", "unix_thread",
    "linux_pollable", "linux_thread", "linux_wake",
    "win_afd_calls", "win_attempt", "win_error", "win_file", "win_object", "win_option", "win_post",
    "win_processors", "win_socket", "win_start", "win_system", "win_thread", "win_unix_socket", "win_wait", "win_wake",
    "win_wtf8",
}
ROOMS = ("ground", "core", "seam", "api", "drivers")


def room_of(unit):
    if unit in GROUND:
        return 0
    folder = unit.split("_")[0]
    return ROOMS.index(folder) if folder in ROOMS else len(ROOMS) - 1


def unit_of(member):
    """libeddy.a[src_core_op_end.cpp.o] -> core_op_end"""
    found = re.search(r"src_(\w+)\.cpp\.o", member)
    return found.group(1) if found else None


def parse(listing):
    """`nm -A --format=posix`: which unit has each function, and what each unit takes. Inline ones are in many."""
    home, takes = {}, collections.defaultdict(set)
    for line in listing.splitlines():
        found = re.match(r"(.*?): (\S+) (\w)", line)
        unit = unit_of(found.group(1)) if found else None
        if not unit:
            continue
        if found.group(3) == "T":
            home[found.group(2)] = unit
        elif found.group(3) == "U":
            takes[unit].add(found.group(2))
        takes[unit]
    return home, takes


def circles(arrows):
    """Groups of units that reach each other (Tarjan)."""
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(unit):
        index[unit] = low[unit] = len(index)
        stack.append(unit)
        on.add(unit)
        for other in arrows[unit]:
            if other not in index:
                visit(other)
            if other in on:
                low[unit] = min(low[unit], low[other])
        if low[unit] == index[unit]:
            group = []
            while not group or group[-1] != unit:
                group.append(stack.pop())
                on.discard(group[-1])
            if len(group) > 1:
                found.append(sorted(group))

    for unit in sorted(arrows):
        if unit not in index:
            visit(unit)
    return found


def check(listing):
    home, takes = parse(listing)
    complaints, arrows = [], collections.defaultdict(set)
    for unit in takes:
        arrows[unit]
        for symbol in takes[unit]:
            other = home.get(symbol)
            if other is None or other == unit:
                continue
            if room_of(other) > room_of(unit):
                complaints.append(f"{unit} ({ROOMS[room_of(unit)]}) takes {symbol} of {other} ({ROOMS[room_of(other)]})")
            elif room_of(other) == room_of(unit):
                arrows[unit].add(other)
    for group in circles(arrows):
        complaints.append("a circle: " + ", ".join(group))
    return len(takes), sorted(complaints)


def sample(*lines):
    """Lines of UNIT SYMBOL TYPE as nm writes them."""
    parts = (line.split() for line in lines)
    return "\n".join(f"lib.a[src_{unit}.cpp.o]: {symbol} {kind} 0 0" for unit, symbol, kind in parts)


BAD = [
    sample("core_op_end finish T", "core_op_end stream_ended U", "api_stream stream_ended T"),
    sample("seam_choose probe U", "linux_uring_probe probe T"),
    sample("core_lane settle T", "core_lane finish U", "core_op_end finish T", "core_op_end settle U"),
    sample("api_a a T", "api_a b U", "api_b b T", "api_b c U", "api_c c T", "api_c a U"),
    sample("unix_thread ended U", "core_registry ended T"),
]
GOOD = [
    sample("api_stream finish U", "core_op_end finish T", "core_op_end memcpy U"),
    sample("core_turn kinds U", "core_tables kinds D", "core_tables kind_read U", "api_stream_read kind_read R"),
    sample("core_turn receive U", "unix_attempt receive T"),
    sample("linux_uring settle U", "core_lane settle T", "linux_uring set_open U", "linux_epoll_set set_open T"),
    sample("api_a inline W", "api_a b U", "api_b b T", "api_b inline W", "api_b inline U"),
]


def self_test():
    wrong = [text for text in BAD if not check(text)[1]] + [text for text in GOOD if check(text)[1]]
    for text in wrong:
        print("judged wrongly:\n" + text)
    print(f"{len(BAD)} bad and {len(GOOD)} good samples, {len(wrong)} judged wrongly")
    return 1 if wrong else 0


def main():
    if sys.argv[1] == "--self-test":
        return self_test()
    library, nm = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "nm"
    listing = subprocess.run([nm, "-A", "--format=posix", library], capture_output=True, text=True, check=True).stdout
    units, complaints = check(listing)
    for complaint in complaints:
        print(complaint)
    print(f"{units} units, {len(complaints)} violations")
    return 1 if complaints or not units else 0


if __name__ == "__main__":
    sys.exit(main())
