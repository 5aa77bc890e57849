"""What differs between systems in an installation and in the programs that use it."""

import ast
import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

SECONDS = 560

try:
    import fcntl

    def lock(file):
        fcntl.flock(file, fcntl.LOCK_EX)
except ImportError:
    import msvcrt

    def lock(file):
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                return
            except OSError:  # after ten seconds; a build takes longer
                pass


def run(*command, cwd=None, env=None):
    """Runs a command, shows it and what it says when it fails, and returns its output."""
    command = [str(word) for word in command]
    ran = subprocess.run(command, cwd=cwd, env=env, timeout=SECONDS, text=True, errors="replace",
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ran.returncode != 0:
        print("$ " + " ".join(command))
        print(ran.stdout)
        raise SystemExit(1)
    return ran.stdout


def skip(reason):
    print(f"SKIP: {reason}")
    raise SystemExit(77)


def need(*programs):
    """The test cannot run without them."""
    for program in programs:
        if not shutil.which(program):
            skip(f"there is no {program} here")


class Unix:
    shared = Path("lib/libeddy.so.0")
    libraries = {"shared": {"lib/libeddy.so", "lib/libeddy.so.0", "lib/libeddy.so.0.1.0"},
                 "static": {"lib/libeddy-static.a", "lib/libeddy.a"}}
    program_suffix = ""
    meson_setup = cmake_setup = ()

    def environment(self, prefix):
        return {"PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig"), "LD_LIBRARY_PATH": str(prefix / "lib")}

    def without_prefix(self):
        return {"PKG_CONFIG_PATH": "", "LD_LIBRARY_PATH": ""}

    def with_runtime(self, libraries):
        return libraries

    def needed(self, program):
        """The shared libraries that a program names."""
        lines = run("readelf", "-d", "-W", program).splitlines()
        return [line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line]

    def exports(self, program):
        """Functions of eddy that a program offers to the libraries that it loads."""
        return re.findall(r" (eddy_\w+)$", run("nm", "-D", "--defined-only", program), re.MULTILINE)

    def execute(self, program, shared, environment):
        """Runs a program that uses a shared library, or None."""
        return run(program, env=environment)


class Windows:
    shared = Path("bin/eddy-0.dll")
    libraries = {"shared": {"bin/eddy-0.dll", "lib/eddy.dll.a", "lib/eddy.lib", "lib/eddy.def"},
                 "static": {"lib/libeddy-static.a"}}
    program_suffix = ".exe"

    def __init__(self, objdump, build, under_wine):
        """`build` is the surrounding build directory. With Wine it is a cross build, whose cross files are taken."""
        self.objdump = objdump
        self.wrapper, self.meson_setup, self.cmake_setup = [], [], []
        if under_wine:
            self.wrapper = ["wine"]
            self.meson_setup = [f"--cross-file={file}" for file in cross_files(build)]
            self.cmake_setup = ["-DCMAKE_SYSTEM_NAME=Windows"]

    def environment(self, prefix):
        # Libraries of the machine that builds are not for these programs.
        return {"PKG_CONFIG_LIBDIR": str(prefix / "lib/pkgconfig")}

    def without_prefix(self):
        return {"PKG_CONFIG_LIBDIR": os.devnull}

    def with_runtime(self, libraries):
        """The runtime of C++ inside, eddy outside."""
        return ["-static", "-Wl,-Bdynamic", *libraries, "-Wl,-Bstatic"]

    def needed(self, program):
        return re.findall(r"^\s*DLL Name: (\S+)", run(*self.objdump, "-p", program), re.MULTILINE)

    def exports(self, program):
        return re.findall(r"^\s*\[ *\d+\] .*?(eddy_\w+)$", run(*self.objdump, "-p", program), re.MULTILINE)

    def execute(self, program, shared, environment):
        # Beside itself is where a program looks first.
        if shared:
            shutil.copy(shared, program.parent)
        return run(*self.wrapper, program, env=environment)


def cross_files(build):
    """Those that a build directory was configured with. Meson tells them nowhere else."""
    configured = configparser.RawConfigParser()
    with open(Path(build) / "meson-private" / "cmd_line.txt", encoding="utf-8") as file:
        configured.read_file(file)
    return ast.literal_eval(configured["properties"]["cross_file"])
