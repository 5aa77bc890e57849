/* Listeners: they accept streams. Loop's thread. Accepts can also give EDDY_ECLOSED (closing), EDDY_ELOST,
   EDDY_ETIMEDOUT and EDDY_ECANCELED, and EDDY_EUNKNOWN with eddy_op_os_error. */
#ifndef EDDY_LISTENER_H
#define EDDY_LISTENER_H

#include <eddy/addr.h>
#include <eddy/op.h>
#include <eddy/option.h>

enum {
  EDDY_LISTEN_REUSE_PORT =
      1 << 0, /* several listeners share the port, the kernel spreads (socket(7)) */
  EDDY_LISTEN_V6ONLY = 1 << 1, /* an IPv6 listener without IPv4; else an IPv6 one is dual stack */
  EDDY_LISTEN_DELAY = 1 << 2   /* accepted streams have EDDY_OPT_NODELAY off, else on */
};

/* Zero means default. */
typedef struct eddy_listen_options {
  uint32_t size;    /* sizeof(eddy_listen_options_t) */
  uint32_t flags;   /* EDDY_LISTEN_* */
  uint32_t backlog; /* connections the kernel queues; default: as many as the system takes, which
                       cuts every number to its own limit (somaxconn, listen(2)) */
  uint32_t reserved;
} eddy_listen_options_t;

/* Binds and listens, for TCP or, with an address of EDDY_AF_UNIX, on a path, an abstract name, or the name of a pipe of
   Windows (<eddy/stream.h>); flags are for TCP alone then. A path that exists gives EDDY_EADDRINUSE, whoever made it.
   The file is removed when the listener is closed or drained, if it is still the one that its bind has made. A relative
   path is that of the folder in which the process was at the bind. A path with a NUL inside is EDDY_EINVAL. Length 0:
   the system chooses an abstract name (unix(7)). A pipe keeps 4 instances (or `backlog`, if that is less) for clients
   to come, with the rights that the system gives by default, from this machine only; its name is taken until the last
   stream accepted on it is closed. SO_REUSEADDR is set where it means what it does on Linux. Errors come at once: 0, or
   EDDY_EADDRINUSE, EDDY_EADDRNOTAVAIL, EDDY_EACCES, EDDY_ENOENT (no such folder), EDDY_EAFNOSUPPORT, EDDY_EINVAL,
   EDDY_ENOTSUP, EDDY_EMFILE, EDDY_ENFILE, EDDY_ENOMEM, EDDY_ECLOSED (the loop is draining), EDDY_ELOST. `address` and
   `options` (may be NULL) are read before it returns.

   Windows: the port is taken exclusively, so that it may be refused (EDDY_EADDRINUSE) while a connection that was
   accepted on it before still lives. */
EDDY_API int eddy_listener_open(eddy_loop_t *loop, const eddy_addr_t *address,
                                const eddy_listen_options_t *options, eddy_listener_t **listener);

/* Takes over a native stream socket that listens, or that is bound: this one listens then, with a queue as long as the
   system takes. Its options stay as they are, and so does the file of a Unix socket's path. Errors as
   eddy_stream_adopt; EDDY_EINVAL when it is neither, for nobody knows its address then, or is connected. Handles of
   pipes give EDDY_ENOTSOCK, or EDDY_EBUSY. */
EDDY_API int eddy_listener_adopt(eddy_loop_t *loop, eddy_native_t native,
                                 eddy_listener_t **listener);

/* What passes, and ends no listener. A shortage: EDDY_EMFILE, EDDY_ENFILE, EDDY_ENOBUFS, EDDY_ENOMEM, EDDY_ENOSPC
   (Linux: too many descriptors are watched, max_user_watches of epoll(7)), EDDY_ENETDOWN on Windows (Winsock was
   ended); connections stay in the kernel's queue. Or many connections in a row that failed before they were
   accepted: EDDY_ECONNABORTED, EDDY_ECONNRESET, EDDY_ENOTCONN, EDDY_ETIMEDOUT, EDDY_EPROTO, EDDY_EPERM (a
   firewall), EDDY_ENETDOWN, EDDY_ENETUNREACH, EDDY_EHOSTDOWN, EDDY_EHOSTUNREACH, EDDY_ENOPROTOOPT,
   EDDY_EPROTONOSUPPORT, EDDY_ENOTSUP (accept(2)); single ones are passed over. The listener then accepts nothing
   for 100 ms, whatever is started on it. */

/* Accepts one connection: 0 and a stream (eddy_op_take_stream), or an error, one that passes (see above) included: start
   the next one all the same, it waits as long as it must. Cancel class prompt. */
EDDY_API int eddy_listener_accept(eddy_listener_t *listener, eddy_op_t *op, eddy_cb cb);

/* The same, but what passes does not end it: it waits for the next connection. */
EDDY_API int eddy_listener_accept_next(eddy_listener_t *listener, eddy_op_t *op, eddy_cb cb);

/* Multishot: a `more` callback for each connection. At most `max_undelivered` are accepted and wait for
   their callback at any time (0: 16; 1: no accepting ahead). What passes comes as a `more` callback with
   that error, no more than every 100 ms; the library waits and goes on. Cancel
   class prompt; what was accepted is delivered before the final callback. Closing the listener closes it. */
EDDY_API int eddy_listener_accept_many(eddy_listener_t *listener, eddy_op_t *op,
                                       uint32_t max_undelivered, eddy_cb cb);

/* Pauses accepting of either kind, and resumes it; both idempotent. Connections wait in the kernel's queue;
   while paused nothing is accepted, and what was accepted before is still delivered. */
EDDY_API void eddy_listener_pause(eddy_listener_t *listener);
EDDY_API void eddy_listener_resume(eddy_listener_t *listener);

/* Closes (rule 8). `op` and `cb` may both be NULL. When it returns nothing connects any more, and the address is free,
   unless somebody else has the socket too (after a fork or a dup, or a listener with EDDY_LISTEN_REUSE_PORT), or a
   stream that was accepted on this pipe of Windows is open. What waits in the kernel's queue is reset. */
EDDY_API int eddy_listener_close(eddy_listener_t *listener, eddy_op_t *op, eddy_cb cb);

/* The address it listens on, with the port the system chose. 0, or EDDY_ECLOSED (it is closing); then *addr is zero. */
EDDY_API int eddy_listener_address(const eddy_listener_t *listener, eddy_addr_t *addr);

/* Options, by the numbers of <eddy/option.h> and the rules of <eddy/stream.h>. */
EDDY_API int eddy_listener_set_option(eddy_listener_t *listener, uint32_t option, int64_t value);
EDDY_API int eddy_listener_get_option(const eddy_listener_t *listener, uint32_t option,
                                      int64_t *value);

/* The descriptor, still the listener's; EDDY_NO_NATIVE when it is closing, and for a pipe of Windows, which has one for
   each client. */
EDDY_API eddy_native_t eddy_listener_native(const eddy_listener_t *listener);

#endif
