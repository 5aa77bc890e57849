"""One way of using an installed eddy: use.py CASE, see CASES."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from prefix import Prefix, not_source
from races import tsan, tsan_facade
from system import Unix, Windows, need, run, skip
from versions import versions

HERE = Path(__file__).resolve().parent
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def expect(condition, message):
    if not condition:
        print(message)
        raise SystemExit(1)


def installed_by(prefix, *kinds):
    """What comes with these libraries."""
    packages = {"lib/pkgconfig/eddy.pc"} | ({"lib/pkgconfig/eddy-static.pc"} if "static" in kinds else set())
    configs = {f"lib/cmake/eddy/eddyConfig{part}.cmake" for part in ("", "Version")}
    return packages | configs | {file for kind in kinds for file in prefix.system.libraries[kind]}


def expect_files(found, wanted):
    expect(found == wanted, f"missing: {sorted(wanted - found)}\nextra: {sorted(found - wanted)}")


def files(prefix):
    """A fresh build installs these files, and no others."""
    prefix.install(afresh=True)
    headers = {f"include/eddy/{path.name}" for path in (prefix.source / "include/eddy").iterdir()}
    headers |= {f"include/{path.name}" for path in (prefix.source / "include").glob("eddy.h*")}
    pages = {f"share/doc/eddy/{name}" for name in ("README.md", "CHANGELOG.md", "LICENSE")}
    pages |= {f"share/doc/eddy/docs/{path.name}" for path in (prefix.source / "docs").iterdir()}
    expect_files(prefix.files(), headers | pages | installed_by(prefix, "shared", "static"))


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


def pkgconfig(prefix, package, shared):
    program = prefix.program(prefix.folder(package))
    run(*prefix.cc, "-std=c11", *WARNINGS, HERE / "consumer.c", "-o", program,
        *prefix.pkg_config("--cflags", "--libs", package=package), env=prefix.environment())
    check(prefix, program, shared, prefix.environment())


def pkgconfig_shared(prefix):
    pkgconfig(prefix, "eddy", prefix.shared)


def pkgconfig_static(prefix):
    pkgconfig(prefix, "eddy-static", None)


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


def moved(prefix, name):
    """The installation, somewhere else."""
    place = prefix.folder(name)
    shutil.copytree(prefix.path, place / "elsewhere", symlinks=True)
    return place, [f"-DCMAKE_PREFIX_PATH={place / 'elsewhere'}"]


def cmake_config(prefix):
    need("cmake")
    place, settings = moved(prefix, "cmake_config")
    environment = prefix.environment(**prefix.system.without_prefix())
    program = cmake_build(prefix, place, "cmake_config", environment, *settings)
    check(prefix, program, place / "elsewhere" / prefix.system.shared, environment)


def cmake_config_static(prefix):
    need("cmake")
    place, settings = moved(prefix, "cmake_config_static")
    environment = prefix.environment(**prefix.system.without_prefix())
    program = cmake_build(prefix, place, "cmake_config", environment, *settings, "-DTARGET=eddy::eddy-static")
    check(prefix, program, None, environment)


def cmake_versions(prefix):
    """What is too new, or of another series, is refused."""
    need("cmake")
    place = prefix.folder("cmake_versions")
    shutil.copy(HERE / "cmake_config/CMakeLists.txt", place)
    shutil.copy(HERE / "consumer.c", place)
    for version, accepted in (("0.1.0", True), ("0", True), ("0.0...0.1", True), ("0.1...<1", True), ("0.1.1", False),
                              ("0.2", False), ("0.0.9", False), ("1.0", False), ("0.0...<0.1", False), ("0.2...1", False)):
        ran = subprocess.run(["cmake", "-G", "Ninja", "-S", place, "-B", place / "build", f"-DVERSION={version}",
                              "-Deddy_DIR=", f"-DCMAKE_PREFIX_PATH={prefix.path}", *prefix.system.cmake_setup],
                             env=prefix.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expect((ran.returncode == 0) == accepted, f"{version}:\n{ran.stdout}")
        expect(accepted or "version: 0.1.0" in ran.stdout, f"{version} is refused otherwise:\n{ran.stdout}")


def cmake_sources(prefix):
    """Sources that are taken in by CMake say what to do instead."""
    need("cmake")
    place = prefix.folder("cmake_sources")
    (place / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.16)\nproject(host C)\n"
                                          f"add_subdirectory({prefix.source.as_posix()} eddy)\n", encoding="utf-8")
    ran = subprocess.run(["cmake", "-G", "Ninja", "-S", place, "-B", place / "build", *prefix.system.cmake_setup],
                         env=prefix.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expect(ran.returncode and "eddy is built by Meson" in ran.stdout and "find_package(eddy" in ran.stdout, ran.stdout)
    print(ran.stdout)


def meson_static(prefix):
    need("meson", "ninja", "pkg-config")
    folder = prefix.folder("meson_static")
    for name in ("meson/meson.build", "consumer.c"):
        shutil.copy(HERE / name, folder)
    run("meson", "setup", folder / "build", folder, *prefix.system.meson_setup, env=prefix.environment())
    run("meson", "compile", "-C", folder / "build", env=prefix.environment())
    check(prefix, prefix.program(folder / "build"), None, prefix.environment())


def static_alone(prefix):
    """Without the shared library, `eddy` is the static one to everybody."""
    need("cmake", "pkg-config")
    alone = prefix.other("static_alone", "-Ddefault_library=static")
    alone.install(afresh=True)
    expect_files({file for file in alone.files() if file.startswith(("lib/", "bin/"))}, installed_by(alone, "static"))
    pkgconfig(alone, "eddy", None)
    for source in ("cmake", "cmake_config"):
        program = cmake_build(alone, alone.folder(source), source, alone.environment(),
                              f"-DCMAKE_PREFIX_PATH={alone.path}")
        check(alone, program, None, alone.environment())


def shared_alone(prefix):
    alone = prefix.other("shared_alone", "-Ddefault_library=shared")
    alone.install(afresh=True)
    expect_files({file for file in alone.files() if file.startswith(("lib/", "bin/"))}, installed_by(alone, "shared"))
    pkgconfig(alone, "eddy", alone.shared)


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


def subproject(prefix, library, *settings):
    need("meson", "ninja")
    folder = prefix.folder("-".join(["subproject", library, *(setting.strip("-") for setting in settings)]))
    for name in ("host/meson.build", "consumer.c"):
        shutil.copy(HERE / name, folder)
    shutil.copytree(prefix.source, folder / "subprojects" / "eddy",
                    ignore=not_source)
    # An installed eddy must not be found instead.
    environment = prefix.environment(**prefix.system.without_prefix())
    run("meson", "setup", folder / "build", folder, "--wrap-mode", "nodownload",
        "--force-fallback-for", "eddy", "--prefix", "/p", "--libdir", "lib", f"-Ddefault_library={library}", "-Dbuildtype=plain",
        *settings, *prefix.system.meson_setup, env=environment)
    run("meson", "compile", "-C", folder / "build", env=environment)
    built = folder / "build" / "subprojects" / "eddy"
    check(prefix, prefix.program(folder / "build", "host"),
          built / prefix.shared.name if library == "shared" else None, environment)
    other, = {"shared", "static"} - {library}
    names = {Path(file).name for file in prefix.system.libraries[other]}
    found = [path.name for path in built.iterdir() if path.name in names]
    expect(not found, f"built besides: {found}")
    run("meson", "install", "-C", folder / "build", "--destdir", folder / "installed", env=environment)
    top = folder / "installed" / Path("/p").relative_to("/")
    found = {path.relative_to(top).as_posix() for path in top.rglob("*") if not path.is_dir()}
    expect_files({file for file in found if file.startswith(("lib/", "bin/"))}, installed_by(prefix, library))


def subproject_shared(prefix):
    subproject(prefix, "shared")


def subproject_static(prefix):
    subproject(prefix, "static")


def subproject_unity(prefix):
    subproject(prefix, "shared", "-Dunity=on", "-Dunity_size=100")
    subproject(prefix, "static", "-Dunity=on", "-Dunity_size=100")


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
    files, pkgconfig_shared, pkgconfig_static, static_program, cxx, facade, cmake, cmake_static, cmake_config,
    cmake_config_static, cmake_versions, cmake_sources, meson_static, static_alone, shared_alone, subproject_shared, subproject_static,
    subproject_unity, microsoft, python, luajit, tsan, tsan_facade, versions)}


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
