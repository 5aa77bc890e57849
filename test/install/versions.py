"""Programs and libraries of different versions: the next one has another member at the end of every struct that says
its size.
"""

import re
import shutil
from pathlib import Path

from prefix import Prefix, not_source
from system import run

HERE = Path(__file__).resolve().parent
SIZED = re.compile(r"(typedef struct (eddy_\w+) \{(?:\s|/\*.*?\*/)*uint32_t size;.*?)(\} \2_t;)", re.DOTALL)
# Each of them is in consumer_versions.c.
KNOWN = {"eddy_loop_options", "eddy_listen_options", "eddy_pool_options", "eddy_workers_options", "eddy_workers_stats"}


def newer_sources(source, folder):
    """A copy of the sources, with the next version's headers."""
    shutil.copytree(source, folder, ignore=not_source)
    grown = set()
    for header in (folder / "include/eddy").glob("*.h"):
        text = header.read_text(encoding="utf-8")
        grown |= {match.group(2) for match in SIZED.finditer(text)}
        header.write_text(SIZED.sub(r"\1  uint64_t newer;\n\3", text), encoding="utf-8")
    if grown != KNOWN:
        print(f"structs that say their size: {sorted(grown)}; tried: {sorted(KNOWN)}")
        raise SystemExit(1)


def run_across(built_with, run_with, folder, *definitions):
    program = built_with.program(folder, "consumer_versions")
    run(*built_with.cc, "-std=c11", "-Wall", "-Wextra", "-Werror", *definitions, HERE / "consumer_versions.c", "-o",
        program, *built_with.pkg_config("--cflags", "--libs"), env=built_with.environment())
    print(built_with.system.execute(program, run_with.shared, run_with.environment()))


def versions(prefix):
    folder = prefix.folder("versions")
    newer_sources(prefix.source, folder / "source")
    newer = Prefix(folder / "newer", folder / "source", " ".join(prefix.cc), " ".join(prefix.cxx), prefix.system,
                   ["-Ddefault_library=shared"])
    newer.install(afresh=True)
    for name in ("older_program", "newer_program"):
        (folder / name).mkdir()
    run_across(prefix, newer, folder / "older_program")
    run_across(newer, prefix, folder / "newer_program", "-DNEWER")
