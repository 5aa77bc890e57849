"""A network of one's own for each thread: a fixed port in it is nobody else's."""

import ctypes
import fcntl
import os
import socket
import struct

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # CLONE_* of <linux/sched.h>
SET_FLAGS, UP = 0x8914, 1  # SIOCSIFFLAGS of <linux/sockios.h>, IFF_UP of <net/if.h>


def unshare(what):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(what):
        raise OSError(ctypes.get_errno(), "unshare")


def may_be_had():
    """Asked once, by the only thread there is; a user who is not root gets the right to in a user namespace."""
    user, group = os.getuid(), os.getgid()
    try:
        if user != 0:
            unshare(NEW_USER)
            for name, text in ("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1"):
                with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                    file.write(text)
        enter()
    except OSError:
        return False
    return True


def enter():
    """The calling thread, and each program that it starts, get a loopback of their own."""
    unshare(NEW_NETWORK)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh14x", b"lo", UP))
