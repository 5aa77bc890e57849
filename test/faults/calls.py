"""What a system call may plausibly answer, by its manual page, a filter or a limit.

Not here: EAGAIN where something is there to be read, and shortened transfers. An edge of epoll follows after a socket was
truly empty or full, and so no loop on edges may be tested by a lie about it. (run.py shrinks the buffers instead.)
Nor EAGAIN of a write: an eventfd gives it when its reader is to be woken anyway.
"""

PLAUSIBLE = {
    "accept4": "EINTR ECONNABORTED EMFILE ENFILE ENOBUFS ENOMEM EPERM EPROTO EHOSTUNREACH ENETDOWN",
    "bind": "EADDRINUSE EACCES EADDRNOTAVAIL ENOMEM",
    "clone3": "EAGAIN ENOMEM EPERM ENOSYS",
    "connect": "EACCES EADDRNOTAVAIL EAGAIN ECONNREFUSED ENETUNREACH EHOSTUNREACH ETIMEDOUT EPERM",
    "epoll_create1": "EMFILE ENFILE ENOMEM",
    "epoll_ctl": "ENOMEM ENOSPC",
    "epoll_pwait": "EINTR",
    "epoll_pwait2": "EINTR ENOSYS EPERM",
    "epoll_wait": "EINTR",
    "eventfd2": "EMFILE ENFILE ENOMEM ENODEV",
    "fcntl": "EPERM",
    "getpeername": "ENOBUFS ENOTCONN",
    "getsockname": "ENOBUFS",
    "getsockopt": "ENOBUFS ENOMEM ENOPROTOOPT",
    "io_uring_enter": "EINTR EAGAIN EBUSY ENOMEM EPERM",
    "io_uring_register": "EINVAL EPERM ENOMEM EBUSY ENOSYS",
    "io_uring_setup": "EMFILE ENFILE ENOMEM EPERM ENOSYS EINVAL",
    "listen": "EADDRINUSE ENOBUFS",
    "madvise": "ENOMEM EAGAIN EINVAL",
    "mmap": "ENOMEM",
    "munmap": "ENOMEM",
    "newfstatat": "ENOMEM EIO",
    "poll": "EINTR ENOMEM",
    "ppoll": "EINTR ENOMEM",
    "read": "EINTR",
    "readlink": "EACCES ENOENT",
    "recvfrom": "EINTR ECONNRESET ETIMEDOUT ENOMEM EHOSTUNREACH",
    "recvmsg": "EINTR ECONNRESET ETIMEDOUT ENOMEM EHOSTUNREACH",
    "sched_getaffinity": "EPERM ENOSYS",
    "sendmsg": "EINTR EPIPE ECONNRESET ENOBUFS ENOMEM EHOSTUNREACH",
    "sendto": "EINTR EPIPE ECONNRESET ENOBUFS ENOMEM EHOSTUNREACH",
    "setsockopt": "ENOMEM ENOPROTOOPT EPERM",
    "shutdown": "ENOTCONN ENOBUFS",
    "socket": "EMFILE ENFILE ENOBUFS ENOMEM EACCES EAFNOSUPPORT",
    "socketpair": "EMFILE ENFILE ENOMEM EAFNOSUPPORT",
    "unlink": "EACCES EROFS ENOENT",
    "unlinkat": "EACCES EROFS ENOENT",
    "write": "EINTR",
    "writev": "EIO",
}

# Errors that pass by their definition: only once at a time.
PASSING = {"EINTR": None, "EAGAIN": "io_uring_enter", "EBUSY": "io_uring_enter"}


def may_last(call, error):
    return error not in PASSING or PASSING[error] not in (None, call)


# The sanitizers' own: a fault of these hits them.
OF_SANITIZERS = ("mmap", "munmap", "madvise", "clone3", "newfstatat", "readlink", "sched_getaffinity")


def errors_of(call, sanitized=False):
    return [] if sanitized and call in OF_SANITIZERS else PLAUSIBLE.get(call, "").split()
