"""One way of using an installed eddy: use.py CASE, see CASES."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from prefix import Prefix
from system import Unix, Windows, need, run, skip

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
    wanted = headers | prefix.system.installed | {"lib/pkgconfig/eddy.pc", "lib/pkgconfig/eddy-static.pc"}
    found = {path.relative_to(prefix.path).as_posix() for path in prefix.path.rglob("*")
             if not path.is_dir()}
    expect(found == wanted, f"missing: {sorted(wanted - found)}\nextra: {sorted(found - wanted)}")


def check(prefix, program, shared, environment, in_c=True):
    """It is linked with the shared library, or carries eddy inside when that is None; it runs."""
    needed = prefix.system.needed(program)
    expect(needed, "it needs no library at all: this was read wrongly")
    linked = prefix.shared.name in needed
    expect(linked == bool(shared), f"it needs {needed}")
    foreign = [name for name in needed if "stdc++" in name or "pthread" in name]
    expect(not (in_c and foreign), f"a program in C needs {foreign}")
    exported = prefix.system.exports(program)
    expect(not exported, f"it exports {exported}")
    print(prefix.system.execute(program, shared, environment))


def pkgconfig_shared(prefix):
    program = prefix.program(prefix.folder("shared"))
    run(*prefix.cc, "-std=c11", *WARNINGS, HERE / "consumer.c", "-o", program,
        *prefix.pkg_config("--cflags", "--libs"), env=prefix.environment())
    check(prefix, program, prefix.shared, prefix.environment())


def pkgconfig_static(prefix):
    program = prefix.program(prefix.folder("static"))
    run(*prefix.cc, "-std=c11", *WARNINGS, HERE / "consumer.c", "-o", program,
        *prefix.pkg_config("--cflags", "--libs", package="eddy-static"), env=prefix.environment())
    check(prefix, program, None, prefix.environment())


def in_cxx(prefix, name, source):
    program = prefix.program(prefix.folder(name))
    libraries = prefix.pkg_config("--libs")
    run(*prefix.cxx, "-std=c++20", *WARNINGS, *prefix.pkg_config("--cflags"), HERE / source, "-o", program,
        *prefix.system.with_runtime(libraries), env=prefix.environment())
    check(prefix, program, prefix.shared, prefix.environment(), in_c=False)


def cxx(prefix):
    in_cxx(prefix, "cxx", "consumer.cpp")


def facade(prefix):
    in_cxx(prefix, "facade", "consumer_facade.cpp")


def static_program(prefix):
    """`cc -static` finds eddy by the name of the shared library."""
    program = prefix.program(prefix.folder("static_program"))
    libraries = prefix.pkg_config("--static", "--cflags", "--libs")
    if not Path(run(*prefix.cc, "-print-file-name=liburing.a").strip()).is_absolute():
        skip("there is no static liburing here")
    run(*prefix.cc, "-std=c11", *WARNINGS, "-static", HERE / "consumer.c", "-o", program, *libraries,
        env=prefix.environment())
    expect(not prefix.system.needed(program), "it needs libraries")
    print(prefix.system.execute(program, None, prefix.environment()))


def cmake_build(prefix, folder, source, environment, *settings):
    for file in (HERE / source / "CMakeLists.txt", HERE / "consumer.c"):
        shutil.copy(file, folder)
    run("cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", "-DCMAKE_BUILD_TYPE=Release", *settings,
        *prefix.system.cmake_setup, env=environment)
    run("cmake", "--build", folder / "build", env=environment)
    return prefix.program(folder / "build")


def cmake(prefix):
    need("cmake", "pkg-config")
    program = cmake_build(prefix, prefix.folder("cmake"), "cmake", prefix.environment())
    check(prefix, program, prefix.shared, prefix.environment())


def cmake_static(prefix):
    need("cmake", "pkg-config")
    program = cmake_build(prefix, prefix.folder("cmake_static"), "cmake", prefix.environment(),
                          "-DPACKAGE=eddy-static")
    check(prefix, program, None, prefix.environment())


def meson_static(prefix):
    need("meson", "ninja", "pkg-config")
    folder = prefix.folder("meson_static")
    for name in ("meson/meson.build", "consumer.c"):
        shutil.copy(HERE / name, folder)
    run("meson", "setup", folder / "build", folder, *prefix.system.meson_setup, env=prefix.environment())
    run("meson", "compile", "-C", folder / "build", env=prefix.environment())
    check(prefix, prefix.program(folder / "build"), None, prefix.environment())


def microsoft(prefix):
    """eddy.lib and Microsoft's ABI: clang in its guise of cl, and lld in that of link."""
    need("clang", "lld-link")
    program = prefix.program(prefix.folder("microsoft"))
    built = program.with_suffix(".obj")
    run("clang", "--driver-mode=cl", "--target=x86_64-pc-windows-msvc", "/W4", "/WX", "/std:c11", "/GS-", "/c",
        "-Xclang", "-ffreestanding", f"/I{prefix.path / 'include'}", f"/Fo{built}", "--",
        HERE / "microsoft.c")
    run("lld-link", "/entry:start", "/subsystem:console", "/nodefaultlib", f"/out:{program}", built,
        prefix.path / "lib/eddy.lib")
    check(prefix, program, prefix.shared, prefix.environment())


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
    environment = prefix.environment(**prefix.system.without_prefix())
    run("meson", "setup", folder / "build", folder, "--wrap-mode", "nodownload",
        "--force-fallback-for", "eddy", f"-Ddefault_library={library}", "-Dbuildtype=plain",
        *prefix.system.meson_setup, env=environment)
    run("meson", "compile", "-C", folder / "build", env=environment)
    built = folder / "build" / "subprojects" / "eddy" / prefix.shared.name
    check(prefix, prefix.program(folder / "build", "host"), built if library == "shared" else None, environment)


def subproject_shared(prefix):
    subproject(prefix, "shared")


def subproject_static(prefix):
    subproject(prefix, "static")


def ffi(prefix, interpreter, script):
    environment = prefix.environment(EDDY_LIBRARY=str(prefix.shared))
    said = run(*interpreter, prefix.source / "examples" / "ffi" / script, env=environment)
    expect("echoed: hello" in said, said)
    print(said)


def python(prefix):
    ffi(prefix, [sys.executable, "-B"], "echo.py")


def luajit(prefix):
    need("luajit")
    ffi(prefix, ["luajit"], "echo.lua")


CASES = {case.__name__: case for case in (
    files, pkgconfig_shared, pkgconfig_static, static_program, cxx, facade, cmake, cmake_static, meson_static,
    subproject_shared, subproject_static, microsoft, python, luajit)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=sorted(CASES))
    for name in ("scratch", "source", "build", "cc", "cxx"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--system", choices=["unix", "windows", "wine"], required=True)
    parser.add_argument("--objdump", nargs="+")
    options = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    if options.system == "unix":
        system = Unix()
    else:
        system = Windows(options.objdump, options.build, under_wine=options.system == "wine")
    prefix = Prefix(options.scratch, options.source, options.cc, options.cxx, system)
    if options.case != "files":
        prefix.install(afresh=False)
    CASES[options.case](prefix)


if __name__ == "__main__":
    main()
