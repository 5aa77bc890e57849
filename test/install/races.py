"""Programs built with ThreadSanitizer on an installed library, which is built without: no race that is none."""

import os
import shutil
import subprocess
from pathlib import Path

from system import run, skip

HERE = Path(__file__).resolve().parent


def starts(program, environment):
    """How a program with the sanitizer's shadow starts here, or None: randomised mappings can land in it."""
    for wrapper in ([], ["setarch", "-R"]):
        if wrapper and not shutil.which(wrapper[0]):
            continue
        tries = [subprocess.run([*wrapper, program], env=environment, check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT).returncode for _ in range(5)]
        if not any(tries):
            return wrapper
    return None


def compilers(prefix, cxx):
    """The one of this build and, where it is another, clang."""
    own, clang = (prefix.cxx, "clang++") if cxx else (prefix.cc, "clang")
    yield own
    if shutil.which(clang) and clang not in Path(own[-1]).name:
        yield [clang]


def run_with(prefix, folder, compiler, source, standard):
    """False where this compiler has no sanitizer, or its programs do not start."""
    environment = prefix.environment(TSAN_OPTIONS="halt_on_error=1:exitcode=66")
    command = [*compiler, "-g", standard, "-Wall", "-Wextra", "-Werror", "-fsanitize=thread"]
    probe, name = folder / "probe.c", Path(compiler[-1]).name
    probe.write_text("int main(void) { return 0; }\n", encoding="ascii")
    if subprocess.run([*compiler, "-fsanitize=thread", "-x", "c", probe, "-o", folder / "probe"], check=False,
                      env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).returncode:
        print(f"{name} has no ThreadSanitizer here")
        return False
    wrapper = starts(folder / "probe", environment)
    if wrapper is None:
        print(f"programs of {name} with ThreadSanitizer do not start here")
        return False
    for package in ("eddy", "eddy-static"):
        program = folder / f"{name}-{package}"
        run(*command, HERE / source, "-o", program, *prefix.pkg_config("--cflags", "--libs", package=package),
            "-pthread", env=environment)
        for driver in ("epoll", "auto"):
            print(name, package, driver)
            print(run(*wrapper, program, env={**environment, "EDDY_DRIVER": driver}))
    return True


def races(prefix, source, standard, cxx):
    folder = prefix.folder("races_" + Path(source).suffix[1:])
    os.environ.pop("TSAN_OPTIONS", None)
    if not any([run_with(prefix, folder, compiler, source, standard) for compiler in compilers(prefix, cxx)]):
        skip("no compiler here has a ThreadSanitizer whose programs start")


def tsan(prefix):
    races(prefix, "consumer_tsan.c", "-std=c11", cxx=False)


def tsan_facade(prefix):
    races(prefix, "consumer_tsan.cpp", "-std=c++20", cxx=True)
