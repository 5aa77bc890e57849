"""What the tables of the source say: units and rooms, kinds of ops, handles."""

import collections
import dataclasses
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "lint"))
from includes import MAY_USE, ROOMS
import symbols
from drawing import Mismatch


@dataclasses.dataclass
class Sources:
    units: list
    kinds: list  # (name, lane)
    handles: list
    turn: str


def entries(path, pattern):
    found = re.findall(pattern, (ROOT / path).read_text(encoding="utf-8"))
    if not found:
        raise Mismatch(f"{path}: no line of its table is found")
    return found


def read_sources():
    files = (path.relative_to(ROOT / "src") for path in (ROOT / "src").rglob("*.cpp"))
    return Sources(
        units=sorted(path.with_suffix("").as_posix() for path in files),
        kinds=entries("src/core/kinds.hpp", r"\bKIND\((\w+), k(\w+)\)"),
        handles=entries("src/core/handles.hpp", r"\bHANDLE\((\w+)\)"),
        turn=(ROOT / "src/core/turn.cpp").read_text(encoding="utf-8"))


def by_lane(kinds):
    rows = collections.defaultdict(list)
    for name, lane in kinds:
        rows[re.sub(r"(?<!^)([A-Z])", r" \1", lane).lower()].append(name)
    return list(rows.items())


def rooms_of(units):
    """Each room's units by folder, without the folder's name."""
    if ROOMS != symbols.ROOMS[1:-1]:
        raise Mismatch("test/lint: includes.py and symbols.py name different rooms")
    gone = symbols.GROUND - {unit.replace("/", "_") for unit in units}
    if gone:
        raise Mismatch(f"test/lint/symbols.py: no file of src is {', '.join(sorted(gone))}")
    rooms = {room: collections.defaultdict(list) for room in symbols.ROOMS}
    for unit in units:
        folder, name = unit.split("/", 1)
        rooms[symbols.ROOMS[symbols.room_of(unit.replace("/", "_"))]][folder].append(name)
    return rooms


def uses(room):
    lower = symbols.ROOMS[:symbols.ROOMS.index(room)]
    return "may use " + ", ".join(reversed(lower)) if lower else "what implements core/os.hpp; uses no other room"


def driver_folders(units):
    """Those that others may use stand first."""
    used = set().union(*MAY_USE.values())
    folders = {unit.split("/")[0] for unit in units} - set(symbols.ROOMS)
    return sorted(folders, key=lambda name: (name not in used, name not in MAY_USE, name))
