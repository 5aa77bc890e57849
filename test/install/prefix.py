"""The installation that the other tests use: eddy, configured and built afresh, under a prefix."""

import contextlib
import os
import shutil
from pathlib import Path

from system import lock, need, run


@contextlib.contextmanager
def locked(path):
    with open(path, "w", encoding="ascii") as file:
        lock(file)
        yield


def not_source(folder, names):
    """Build directories, this very one among them, and what git keeps."""
    return [name for name in names if name in (".git", "__pycache__")
            or (Path(folder) / name / "meson-private").exists() or name == "build"]


class Prefix:
    def __init__(self, scratch, source, cc, cxx, system, settings=()):
        self.scratch, self.source = Path(scratch), Path(source)
        self.cc, self.cxx = cc.split(), cxx.split()
        self.system, self.settings = system, settings
        self.path = self.scratch / "prefix"
        self.shared = self.path / system.shared
        self.scratch.mkdir(parents=True, exist_ok=True)

    def environment(self, **more):
        """Nothing of the surrounding build gets in, neither flags nor an uninstalled library."""
        foreign = ("MESON", "PKG_CONFIG", "DESTDIR", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS",
                   "LD_LIBRARY_PATH", "EDDY_")
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(foreign)}
        kept.update(CC=" ".join(self.cc), CXX=" ".join(self.cxx))
        return {**kept, **self.system.environment(self.path), **more}

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
                *self.settings, *self.system.meson_setup, env=environment)
            run("meson", "compile", "-C", build, env=environment)
            run("meson", "install", "-C", build, "--no-rebuild", env=environment)
            done.touch()

    def other(self, name, *settings):
        """Another installation, of another build."""
        return Prefix(self.scratch / name, self.source, " ".join(self.cc), " ".join(self.cxx), self.system, settings)

    def files(self):
        return {path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if not path.is_dir()}

    def folder(self, name):
        """An empty folder for one test."""
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def program(self, folder, name="consumer"):
        return folder / (name + self.system.program_suffix)

    def pkg_config(self, *arguments, package="eddy"):
        need("pkg-config")
        return run("pkg-config", *arguments, package, env=self.environment()).split()
