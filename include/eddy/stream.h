/* Streams: TCP connections, Unix sockets, and the named pipes of Windows, with the same verbs.

   A stream of EDDY_AF_UNIX is a Unix socket. On Windows it is a named pipe if the address that it connects to is a
   pipe's name (\\.\pipe\NAME, in UTF-8, at most 107 bytes; unpaired surrogates as WTF-8), else a Unix socket where
   the system has them (Windows 10 1803). A pipe has no half-close and no options, and it stays with its loop.

   A stream is opened idle, may be bound and given options, then connected by an op; reads and writes
   started meanwhile queue behind the connect and fail with its error. Accepted and adopted streams are
   connected. Loop's thread for everything. All start functions can also give EDDY_ECLOSED (closing),
   EDDY_ELOST, EDDY_ETIMEDOUT and EDDY_ECANCELED, and EDDY_EUNKNOWN with eddy_op_os_error. */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include <eddy/addr.h>
#include <eddy/event.h>
#include <eddy/op.h>
#include <eddy/option.h>
#include <eddy/pool.h>

/* Opens an idle stream of EDDY_AF_INET, EDDY_AF_INET6 (TCP) or EDDY_AF_UNIX. EDDY_OPT_NODELAY is on. Returns 0, or EDDY_EAFNOSUPPORT,
   EDDY_EMFILE, EDDY_ENFILE, EDDY_ENOMEM, EDDY_ECLOSED (the loop is draining), EDDY_ELOST. On Windows one of
   EDDY_AF_UNIX has no descriptor until it connects. */
EDDY_API int eddy_stream_open(eddy_loop_t *loop, uint16_t family, eddy_stream_t **stream);

/* Makes two connected streams of EDDY_AF_UNIX, without names: a socket pair, on Windows the two ends of a named
   pipe. Returns 0, or the errors of eddy_stream_open. */
EDDY_API int eddy_stream_pair(eddy_loop_t *loop, eddy_stream_t **a, eddy_stream_t **b);

/* Takes over a native stream socket: sets it non-blocking and close-on-exec, and closes it with the handle. Its other
   options stay as they are. A connected one is a connected stream; one whose connection is over already is too, and its
   reads tell. One that was never connected, bound or not, is an idle stream. On Windows also a handle of a pipe in byte mode, one direction or both: an overlapped one joins the
   loop's completion port, for life; one whose calls block (the ends of CreatePipe, standard input) gets a thread, and
   nobody else may use it meanwhile. What a pipe's handle has no right to do gives EDDY_EACCES; without the right to read
   only a write that fails tells of the end, to waits too. Returns 0; on error the descriptor is still the caller's:
     EDDY_EBADF, EDDY_ENOTSOCK   not open; neither a stream socket nor a pipe of Windows
     EDDY_ENOTSUP a pipe of Windows that reads messages or does not wait, or may do so, by a handle that has neither the
                  right to change that (FILE_WRITE_ATTRIBUTES) nor to ask (FILE_READ_ATTRIBUTES)
     EDDY_EBUSY   a pipe of Windows on which somebody's call blocks, so that the system answers no question about it;
                  said after a fifth of a second
     EDDY_EINVAL  it listens (eddy_listener_adopt), or is a pipe of Windows that has a port already
     EDDY_EALREADY a connect is under way: wait for it with eddy_fd_poll (EDDY_WRITABLE), close that handle, and adopt
     EDDY_EEXIST  it has a handle on this loop, of whatever kind
     EDDY_ECLOSED (the loop is draining), EDDY_ELOST, EDDY_ENOMEM */
EDDY_API int eddy_stream_adopt(eddy_loop_t *loop, eddy_native_t native, eddy_stream_t **stream);

/* Binds an idle stream to a local address, to be connected from there. The file of a Unix socket's path stays when the
   stream is closed. Returns 0, or EDDY_EINVAL (bound or connected already, or no address), EDDY_EADDRINUSE,
   EDDY_EADDRNOTAVAIL, EDDY_EACCES, EDDY_EAFNOSUPPORT, EDDY_ENOENT (no such folder), EDDY_ENOTSUP (EDDY_AF_UNIX on
   Windows), EDDY_ECLOSED, EDDY_EBUSY (inherited over a fork). A path with a NUL inside is EDDY_EINVAL. */
EDDY_API int eddy_stream_bind(eddy_stream_t *stream, const eddy_addr_t *local);

/* Connects. 0, or EDDY_ECONNREFUSED, EDDY_EHOSTUNREACH, EDDY_ENETUNREACH, EDDY_EADDRNOTAVAIL,
   EDDY_EISCONN, EDDY_EALREADY (a connect is pending, or has failed), EDDY_EAFNOSUPPORT, EDDY_EACCES,
   EDDY_ENOENT (nobody listens on that path or pipe), EDDY_ENOMEM, EDDY_EINVAL (no address, or a path with a NUL
   inside), EDDY_EBUSY (inherited over a fork, see eddy_loop_after_fork). When a local listener has
   no room (its queue is full, all instances of its pipe have a client), the connect is tried again every 10 ms,
   without end unless there is a deadline. `peer` is read before it returns. After a failure, a cancel or a deadline
   the stream can only be closed. Cancel class prompt. */
EDDY_API int eddy_stream_connect(eddy_stream_t *stream, eddy_op_t *op, const eddy_addr_t *peer,
                                 eddy_cb cb);

/* One read into the caller's buffers, as soon as there are bytes: their number, 0 at the end of the
   stream, or EDDY_EINVAL (no buffers, no room in them, or over 2^62 bytes), EDDY_ECONNRESET, EDDY_ENOTCONN. Any number
   of buffers; one read fills 1024 of them at most, from the first one with room on. Not reading is backpressure. Cancel
   class prompt. */
EDDY_API int eddy_stream_read(eddy_stream_t *stream, eddy_op_t *op, const eddy_buf_t *buffers,
                              uint32_t count, eddy_cb cb);

/* Multishot reads into the buffers of a pool. Each `more` callback brings one lease (its size is the
   result): eddy_op_take_lease to keep it. The op never holds more than `credits` buffers, on loan and
   waiting for a callback together; at that number, or when the pool is empty, it waits until a lease
   is given back (in FIFO order among the reads of the pool). 0 credits mean all of the pool's buffers.
   Final: 0 at the end
   of the stream, or EDDY_ECONNRESET, EDDY_ENOTCONN, EDDY_EWRONGLOOP (the pool is of another loop),
   EDDY_ECANCELED (cancel, or the pool was closed). Cancel class prompt; what was received before it is
   delivered before the final callback. Closing the stream drops it, and what reads behind it have received
   follows a gap then. */
EDDY_API int eddy_stream_read_pool(eddy_stream_t *stream, eddy_op_t *op, eddy_pool_t *pool,
                                   uint32_t credits, eddy_cb cb);

/* Writes all bytes of the buffers, in start order. The total on success; else the reason, with the
   bytes taken by the kernel in eddy_op_transferred: EDDY_EPIPE (shut down, or the peer is gone),
   EDDY_ECONNRESET, EDDY_ENOTCONN, EDDY_EINVAL (no buffers where `count` says so, or over 2^62 bytes). Any number of
   buffers, and of writes that are queued: neither makes a write dearer. Zero bytes are a write that completes in its
   turn. Never raises SIGPIPE. Cancel class prompt. On a pipe of Windows the count of a cancelled
   write may be up to 64 KiB too low, for the system does not tell how much of its last part the peer has read; and all
   writes queued behind it fail. */
EDDY_API int eddy_stream_write(eddy_stream_t *stream, eddy_op_t *op, const eddy_buf_t *buffers,
                               uint32_t count, eddy_cb cb);

/* Completes when one of `events` (<eddy/event.h>) holds, with the mask; takes no data. Any number at once,
   level semantics: the loop looks when it next waits, as eddy_fd_poll says. Cancel class prompt. */
EDDY_API int eddy_stream_wait(eddy_stream_t *stream, eddy_op_t *op, uint32_t events, eddy_cb cb);

/* Which side to shut down. */
enum { EDDY_SHUT_READ = 1, EDDY_SHUT_WRITE = 2, EDDY_SHUT_BOTH = 3 };

/* Half-close. WRITE and BOTH queue behind the writes and then send FIN; later writes give EDDY_EPIPE.
   READ acts at once: reads, pending ones too, see the end of the stream after what has arrived. 0, or
   EDDY_ENOTCONN, EDDY_EPIPE (that side was shut down already), EDDY_ENOTSUP (a pipe of Windows: only closing it
   ends it), EDDY_EINVAL, EDDY_EBUSY (inherited over a fork: the parent would see it). Cancel class prompt. */
EDDY_API int eddy_stream_shutdown(eddy_stream_t *stream, eddy_op_t *op, uint32_t side, eddy_cb cb);

/* Closes (rule 8), or closes with a reset: unsent bytes are dropped and the peer sees
   EDDY_ECONNRESET (SO_LINGER 0, socket(7)); a local stream is just closed, and so is one that was inherited over a
   fork, for the connection is the parent's too. `op` and `cb` may both be NULL. */
EDDY_API int eddy_stream_close(eddy_stream_t *stream, eddy_op_t *op, eddy_cb cb);
EDDY_API int eddy_stream_close_reset(eddy_stream_t *stream, eddy_op_t *op, eddy_cb cb);

/* Ends the handle like close but yields its descriptor (eddy_op_take_native), which any loop may adopt:
   the way to move a stream to another loop. A descriptor that is not taken is closed. 0, or EDDY_EBUSY
   with nothing changed while other ops are pending on it, EDDY_ENOTSUP for a pipe of Windows, likewise. Cancel class
   prompt, but too late once started. */
EDDY_API int eddy_stream_release(eddy_stream_t *stream, eddy_op_t *op, eddy_cb cb);

/* Bytes of started writes that the kernel is not known to have taken yet. It falls with each part that the
   kernel takes, not only when a write completes. */
EDDY_API uint64_t eddy_stream_queued(const eddy_stream_t *stream);

/* Backpressure with hysteresis. The stream becomes congested when eddy_stream_queued reaches `high`, and
   stops being so when it has fallen to `low`. Defaults 64 KiB and 1 MiB. EDDY_EINVAL unless
   low < high. */
EDDY_API int eddy_stream_set_watermarks(eddy_stream_t *stream, uint64_t low, uint64_t high);
EDDY_API int eddy_stream_congested(const eddy_stream_t *stream);

/* Completes with 0 when the stream is not congested: at once if it is not now. Any number at once. When
   the stream fails its writes, it is not congested any more. Cancel class prompt. */
EDDY_API int eddy_stream_wait_uncongested(eddy_stream_t *stream, eddy_op_t *op, eddy_cb cb);

/* Sets or reads an option. 0, or EDDY_EINVAL (unknown option or bad value), EDDY_ENOPROTOOPT,
   EDDY_ENOTSUP, EDDY_ENOTSOCK (a pipe of Windows), EDDY_ECLOSED (set on a closing handle), EDDY_EBUSY (set on one that
   was inherited over a fork), or what the system says. */
EDDY_API int eddy_stream_set_option(eddy_stream_t *stream, uint32_t option, int64_t value);
EDDY_API int eddy_stream_get_option(const eddy_stream_t *stream, uint32_t option, int64_t *value);

/* The generic call: setsockopt(2) and getsockopt(2) with native numbers; *size is in and out. */
EDDY_API int eddy_stream_set_native_option(eddy_stream_t *stream, int32_t level, int32_t name,
                                           const void *value, uint32_t size);
EDDY_API int eddy_stream_get_native_option(const eddy_stream_t *stream, int32_t level, int32_t name,
                                           void *value, uint32_t *size);

/* The local address; the peer's, which is kept in the stream and so known after a reset too. One without a name
   (a client of a local listener, an end of a pair) has length 0. 0, or EDDY_ENOTCONN (no peer yet), EDDY_ECLOSED. */
EDDY_API int eddy_stream_local_address(const eddy_stream_t *stream, eddy_addr_t *addr);
EDDY_API int eddy_stream_peer_address(const eddy_stream_t *stream, eddy_addr_t *addr);

/* The descriptor, still the stream's; EDDY_NO_NATIVE while there is none. */
EDDY_API eddy_native_t eddy_stream_native(const eddy_stream_t *stream);

/* The loop of the stream. */
EDDY_API eddy_loop_t *eddy_stream_loop(const eddy_stream_t *stream);

#endif
