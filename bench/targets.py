"""Judges a run by the project's targets. A judgement is a line of text: noise decides nothing."""

from statistics import median

from servers import BOUNDED, CORO_OF, LIMIT_OF, PEERS

AT_SCALE = ("64x64", "1000x64", "64x16k", "1000x16k", "64x64d16")
NOT_HERE = (
    ("allocations per message", "a test counts them"),
    ("user-space instructions per message", "bench/instructions.py"),
    ("spin before sleeping, 1 connection", "not measured by this tool"),
    ("timers, posts, no-wait turn, start-up", "the micro benchmark"),
)


def ratio(results, cell, over, under):
    """The median of the per-round ratios of CPU per message: rounds share their noise."""
    cells = results["cells"].get(cell, {})
    pairs = [(a, b) for a, b in zip(cells.get(over, []), cells.get(under, [])) if a and b]
    if not pairs:
        return None
    return median(a["cpu_ns"] / b["cpu_ns"] for a, b in pairs)


def best_peer(results, cell, name):
    """The peer nearest to (or furthest ahead of) the server, as (ratio, peer)."""
    found = [(ratio(results, cell, peer, name), peer) for peer in PEERS]
    found = [pair for pair in found if pair[0] is not None]
    return min(found) if found else (None, None)


def verdict(met):
    return "met" if met else "NOT MET"


def line(row, value, bound, at_least=False, note="", digits=2):
    if value is None:
        return f"  {row:<58} {'-':>8}   not measured"
    met = value >= bound if at_least else value <= bound
    sign = ">=" if at_least else "<="
    return f"  {row:<58} {value:>8.{digits}f}   {sign} {bound:<6g} {verdict(met)}{note}"


def syscalls(results, count, name):
    value = results["syscalls"].get(str(count), {}).get(name)
    return value if isinstance(value, float) else None


def judge(results):
    cells = [cell for cell in results["cells"]]
    big = [cell for cell in AT_SCALE if cell in cells]
    lines = ["echo, CPU per message against the hand-written server of the same kind"]
    for name, limit in LIMIT_OF.items():
        for cell in big:
            lines.append(line(f"{name} / {limit}, {cell}", ratio(results, cell, name, limit), 1.05))
    lines.append("echo written with coroutines, CPU per message against the one with callbacks")
    for name, callbacks in CORO_OF.items():
        for cell in big:
            lines.append(line(f"{name} / {callbacks}, {cell}",
                              ratio(results, cell, name, callbacks), 1.05))
            unbounded = BOUNDED[callbacks]
            lines.append(line(f"{name} / {unbounded} (reads ahead), {cell}",
                              ratio(results, cell, name, unbounded), 1.05))
            lines.append(line(f"asio-coro / {name}, {cell}",
                              ratio(results, cell, "asio-coro", name), 1.0, True))
    lines.append("echo, best peer / eddy on io_uring")
    for cell in big:
        value, peer = best_peer(results, cell, "eddy-io_uring")
        bound = 1.10 if cell in ("64x64", "64x64d16") else 0.95
        lines.append(line(f"best peer / eddy-io_uring, {cell}", value, bound, True, f" ({peer})"))
    lines.append("echo, libuv as people write it / eddy on io_uring")
    for cell in big:
        lines.append(line(f"libuv / eddy-io_uring, {cell}",
                          ratio(results, cell, "libuv", "eddy-io_uring"), 2.0, True))
    lines.append("echo at 1 connection")
    for name in LIMIT_OF:
        for cell in ("1x64", "1x16k"):
            if cell in cells:
                lines.append(line(f"{name} / raw_epoll, {cell}",
                                  ratio(results, cell, name, "raw_epoll"), 1.05))
    lines.append("syscalls per message")
    for name, count, bound, note in (
            ("eddy-epoll", 1, 3.0, ""), ("eddy-io_uring", 1, 2.0, ""), ("eddy-epoll", 64, 2.1, ""),
            ("eddy-io_uring", 64, 0.25, " (0.10 wanted)")):
        # The difference of two short runs is off by a few calls in thousands.
        value = syscalls(results, count, name)
        value = None if value is None else round(value, 2)
        lines.append(line(f"{name}, {count} connection{'s' if count > 1 else ''}", value, bound,
                          note=note))
    lines.append("user memory per idle connection, bytes")
    for name in LIMIT_OF:
        value = results["memory"].get(name)
        value = value if isinstance(value, (int, float)) else None
        lines.append(line(name, value, 1024, note=" (512 wanted)", digits=0))
    lines.append("not judged here")
    lines += [f"  {row:<58} {'':>8}   {where}" for row, where in NOT_HERE]
    return lines
