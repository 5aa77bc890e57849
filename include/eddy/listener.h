/* Listeners: they accept streams. Loop's thread for everything. A null handle, one that has ended,
   and a null result pointer abort with a message.

   What passes, and ends no listener, is one list. A shortage, with which connections stay in the
   kernel's queue: EDDY_EMFILE, EDDY_ENFILE, EDDY_ENOBUFS, EDDY_ENOMEM, EDDY_ENOSPC (Linux: too many
   descriptors are watched, max_user_watches of epoll(7)). Or many connections in a row that failed
   before they were accepted: EDDY_ECONNABORTED, EDDY_ECONNRESET, EDDY_ENOTCONN, EDDY_ETIMEDOUT,
   EDDY_EPROTO, EDDY_EPERM (a firewall), EDDY_ENETDOWN, EDDY_ENETUNREACH, EDDY_EHOSTDOWN,
   EDDY_EHOSTUNREACH, EDDY_ENOPROTOOPT, EDDY_EPROTONOSUPPORT, EDDY_ENOTSUP (accept(2)). Single ones
   are passed over. The listener then accepts nothing for 100 ms, whatever is started on it.

   Accepts can also give EDDY_ECLOSED (the listener is closing, or the loop is draining),
   EDDY_ELOST, EDDY_ETIMEDOUT and EDDY_ECANCELED, and EDDY_EUNKNOWN with eddy_op_os_error. */

/* Windows.

   The port is taken exclusively (SO_EXCLUSIVEADDRUSE). So it may be refused (EDDY_EADDRINUSE) while
   a connection that was accepted on it before still lives. EDDY_LISTEN_REUSE_PORT gives
   EDDY_ENOTSUP. A backlog of 200 or more is asked for as SOMAXCONN_HINT, up to 65,535.
   EDDY_ENETDOWN is a shortage too: Winsock was ended.

   An address of EDDY_AF_UNIX may be the name of a pipe (<eddy/stream.h>). Such a listener keeps 4
   instances (or `backlog`, if that is less) for clients to come, with the rights that the system
   gives by default, from this machine only. The name is taken until the last stream accepted on it
   is closed, also when the listener was closed before. It has no descriptor, for it has one for
   each client: eddy_listener_native gives EDDY_NO_NATIVE.
   eddy_listener_adopt takes no handle of a pipe: it gives EDDY_ENOTSOCK, or EDDY_EBUSY as
   eddy_stream_adopt does. */

/* Example.

   #include <eddy/stream.h>

   // The op's `data` is the listener. Each connection is closed again.
   static void on_accept(eddy_op_t *op, int64_t result) {
     if (!eddy_op_more(op)) // cancelled, or an error that does not pass
       eddy_listener_close(op->data, NULL, NULL);
     else if (result == 0)
       eddy_stream_close(eddy_op_take_stream(op), NULL, NULL);
   }

   static int listen_on(eddy_loop_t *loop, eddy_op_t *op, uint16_t port) {
     eddy_listener_t *listener;
     eddy_addr_t address;
     int error = eddy_addr_loopback(&address, EDDY_AF_INET, port);
     if (!error) error = eddy_listener_open(loop, &address, NULL, &listener);
     if (error) return error;
     op->data = listener;
     return eddy_listener_accept_many(listener, op, 0, on_accept);
   } */
#ifndef EDDY_LISTENER_H
#define EDDY_LISTENER_H

#include <eddy/addr.h>
#include <eddy/op.h>
#include <eddy/option.h>

enum {
  EDDY_LISTEN_REUSE_PORT = 1 << 0, /* several share the port, the kernel spreads (socket(7)) */
  EDDY_LISTEN_V6ONLY = 1 << 1,     /* an IPv6 listener without IPv4; else it is dual stack */
  EDDY_LISTEN_DELAY = 1 << 2       /* accepted streams have EDDY_OPT_NODELAY off, else on */
};

/* Zero means default. */
typedef struct eddy_listen_options {
  uint32_t size;     /* sizeof(eddy_listen_options_t) */
  uint32_t flags;    /* EDDY_LISTEN_* */
  uint32_t backlog;  /* connections the kernel queues; default: as many as the system takes, which
                        cuts every number to its own limit (somaxconn, listen(2)) */
  uint32_t reserved; /* 0 */
} eddy_listen_options_t;

/* Binds and listens, for TCP or, with an address of EDDY_AF_UNIX, on a path or an abstract name.
   Flags are for TCP alone. `address` and `options` (may be NULL) are read before it returns. The
   listener ends with eddy_listener_close.

   The file of a path is removed when the listener is closed or drained, if it is still the one that
   its bind has made. A relative path is that of the folder in which the process was at the bind.
   With a length of 0 the system chooses an abstract name (unix(7)). SO_REUSEADDR is set where it
   means what it does on Linux.

   Errors come at once. Returns 0, or with *listener NULL
     EDDY_EADDRINUSE    the port is taken, or the path exists, whoever made it
     EDDY_EADDRNOTAVAIL the address is not one of this machine
     EDDY_EACCES        no right to the port or the path
     EDDY_ENOENT        no such folder
     EDDY_EAFNOSUPPORT  a family that is not one of these, or that the system does not have
     EDDY_EINVAL        no address, a path with a NUL inside, `size` is too small
     EDDY_ENAMETOOLONG  a path longer than the system's (sun_path, unix(7))
     EDDY_ENOTSUP       flags with EDDY_AF_UNIX, an unknown flag or option, `reserved` is not 0, and
                        EDDY_LISTEN_REUSE_PORT (Windows)
     EDDY_EMFILE, EDDY_ENFILE, EDDY_ENOMEM   resources
     EDDY_ECLOSED       the loop is draining
     EDDY_ELOST         it has lost its kernel interface */
EDDY_API int eddy_listener_open(eddy_loop_t *loop, const eddy_addr_t *address,
                                const eddy_listen_options_t *options, eddy_listener_t **listener);

/* Takes over a native stream socket that listens, or that is bound: this one listens then, with a
   queue as long as the system takes. It is set non-blocking and close-on-exec, and closed with the
   handle. Its options stay as they are, and so does the file of a Unix socket's path. Returns 0, or
   the errors of eddy_stream_adopt, with the descriptor still the caller's, and
     EDDY_EINVAL  it is neither, for nobody knows its address then, or it is connected */
EDDY_API int eddy_listener_adopt(eddy_loop_t *loop, eddy_native_t native,
                                 eddy_listener_t **listener);

/* Accepts one connection. The result is 0 with a stream (eddy_op_take_stream), or an error. That
   may be one that passes (the list above): start the next accept all the same, it waits as long as
   it must. Cancel class prompt. */
EDDY_API int eddy_listener_accept(eddy_listener_t *listener, eddy_op_t *op, eddy_cb cb);

/* The same, but what passes does not end it: it waits for the next connection. */
EDDY_API int eddy_listener_accept_next(eddy_listener_t *listener, eddy_op_t *op, eddy_cb cb);

/* Multishot: a `more` callback with 0 and a stream for each connection. At most `max_undelivered`
   are accepted and wait for their callback at any time (0: 16; 1: no accepting ahead). What passes
   comes as a `more` callback with that error, no more than every 100 ms; the library waits and goes
   on. Cancel class prompt: what was accepted is delivered before the final callback. Closing the
   listener closes it. */
EDDY_API int eddy_listener_accept_many(eddy_listener_t *listener, eddy_op_t *op,
                                       uint32_t max_undelivered, eddy_cb cb);

/* Pauses accepting of every kind, and resumes it; both idempotent. Connections wait in the kernel's
   queue. While paused nothing is accepted, and what was accepted before is still delivered. */
EDDY_API void eddy_listener_pause(eddy_listener_t *listener);
EDDY_API void eddy_listener_resume(eddy_listener_t *listener);

/* Closes (rule 8). `op` and `cb` may both be NULL. Returns EDDY_PENDING. When it returns nothing
   connects any more, and the address is free, unless somebody else has the socket too (after a fork
   or a dup, or a listener with EDDY_LISTEN_REUSE_PORT). What waits in the kernel's queue is
   reset. */
EDDY_API int eddy_listener_close(eddy_listener_t *listener, eddy_op_t *op, eddy_cb cb);

/* The address it listens on, with the port the system chose. *addr is zeroed on error. Returns 0,
   or
     EDDY_ECLOSED  it is closing
     EDDY_EINVAL   `addr` is NULL */
EDDY_API int eddy_listener_address(const eddy_listener_t *listener, eddy_addr_t *addr);

/* Set or read an option of <eddy/option.h>, with the errors of eddy_stream_set_option and
   eddy_stream_get_option. */
EDDY_API int eddy_listener_set_option(eddy_listener_t *listener, uint32_t option, int64_t value);
EDDY_API int eddy_listener_get_option(const eddy_listener_t *listener, uint32_t option,
                                      int64_t *value);

/* The descriptor, still the listener's; EDDY_NO_NATIVE when it is closing. */
EDDY_API eddy_native_t eddy_listener_native(const eddy_listener_t *listener);

#endif
