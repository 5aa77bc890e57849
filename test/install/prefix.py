"""The installation that the other tests use: eddy, configured and built afresh, under a prefix."""

import contextlib
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

SECONDS = 280


def run(*command, cwd=None, env=None):
    """Runs a command, shows it and what it says when it fails, and returns its output."""
    command = [str(word) for word in command]
    ran = subprocess.run(command, cwd=cwd, env=env, timeout=SECONDS, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ran.returncode != 0:
        print("$ " + " ".join(command))
        print(ran.stdout)
        raise SystemExit(1)
    return ran.stdout


def need(*programs):
    """The test cannot run without them."""
    for program in programs:
        if not shutil.which(program):
            print(f"SKIP: there is no {program} here")
            raise SystemExit(77)


@contextlib.contextmanager
def locked(path):
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Prefix:
    def __init__(self, scratch, source, cc, cxx):
        self.scratch, self.source = Path(scratch), Path(source)
        self.cc, self.cxx = cc.split(), cxx.split()
        self.path = self.scratch / "prefix"
        self.lib = self.path / "lib"
        self.scratch.mkdir(parents=True, exist_ok=True)

    def environment(self, **more):
        """Nothing of the surrounding build gets in, neither flags nor an uninstalled library."""
        foreign = ("MESON", "PKG_CONFIG", "DESTDIR", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS",
                   "LD_LIBRARY_PATH", "EDDY_")
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(foreign)}
        kept.update(CC=" ".join(self.cc), CXX=" ".join(self.cxx),
                    PKG_CONFIG_PATH=str(self.lib / "pkgconfig"), LD_LIBRARY_PATH=str(self.lib))
        return {**kept, **more}

    def install(self, afresh):
        """Builds and installs, unless that was done; `afresh` begins from nothing."""
        need("meson", "ninja")
        build, done = self.scratch / "build", self.scratch / "installed"
        with locked(self.scratch / "lock"):
            if done.exists() and not afresh:
                return
            for folder in (build, self.path):
                shutil.rmtree(folder, ignore_errors=True)
            done.unlink(missing_ok=True)
            environment = self.environment()
            run("meson", "setup", build, self.source, "--prefix", self.path, "--libdir", "lib",
                "--buildtype", "release", "-Db_ndebug=true", "--wrap-mode", "nodownload",
                env=environment)
            run("meson", "compile", "-C", build, env=environment)
            run("meson", "install", "-C", build, "--no-rebuild", env=environment)
            done.touch()

    def folder(self, name):
        """An empty folder for one test."""
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def pkg_config(self, *arguments, package="eddy"):
        need("pkg-config")
        return run("pkg-config", *arguments, package, env=self.environment()).split()

    def needed(self, program):
        """The shared libraries that a program names."""
        lines = run("readelf", "-d", "-W", program).splitlines()
        return [line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line]
