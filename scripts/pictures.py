"""Draws docs/house.svg and docs/turn.svg from the tables of the source. By hand are only the words of a phase, and which
kinds it calls back; that each phase and each kind is there is checked.

    pictures.py               writes them
    pictures.py --check       exits 1 if one that is there differs from what would be written
    pictures.py --self-test   shows that altered sources are refused, and that an old picture is seen
"""

import collections
import dataclasses
import re
import sys
import xml.etree.ElementTree

import tables
from common import code_of  # of test/lint, where tables has looked for it
from drawing import BETWEEN, FAINT, INNER, PAD, WIDTH, Box, Drawing, Mismatch, place

# The phases of a turn in their order: the call in `loop_turn`, a title, what is done.
PHASES = [
    ("run_posted(loop)", "posted ops", "what other threads have posted, in its order"),
    ("run_returned(loop)", "returned work", "what threads have done and given back"),
    ("run_hooks(loop, kHookIdle)", "idle hooks", "while there is one, the loop does not sleep"),
    ("run_hooks(loop, kHookBeforeWait)", "before-wait hooks", "what they start goes out with the flush"),
    ("sleep_until(loop, until)", "flush and wait",
     "the driver submits, sleeps until something comes or the first timer is due, and reaps; it makes ops ready and "
     "calls nobody back; no sleep while something is ready"),
    ("loop.now = loop.driver->now(loop)", "clock", "the time for the callbacks that follow"),
    ("run_ready(loop)", "ready snapshot",
     "what is ready now; what gets ready meanwhile waits for the next turn; ops of other kinds that were refused, or "
     "cancelled while they waited, end here too"),
    ("run_hooks(loop, kHookAfterWait)", "after-wait hooks", "behind all that the wait has brought"),
    ("source_close_phase(loop)", "close completions", "handles end that nothing is under way for any more"),
    ("loop.now = loop.driver->now(loop)", "clock", "again, if there are timers"),
    ("timers_run(loop)", "expired timers", "a deadline only cancels its op, which is ready in the next turn"),
]
# Where each kind of op is called back. (An internal one calls a function of the library.)
CALLED = {
    "run_posted": "post",
    "run_returned": "work",
    "run_hooks": "hook",
    "run_ready": "read read_pool accept write shutdown_write connect wait poll uncongested shutdown_read yield",
    "source_close_phase": "close release",
    "timers_run": "sleep tick internal",
}
CALLS_BACK = re.compile(r"\b(?:run_\w+|\w+_run|\w+_phase)\([^()]*\)")

FILLS = {"ground": "#e6e1d6", "core": "#d9e6f4", "seam": "#dfeeda", "api": "#f8ebcb", "drivers": "#efdfeb"}
QUIET = "#eceff1"  # a phase that calls nobody back
MARGIN, GAP, TEXT, TABLE = 24, 34, 400, 170  # TEXT: how wide the words of a room are, beside which tables stand
FULL, SPLIT, PHASE = WIDTH - 2 * MARGIN, MARGIN + TEXT + 10, 64
MOST_BYTES = 40000


def draw_drivers(drawing, y, rooms, folders):
    width = (FULL - 2 * PAD - BETWEEN * (len(folders) - 1)) // len(folders)
    boxes = [Box(INNER, width, name, "" if rooms[name] else "its units are all of the ground",
                 [("", rooms[name])] if rooms[name] else []) for name in folders]
    header = Box(FILLS["drivers"], FULL, "drivers", tables.uses("drivers"))
    placed = place(drawing, MARGIN, y, header, boxes, MARGIN + PAD, header.height + PAD)
    sides = dict(zip(folders, placed.inner))
    for user, others in sorted(tables.MAY_USE.items()):
        for other in sorted(others):
            (start, _, top, _), (_, end, _, _) = sides[user], sides[other]
            drawing.arrow((start + 40, top), (start + 40, top - 12), (end - 40, top - 12), (end - 40, top))
    return placed


def draw_room(drawing, above, name, rooms, width=FULL, beside=()):
    rows = [("", units) if folder == name else (folder, units) for folder, units in sorted(rooms[name].items())]
    box = Box(FILLS[name], width, name, tables.uses(name), rows, TEXT if beside else width)
    room = place(drawing, MARGIN, above.bottom + GAP, box, beside, SPLIT)
    drawing.arrow((MARGIN + TEXT // 2, above.bottom), (MARGIN + TEXT // 2, room.top))
    return room


def table_boxes(*contents):
    """Those of the handles and of the kinds: what EDDY_HANDLES and EDDY_KINDS are in the core, and in the api."""
    widths = (TABLE, WIDTH - MARGIN - PAD - SPLIT - TABLE - BETWEEN)
    return [Box(INNER, width, *content) for width, content in zip(widths, contents)]


def house(sources):
    drawing, rooms = Drawing(), tables.rooms_of(sources.units)
    if list(rooms) != list(FILLS):
        raise Mismatch("test/lint/symbols.py: its rooms are not those that scripts/pictures.py draws")
    drawing.text(MARGIN, 32, "Solid: may use, and so may all that is above. Dashed: data, the only thing that goes "
                 "upwards. The words in a room are its units.", FAINT)
    drivers = draw_drivers(drawing, 46, rooms["drivers"], tables.driver_folders(sources.units))
    api = draw_room(drawing, drivers, "api", rooms, beside=table_boxes(
        ("handles", "each fills its row, handle_NAME", [("", sources.handles)]),
        ("kinds of ops", "by lane; each fills its row, kind_NAME", tables.by_lane(sources.kinds))))
    seam = draw_room(drawing, api, "seam", rooms, TEXT)
    core = draw_room(drawing, seam, "core", rooms, beside=table_boxes(
        ("EDDY_HANDLES", "core/handles.hpp: the name of each"),
        ("EDDY_KINDS", "core/kinds.hpp: name and lane of each")))
    ground = draw_room(drawing, core, "ground", rooms)
    for (left, right, top, _), (_, _, _, bottom) in zip(core.inner, api.inner):
        drawing.arrow(((left + right) // 2, top), ((left + right) // 2, bottom), dashed=True)
        drawing.text((left + right) // 2 + PAD, (seam.top + seam.bottom) // 2 + 4, "rows", FAINT)
    return drawing.svg(ground.bottom + MARGIN, "The rooms of eddy, and who may use whom")


def check_order(turn):
    """The phases are in loop_turn as PHASES has them, and no other call that calls back."""
    body = re.search(r"^void loop_turn\(.*?^\}", code_of(turn), re.DOTALL | re.MULTILINE)
    if not body:
        raise Mismatch("src/core/turn.cpp: there is no loop_turn")
    code = re.sub(r"\s+", " ", body.group())
    listed = [call for call, _, _ in PHASES]
    for call in listed:
        if call not in code:
            raise Mismatch(f"src/core/turn.cpp: loop_turn does not call {call}, which PHASES has")
    for call in CALLS_BACK.findall(code):
        if call not in listed:
            raise Mismatch(f"src/core/turn.cpp: loop_turn calls {call}, which PHASES has not")
    found = re.findall("|".join(re.escape(call) for call in sorted(set(listed))), code)
    if found != listed:
        raise Mismatch("src/core/turn.cpp: the order of loop_turn is not that of PHASES, but " + ", ".join(found))


def check_called(kinds):
    """Each kind stands once in CALLED, with a phase of the turn."""
    phases = {call.split("(")[0] for call, _, _ in PHASES}
    names, count = [name for name, _ in kinds], collections.Counter(" ".join(CALLED.values()).split())
    wrong = [f"it has no {name}" for name in names if not count[name]]
    wrong += [f"{name} is twice in it" for name in count if count[name] > 1]
    wrong += [f"{name} is no kind of op" for name in count if name not in names]
    wrong += [f"{name} is no phase" for name in CALLED if name not in phases]
    if wrong:
        raise Mismatch("scripts/pictures.py: CALLED says where each kind is called back, but " + ", ".join(wrong))


def phase_boxes(number, call, title, note, kinds):
    """A phase, and in it the kinds that are called back, if any are."""
    called = CALLED.get(call.split("(")[0], "").split()
    rows = tables.by_lane([kind for kind in kinds if kind[0] in called])
    fill, width = FILLS["core"] if called else QUIET, WIDTH - MARGIN - PHASE
    box = Box(fill, width, f"{number}. {title}", note, text_width=TEXT + 36 if called else width)
    if not called:
        return box, []
    return box, [Box(INNER, width - TEXT - 48, "", rows=rows if len(rows) > 1 else [("", called)])]


def turn(sources):
    check_order(sources.turn)
    check_called(sources.kinds)
    drawing, y, stack, middle = Drawing(), 46, [], PHASE + 200
    drawing.text(PHASE, 32, "From top to bottom. In the white boxes: the kinds of ops that are called back.", FAINT)
    for number, phase in enumerate(PHASES, 1):
        stack.append(place(drawing, PHASE, y, *phase_boxes(number, *phase, sources.kinds), PHASE + TEXT + 36))
        y = stack[-1].bottom + 20
    for upper, lower in zip(stack, stack[1:]):
        drawing.arrow((middle, upper.bottom), (middle, lower.top))
    first, last = stack[0].top + 20, stack[-1].bottom
    drawing.arrow((middle, last), (middle, last + 18), (30, last + 18), (30, first), (PHASE, first))
    drawing.text(middle + PAD, last + 22, "the next turn", FAINT)
    return drawing.svg(last + 18 + MARGIN, "A turn of the loop: its phases, and which kinds of ops each calls back")


PICTURES = {"docs/house.svg": house, "docs/turn.svg": turn}


def draw(sources):
    return {path: picture(sources) for path, picture in PICTURES.items()}


def stale(drawn, read):
    """Pictures that are not what would be drawn."""
    return [f"{path} is not what the tables say now; draw it anew: python3 scripts/pictures.py"
            for path, svg in drawn.items() if read(path) != svg]


def read_picture(path):
    return (tables.ROOT / path).read_text(encoding="utf-8") if (tables.ROOT / path).is_file() else None


def altered(sources):
    """Sources that must be refused."""
    def turned(old, new):
        assert old in sources.turn, old
        return dataclasses.replace(sources, turn=sources.turn.replace(old, new))

    ready, after = "\n  run_ready(loop);\n", "  if (loop.hooks[kHookAfterWait].head) run_hooks(loop, kHookAfterWait);\n"
    yield "no loop_turn", turned("void loop_turn(", "void loop_round(")
    yield "a phase is gone", turned(ready, "\n")
    yield "a phase is a comment", turned(ready, "\n  // run_ready(loop);\n")
    yield "a phase is new", turned(ready, ready + "  run_last(loop);\n")
    yield "a phase comes twice", turned(ready, ready * 2)
    yield "another order", turned(ready + after, "\n" + after + ready)
    yield "a kind is new", dataclasses.replace(sources, kinds=sources.kinds + [("datagram", "ReadLane")])
    yield "a kind is gone", dataclasses.replace(sources, kinds=sources.kinds[1:])
    yield "a unit of the ground is gone", dataclasses.replace(
        sources, units=[unit for unit in sources.units if unit != "core/fatal"])
    yield "a word is too long", dataclasses.replace(sources, handles=["handle" * 20])


def refused(sources):
    try:
        draw(sources)
    except Mismatch:
        return True
    return False


def self_test():
    sources = tables.read_sources()
    drawn = draw(sources)
    wrong = [what for what, other in altered(sources) if not refused(other)]
    for path, svg in drawn.items():
        xml.etree.ElementTree.fromstring(svg)
        wrong += [path + " is too large"] if len(svg.encode()) > MOST_BYTES else []
    more = draw(dataclasses.replace(sources, units=sources.units + ["api/datagram"]))
    if stale(drawn, drawn.get) or len(stale(more, drawn.get)) != 1 or len(stale(drawn, {}.get)) != 2:
        wrong.append("old pictures")
    print("\n".join("judged wrongly: " + what for what in wrong) or "every altered source is refused")
    return 1 if wrong else 0


def check(drawn):
    complaints = stale(drawn, read_picture)
    print("\n".join(complaints) or f"pictures: {len(drawn)}, as the tables say")
    return 1 if complaints else 0


def write(drawn):
    for path, svg in drawn.items():
        (tables.ROOT / path).write_text(svg, encoding="utf-8", newline="\n")


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    try:
        drawn = draw(tables.read_sources())
    except Mismatch as problem:
        sys.exit(str(problem))
    return check(drawn) if arguments else write(drawn)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
