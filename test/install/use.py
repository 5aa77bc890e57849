"""One way of using an installed eddy: use.py CASE, see CASES."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from prefix import Prefix, need, run

HERE = Path(__file__).resolve().parent
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def expect(condition, message):
    if not condition:
        print(message)
        raise SystemExit(1)


def files(prefix):
    """A fresh build installs these files, and no others."""
    prefix.install(afresh=True)
    headers = {f"include/eddy/{path.name}" for path in (prefix.source / "include/eddy").iterdir()}
    headers |= {f"include/{path.name}" for path in (prefix.source / "include").glob("eddy.h*")}
    wanted = headers | {"lib/libeddy.a", "lib/libeddy.so", "lib/libeddy.so.0",
                        "lib/libeddy.so.0.1.0", "lib/pkgconfig/eddy.pc",
                        "lib/pkgconfig/eddy-static.pc"}
    found = {str(path.relative_to(prefix.path)) for path in prefix.path.rglob("*")
             if not path.is_dir()}
    expect(found == wanted, f"missing: {sorted(wanted - found)}\nextra: {sorted(found - wanted)}")


def pkgconfig_shared(prefix):
    program = prefix.folder("shared") / "consumer"
    run(*prefix.cc, "-std=c11", *WARNINGS, HERE / "consumer.c", "-o", program,
        *prefix.pkg_config("--cflags", "--libs"), env=prefix.environment())
    expect("libeddy.so.0" in prefix.needed(program), "it is not linked with libeddy.so.0")
    print(run(program, env=prefix.environment()))


def pkgconfig_static(prefix):
    program = prefix.folder("static") / "consumer"
    run(*prefix.cc, "-std=c11", *WARNINGS, HERE / "consumer.c", "-o", program,
        *prefix.pkg_config("--cflags", "--libs", package="eddy-static"), env=prefix.environment())
    foreign = [name for name in prefix.needed(program) if "eddy" in name or "stdc++" in name]
    expect(not foreign, f"a static program needs {foreign}")
    print(run(program, env=prefix.environment()))


def cxx(prefix):
    program = prefix.folder("cxx") / "consumer"
    run(*prefix.cxx, "-std=c++20", *WARNINGS, HERE / "consumer.cpp", "-o", program,
        *prefix.pkg_config("--cflags", "--libs"), env=prefix.environment())
    print(run(program, env=prefix.environment()))


def facade(prefix):
    program = prefix.folder("facade") / "consumer"
    run(*prefix.cxx, "-std=c++20", *WARNINGS, HERE / "consumer_facade.cpp", "-o", program,
        *prefix.pkg_config("--cflags", "--libs"), env=prefix.environment())
    expect("libeddy.so.0" in prefix.needed(program), "it is not linked with libeddy.so.0")
    print(run(program, env=prefix.environment()))


def cmake(prefix):
    need("cmake", "pkg-config")
    folder = prefix.folder("cmake")
    for name in ("cmake/CMakeLists.txt", "consumer.c"):
        shutil.copy(HERE / name, folder)
    run("cmake", "-S", folder, "-B", folder / "build", "-DCMAKE_BUILD_TYPE=Release",
        env=prefix.environment())
    run("cmake", "--build", folder / "build", env=prefix.environment())
    print(run(folder / "build" / "consumer", env=prefix.environment()))


def not_source(folder, names):
    """Build directories, this very one among them, and what git keeps."""
    return [name for name in names if name in (".git", "__pycache__")
            or (Path(folder) / name / "meson-private").exists() or name == "build"]


def subproject(prefix, library):
    need("meson", "ninja")
    folder = prefix.folder("subproject_" + library)
    for name in ("host/meson.build", "consumer.c"):
        shutil.copy(HERE / name, folder)
    shutil.copytree(prefix.source, folder / "subprojects" / "eddy",
                    ignore=not_source)
    # An installed eddy must not be found instead.
    environment = prefix.environment(PKG_CONFIG_PATH="", LD_LIBRARY_PATH="")
    run("meson", "setup", folder / "build", folder, "--wrap-mode", "nodownload",
        "--force-fallback-for", "eddy", f"-Ddefault_library={library}", env=environment)
    run("meson", "compile", "-C", folder / "build", env=environment)
    program = folder / "build" / "host"
    linked = "libeddy.so.0" in prefix.needed(program)
    expect(linked == (library == "shared"), f"its libraries are {prefix.needed(program)}")
    expect(not any("stdc++" in name for name in prefix.needed(program)), "it needs libstdc++")
    print(run(program, env=environment))


def subproject_shared(prefix):
    subproject(prefix, "shared")


def subproject_static(prefix):
    subproject(prefix, "static")


def ffi(prefix, interpreter, script):
    environment = prefix.environment(EDDY_LIBRARY=str(prefix.lib / "libeddy.so.0"))
    said = run(*interpreter, prefix.source / "examples" / "ffi" / script, env=environment)
    expect("echoed: hello" in said, said)
    print(said)


def python(prefix):
    ffi(prefix, [sys.executable, "-B"], "echo.py")


def luajit(prefix):
    need("luajit")
    ffi(prefix, ["luajit"], "echo.lua")


CASES = {case.__name__: case for case in (
    files, pkgconfig_shared, pkgconfig_static, cxx, facade, cmake, subproject_shared, subproject_static,
    python, luajit)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=sorted(CASES))
    for name in ("scratch", "source", "cc", "cxx"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    prefix = Prefix(options.scratch, options.source, options.cc, options.cxx)
    if options.case != "files":
        prefix.install(afresh=False)
    CASES[options.case](prefix)


if __name__ == "__main__":
    main()
