"""Judges a run by the project's targets. A judgement is a line of text: noise decides nothing."""

from statistics import median

from servers import BEFORE, BOUNDED, CORO_OF, EDDY, HELLO, LIMITS_OF, PEERS

AT_SCALE = ("64x64", "1000x64", "64x64d16", "64x16k", "1000x16k")
SHORT = ("8x64short", "64x64short")
NATURAL = ("64x64", "1000x64", "64x64d16")
# What natural code may cost over the tuned server: 16 KiB are several reads of a small buffer.
HELLO_OVER_TUNED = {"64x64": 1.10, "1000x64": 1.10, "64x16k": 1.15}
NOT_HERE = (
    ("allocations per message", "a test counts them"),
    ("user-space instructions per message", "bench/instructions.py"),
    ("spin before sleeping, 1 connection", "not measured by this tool"),
    ("timers, posts, no-wait turn, start-up", "the micro benchmark"),
)


def ratio(results, cell, over, under, key="cpu_ns"):
    """The median of the per-round ratios of CPU per message: rounds share their noise."""
    cells = results["cells"].get(cell, {})
    pairs = [(a, b) for a, b in zip(cells.get(over, []), cells.get(under, [])) if a and b]
    if not pairs:
        return None
    return median(a[key] / b[key] for a, b in pairs)


def over_limit(results, cell, name, driver):
    """Against the best of the servers by hand that this driver can be compared with."""
    found = [(ratio(results, cell, name, limit), limit) for limit in LIMITS_OF[driver]]
    found = [pair for pair in found if pair[0] is not None]
    return max(found) if found else (None, None)


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


def limits(results, servers, cells):
    for name, driver in servers:
        for cell in cells:
            value, limit = over_limit(results, cell, name, driver)
            yield line(f"{name} / {limit or LIMITS_OF[driver][0]}, {cell}", value, 1.05)


def natural(results, cells):
    yield "README's servers, CPU per message against the server by hand, and the tuned one"
    yield from limits(results, HELLO.items(), [cell for cell in NATURAL if cell in cells])
    for name, tuned in HELLO.items():
        for cell, bound in HELLO_OVER_TUNED.items():
            if cell in cells:
                yield line(f"{name} / {tuned}, {cell}", ratio(results, cell, name, tuned), bound)


def since(results, cells):
    """Against the other build, where there is one. Latency has no target to the percent: it is noisier than CPU time."""
    names = [name for name in EDDY + tuple(HELLO)
             if any(BEFORE + name in results["cells"][cell] for cell in cells)]
    if names:
        yield "against the other build"
    for name in names:
        for cell in cells:
            yield line(f"{name} / before, {cell}", ratio(results, cell, name, BEFORE + name), 1.05)
        if "1000x64" in cells:
            value = ratio(results, "1000x64", name, BEFORE + name, "p99_us")
            yield line(f"{name} / before, 1000x64, p99", value, 1.05)


def judge(results):
    cells = [cell for cell in results["cells"]]
    big = [cell for cell in AT_SCALE if cell in cells]
    lines = ["echo, CPU per message against the best server by hand of its kind"]
    lines += limits(results, [(name, name) for name in EDDY],
                    [cell for cell in ("8x64",) + AT_SCALE + SHORT if cell in cells])
    lines += natural(results, cells)
    lines += since(results, cells)
    lines.append("echo written with coroutines, CPU per message against the server by hand, and callbacks")
    lines += limits(results, [(name, BOUNDED[callbacks]) for name, callbacks in CORO_OF.items()],
                    [cell for cell in NATURAL if cell in cells])
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
        lines.append(line(f"best peer / eddy-io_uring, {cell}", value, 0.95, True, f" ({peer})"))
    lines.append("echo, libuv as people write it / eddy on io_uring")
    for cell in big:
        lines.append(line(f"libuv / eddy-io_uring, {cell}",
                          ratio(results, cell, "libuv", "eddy-io_uring"), 2.0, True))
    lines.append("echo at 1 connection")
    for name in EDDY:
        for cell in ("1x64", "1x16k"):
            if cell in cells:
                lines.append(line(f"{name} / raw_epoll, {cell}",
                                  ratio(results, cell, name, "raw_epoll"), 1.05))
    lines.append("syscalls per message")
    for name, count, bound, note in (
            ("eddy-epoll", 1, 3.0, ""), ("eddy-io_uring", 1, 4.0, " (3 wanted)"),
            ("eddy-epoll", 64, 2.1, ""), ("eddy-io_uring", 64, 1.3, "")):
        # The difference of two short runs is off by a few calls in thousands.
        value = syscalls(results, count, name)
        value = None if value is None else round(value, 2)
        lines.append(line(f"{name}, {count} connection{'s' if count > 1 else ''}", value, bound,
                          note=note))
    lines.append("user memory per idle connection, bytes")
    for name in EDDY:
        value = results["memory"].get(name)
        value = value if isinstance(value, (int, float)) else None
        lines.append(line(name, value, 1024, note=" (512 wanted)", digits=0))
    lines.append("not judged here")
    lines += [f"  {row:<58} {'':>8}   {where}" for row, where in NOT_HERE]
    return lines
