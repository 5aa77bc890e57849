"""Arrows between rooms: include <- core <- seam <- api <- the OS folders of src, and no way back."""

import posixpath
import re

import common

# Needs the compiler and libc only, nothing of the C++ runtime.
CORE_CXX = {
    "algorithm", "array", "atomic", "bit", "cassert", "cinttypes", "climits", "compare",
    "concepts", "cstdarg", "cstddef", "cstdint", "cstdio", "cstdlib", "cstring",
    "initializer_list", "iterator", "limits", "new", "numeric", "span", "tuple", "type_traits",
    "utility", "version",
}
# errno values, signals, threads and clocks are the OS's, whatever the C standard says.
CORE_C = common.C_HEADERS - {"errno.h", "setjmp.h", "signal.h", "threads.h", "time.h"}

# Each may use those before it.
ROOMS = ("core", "seam", "api")
INTERNALS = {"core/loop.hpp", "api/stream.hpp", "api/listener.hpp"}
MAY_USE = {"linux": {"unix"}}

# The inline part of the OS header: each OS folder has its own, Meson picks the
# folder, and as the core sees it, it is held to the core's rules.
INLINE = {"os_thread.hpp", "tsan.hpp"}


def public(name):
    return name == "eddy.h" or (name.startswith("eddy/") and name.endswith(".h"))


def check_api(path, text):
    for line, name, quoted in common.includes_of(text):
        if not (public(name) or name in common.C_HEADERS or (quoted and near(path, name))):
            yield line, f"a public C header includes only eddy/*.h and C headers, not {name}"


# What a header is a bridge to, where that is there.
BRIDGES = {"sender.hpp": "stdexec/execution.hpp"}


def check_facade(path, text):
    for line, name, quoted in common.includes_of(text):
        eddy = name == "eddy.hpp" or re.fullmatch(r"eddy/[\w/]+\.hpp", name)
        standard = re.fullmatch(r"[a-z_]+", name)
        theirs = BRIDGES.get(path.rsplit("/", 1)[-1]) == name
        if not (public(name) or eddy or standard or theirs or (quoted and near(path, name))):
            yield line, f"the facade includes only eddy's and C++'s headers, not {name}"


def near(path, name):
    """Is it another public header, named relative to this one?"""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    suffixes = (".h", ".hpp") if path.endswith(".hpp") else (".h",)
    return target.startswith("include/eddy/") and target.endswith(suffixes)


def check_room(path, text):
    room = path.split("/")[1]
    lower = ROOMS[:ROOMS.index(room) + 1]
    for line, name, quoted in common.includes_of(text):
        if public(name) or (not quoted and (name in CORE_CXX | CORE_C | INLINE)):
            continue
        if quoted and name.split("/")[0] in lower and re.fullmatch(r"\w+/(sockets/)?\w+\.hpp", name):
            continue
        yield line, f"src/{room} does not include {name}"


def check_inline(path, text):
    for line, name, quoted in common.includes_of(text):
        own = quoted and "/" not in name and name != "native.hpp"
        if not (own or public(name) or (not quoted and name in CORE_CXX | CORE_C)):
            yield line, f"what the core sees of the system does not include {name}"


def check_sockets(path, text):
    """What POSIX and Winsock share: `native.hpp` is the system's, which Meson picks."""
    for line, name, quoted in common.includes_of(text):
        own = quoted and ("/" not in name or name.startswith("core/"))
        if not (own or public(name) or (not quoted and name in CORE_CXX | common.C_HEADERS)):
            yield line, f"what the socket systems share does not include {name}"


def check_os(path, text):
    own = path.split("/")[1]
    for line, name, quoted in common.includes_of(text):
        if not quoted:
            if name.endswith(".hpp") and name not in INLINE:
                yield line, f"include {name} of this project in quotes"
            continue
        parts = name.split("/")
        if name in INTERNALS:
            yield line, f"{name} is internal to the core"
        elif len(parts) > 1 and parts[0] not in MAY_USE.get(own, set()) | set(ROOMS):
            yield line, f"src/{own} does not include {name}"


def check(path, text):
    if path.startswith("include/"):
        return check_facade(path, text) if path.endswith(".hpp") else check_api(path, text)
    if posixpath.basename(path) in INLINE:
        return check_inline(path, text)
    if path.startswith("src/seam/sockets/"):
        return check_sockets(path, text)
    return check_room(path, text) if path.split("/")[1] in ROOMS else check_os(path, text)


def select(root):
    return common.walk(root, ["include", "src"], common.C_FAMILY)


BAD = [
    ("include/eddy/op.h", "#include <sys/socket.h>\n"),
    ("include/eddy/op.h", '#include "eddy/task.hpp"\n'),
    ("include/eddy/op.h", '#include "../../src/core/op.hpp"\n'),
    ("include/eddy.h", "#include <liburing.h>\n"),
    ("include/eddy.hpp", "#include <unistd.h>\n"),
    ("include/eddy/task.hpp", '#include "../src/core/loop.hpp"\n'),
    ("src/core/turn.cpp", "#include <sys/epoll.h>\n"),
    ("src/core/turn.cpp", "#include <vector>\n"),
    ("src/core/turn.cpp", '#include "api/stream.hpp"\n'),
    ("src/core/turn.cpp", '#include "seam/readiness.hpp"\n'),
    ("src/core/turn.cpp", '#include "op.hpp"\n'),
    ("src/core/op_end.cpp", '#include "api/pool.hpp"\n'),
    ("src/seam/choose.cpp", '#include "api/stream.hpp"\n'),
    ("src/api/stream.cpp", '#include "unix/socket.hpp"\n'),
    ("src/unix/os_thread.hpp", "#include <pthread.h>\n"),
    ("src/core/turn.cpp", "#include <socket.hpp>\n"),
    ("src/core/turn.cpp", "#include <errno.h>\n"),
    ("src/api/stream.cpp", '#include "native.hpp"\n'),
    ("src/seam/sockets/addr.cpp", '#include "unix/poll_events.hpp"\n'),
    ("src/core/turn.cpp", '  #  include "unix/socket.hpp" // down\n'),
    ("src/core/loop.hpp", '#include "linux/ring.hpp"\n'),
    ("src/linux/ring.cpp", '#include "core/loop.hpp"\n'),
    ("src/linux/ring.cpp", '#include "../core/driver.hpp"\n'),
    ("src/unix/socket.cpp", '#include "api/stream.hpp"\n'),
    ("src/win/afd.cpp", '#include "api/listener.hpp"\n'),
    ("src/unix/socket.cpp", '#include "linux/ring.hpp"\n'),
    ("src/win/afd.cpp", '#include "unix/socket.hpp"\n'),
    ("src/linux/ring.cpp", '#include "win/status.hpp"\n'),
]
GOOD = [
    ("include/eddy/op.h", '#include <stdint.h>\n#include "eddy/base.h"\n#include "base.h"\n'),
    ("include/eddy/op.h", "/*\n#include <sys/socket.h>\n*/\n"),
    ("include/eddy.h", "#include <eddy/op.h>\n"),
    ("include/eddy/task.hpp", '#include <coroutine>\n#include <eddy.h>\n#include "eddy/op.hpp"\n'),
    ("src/core/turn.cpp", '#include <atomic>\n#include "eddy/op.h"\n#include "core/driver.hpp"\n'
                          '#include <os_thread.hpp>\n'),
    ("src/api/stream.cpp", '#include "core/op.hpp"\n#include "seam/x.hpp"\n#include "api/pool.hpp"\n'),
    ("src/linux/ring.cpp", '#include <liburing.h>\n#include "core/driver.hpp"\n'
                           '#include "clock.hpp"\n#include "unix/errno.hpp"\n'),
    ("src/seam/sockets/addr.cpp", '#include "native.hpp"\n#include "core/os.hpp"\n'),
    ("src/win/socket.cpp", '#include "seam/sockets/addr.hpp"\n#include "api/pool.hpp"\n'),
    ("src/unix/socket.cpp", '#include <errno.h>\n#include "socket.hpp"\n#include "core/op.hpp"\n'),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
