/* Streams: TCP connections and Unix sockets, with the same verbs.

   A stream is opened idle, may be bound and given options, and is then connected by an op. Reads
   and writes started meanwhile queue behind the connect and fail with its error. Accepted and
   adopted streams are connected.

   Loop's thread for everything. A null handle, one that has ended, and a null result pointer abort
   with a message. All start functions can also give
     EDDY_ECLOSED    the stream is closing, or the loop is draining
     EDDY_ELOST      the loop has lost its kernel interface
     EDDY_ETIMEDOUT, EDDY_ECANCELED   past the deadline, or cancelled
     EDDY_ENOSPC     Linux: too many descriptors are watched (max_user_watches of epoll(7))
     EDDY_EUNKNOWN   another error of the system (eddy_op_os_error) */

/* Windows.

   A stream of EDDY_AF_UNIX is a named pipe if the address that it connects to is a pipe's name:
   \\.\pipe\NAME, in UTF-8, at most 107 bytes, unpaired surrogates as WTF-8. Else it is a Unix
   socket, where the system has them (Windows 10 1803). Until it connects it has no descriptor, and
   cannot be bound. The streams of eddy_stream_pair are the two ends of a named pipe.

   A pipe has no half-close: only closing it ends it. It has no options. It stays with its loop, so
   that it cannot be released. A name on which nobody listens gives EDDY_ENOENT. A connect waits, as
   for a full queue, while all instances of the pipe have a client. The count of a cancelled write
   may be up to 64 KiB too low, for the system does not tell how much of its last part the peer has
   read. All writes queued behind it fail.

   eddy_stream_adopt takes a handle of a pipe in byte mode too, one direction or both. An overlapped
   one joins the loop's completion port, for life. One whose calls block (the ends of CreatePipe,
   standard input) gets a thread, and nobody else may use it meanwhile. What a pipe's handle has no
   right to do gives EDDY_EACCES. Without the right to read only a write that fails tells of the
   end, to waits too.

   What the errors that are marked mean:
     EDDY_EACCES   an op of a pipe: its handle has no right to do that
     EDDY_ENOTSUP  eddy_stream_bind: the stream is of EDDY_AF_UNIX
                   eddy_stream_shutdown, eddy_stream_release: it is a pipe
                   eddy_stream_adopt: a pipe that reads messages or does not wait, or may do so, by
                   a handle that has neither the right to change that (FILE_WRITE_ATTRIBUTES) nor to
                   ask (FILE_READ_ATTRIBUTES)
     EDDY_EBUSY    eddy_stream_adopt: a pipe on which somebody's call blocks, so that the system
                   answers no question about it; said after a fifth of a second
     EDDY_EINVAL   eddy_stream_adopt: a pipe that has a completion port already
     EDDY_ENOTSOCK an option of a pipe */

/* Example.

   #include <stdio.h>

   // The op's `data` is the stream. What was not sent yet goes out behind the close.
   static void on_written(eddy_op_t *op, int64_t result) {
     if (result < 0) fprintf(stderr, "hello: %s\n", eddy_error_text(result));
     eddy_stream_close(op->data, NULL, NULL);
   }

   static void on_connected(eddy_op_t *op, int64_t result) {
     static char text[] = "hello\n";
     static const eddy_buf_t hello = {text, sizeof text - 1};
     if (result < 0)
       on_written(op, result);
     else
       eddy_stream_write(op->data, op, &hello, 1, on_written);
   }

   static int say_hello(eddy_loop_t *loop, eddy_op_t *op, const eddy_addr_t *peer) {
     eddy_stream_t *stream;
     int error = eddy_stream_open(loop, peer->family, &stream);
     if (error) return error;
     op->data = stream;
     return eddy_stream_connect(stream, op, peer, on_connected);
   } */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include <eddy/addr.h>
#include <eddy/event.h>
#include <eddy/op.h>
#include <eddy/option.h>
#include <eddy/pool.h>

/* Opens an idle stream of EDDY_AF_INET, EDDY_AF_INET6 (TCP) or EDDY_AF_UNIX. EDDY_OPT_NODELAY is
   on. The stream ends with eddy_stream_close, eddy_stream_close_reset or eddy_stream_release.
   Returns 0, or with *stream NULL
     EDDY_EAFNOSUPPORT  a family that is not one of these, or that the system does not have
     EDDY_EMFILE, EDDY_ENFILE, EDDY_ENOMEM   resources
     EDDY_ECLOSED       the loop is draining
     EDDY_ELOST         it has lost its kernel interface */
EDDY_API int eddy_stream_open(eddy_loop_t *loop, uint16_t family, eddy_stream_t **stream);

/* Makes two connected streams of EDDY_AF_UNIX, without names: a socket pair. Returns 0, or the
   errors of eddy_stream_open. */
EDDY_API int eddy_stream_pair(eddy_loop_t *loop, eddy_stream_t **a, eddy_stream_t **b);

/* Takes over a native stream socket. Sets it non-blocking and close-on-exec, and closes it with the
   handle. Its other options stay as they are.

   A connected one is a connected stream. One whose connection is over already is too, and its reads
   tell. One that was never connected, bound or not, is an idle stream.

   Returns 0, or with *stream NULL; on error the descriptor is still the caller's:
     EDDY_EBADF    not open
     EDDY_ENOTSOCK not a stream socket
     EDDY_EINVAL   it listens (eddy_listener_adopt)
     EDDY_EALREADY a connect is under way: wait for it with eddy_fd_poll (EDDY_WRITABLE), close that
                   handle, and adopt
     EDDY_EEXIST   it has a handle on this loop, of whatever kind
     EDDY_ECLOSED  the loop is draining
     EDDY_ELOST    it has lost its kernel interface
     EDDY_ENOMEM   no memory
     EDDY_ENOTSUP, EDDY_EBUSY, EDDY_EINVAL   (Windows) */
EDDY_API int eddy_stream_adopt(eddy_loop_t *loop, eddy_native_t native, eddy_stream_t **stream);

/* Binds an idle stream to a local address, to be connected from there. `local` is read before it
   returns. The file of a Unix socket's path stays when the stream is closed. Returns 0, or
     EDDY_EINVAL        bound or connected already, no address, or a path with a NUL inside
     EDDY_EADDRINUSE    the address is in use
     EDDY_EADDRNOTAVAIL it is not one of this machine
     EDDY_EACCES        no right to the port or the path
     EDDY_EAFNOSUPPORT  another family than the stream's
     EDDY_ENOENT        no such folder
     EDDY_ENAMETOOLONG  a path longer than the system's (sun_path, unix(7))
     EDDY_ECLOSED       the stream is closing
     EDDY_EBUSY         inherited over a fork, see eddy_loop_after_fork
     EDDY_ENOTSUP       (Windows) */
EDDY_API int eddy_stream_bind(eddy_stream_t *stream, const eddy_addr_t *local);

/* Connects. `peer` is read before it returns. The result is 0, or
     EDDY_ECONNREFUSED  nobody listens there
     EDDY_EHOSTUNREACH, EDDY_ENETUNREACH, EDDY_EADDRNOTAVAIL   no way to there (connect(2))
     EDDY_EISCONN       it is connected
     EDDY_EALREADY      a connect is pending, or has failed
     EDDY_EAFNOSUPPORT  another family than the stream's
     EDDY_EACCES        no right to the path, among others (connect(2))
     EDDY_ENOENT        nobody listens on that path
     EDDY_EINVAL        no address, or a path with a NUL inside
     EDDY_ENAMETOOLONG  a path longer than the system's (sun_path, unix(7))
     EDDY_ENOMEM        no memory
     EDDY_EBUSY         inherited over a fork, see eddy_loop_after_fork
   When a local listener has no room, for its queue is full, the connect is tried again every 10 ms,
   without end unless there is a deadline. After a failure, a cancel or a deadline the stream can
   only be closed. Cancel class prompt. */
EDDY_API int eddy_stream_connect(eddy_stream_t *stream, eddy_op_t *op, const eddy_addr_t *peer,
                                 eddy_cb cb);

/* One read into the caller's buffers, as soon as there are bytes. Any number of buffers; one read
   fills 1024 of them at most, from the first one with room on. Not reading is backpressure. The
   result is the number of bytes, 0 at the end of the stream, or
     EDDY_EINVAL     no buffers, no room in them, or over 2^62 bytes
     EDDY_ECONNRESET the peer has reset the connection
     EDDY_ENOTCONN   neither connected nor connecting
     EDDY_EACCES     (Windows)
   Cancel class prompt. */
EDDY_API int eddy_stream_read(eddy_stream_t *stream, eddy_op_t *op, const eddy_buf_t *buffers,
                              uint32_t count, eddy_cb cb);

/* Multishot reads into the buffers of a pool. Each `more` callback brings one lease, whose size is
   the result: eddy_op_take_lease to keep it. The op never holds more than `credits` buffers, on
   loan and waiting for a callback together. At that number, or when the pool is empty, it waits
   until a lease is given back, in FIFO order among the reads of the pool. 0 credits mean all of the
   pool's buffers. A null pool, or one that has ended, aborts with a message. The final result is 0
   at the end of the stream, or
     EDDY_ECONNRESET the peer has reset the connection
     EDDY_ENOTCONN   neither connected nor connecting
     EDDY_EWRONGLOOP the pool is of another loop
     EDDY_ECLOSED    the pool is closing
     EDDY_ECANCELED  cancelled, or the pool was closed
     EDDY_EACCES     (Windows)
   Cancel class prompt: what was received before it is delivered before the final callback. Closing
   the stream drops it, and what reads behind it have received follows a gap then. */
EDDY_API int eddy_stream_read_pool(eddy_stream_t *stream, eddy_op_t *op, eddy_pool_t *pool,
                                   uint32_t credits, eddy_cb cb);

/* Writes all bytes of the buffers, in start order. Any number of buffers, and of writes that are
   queued: neither makes a write dearer. Zero bytes are a write that completes in its turn. Never
   raises SIGPIPE. The result is the total on success. Else it is the reason, with the bytes taken
   by the kernel in eddy_op_transferred:
     EDDY_EPIPE      shut down, or the peer is gone
     EDDY_ECONNRESET the peer has reset the connection
     EDDY_ENOTCONN   neither connected nor connecting
     EDDY_EINVAL     no buffers where `count` says so, or over 2^62 bytes
     EDDY_ECANCELED  cancelled, or a write before it has ended short (rule 7)
     EDDY_EACCES     (Windows)
   Cancel class prompt. */
EDDY_API int eddy_stream_write(eddy_stream_t *stream, eddy_op_t *op, const eddy_buf_t *buffers,
                               uint32_t count, eddy_cb cb);

/* Completes when one of `events` (<eddy/event.h>) holds, with the mask; takes no data. Any number
   at once. Level semantics: the loop looks when it next waits, as eddy_fd_poll says. Else the
   result is
     EDDY_EINVAL    no or unknown events
     EDDY_ENOTCONN  neither connected nor connecting
   Cancel class prompt. */
EDDY_API int eddy_stream_wait(eddy_stream_t *stream, eddy_op_t *op, uint32_t events, eddy_cb cb);

/* Which side to shut down. */
enum { EDDY_SHUT_READ = 1, EDDY_SHUT_WRITE = 2, EDDY_SHUT_BOTH = 3 };

/* Half-close. WRITE and BOTH queue behind the writes and then send FIN; later writes give
   EDDY_EPIPE. READ acts at once: reads, pending ones too, see the end of the stream after what has
   arrived. The result is 0, or
     EDDY_ENOTCONN  not connected; of WRITE and BOTH, nor connecting
     EDDY_EPIPE     that side was shut down already
     EDDY_EINVAL    `side` is none of these
     EDDY_EBUSY     inherited over a fork: the parent would see it
     EDDY_ECANCELED cancelled, or a write before it has ended short (rule 7)
     EDDY_ENOTSUP   (Windows)
   Cancel class prompt. */
EDDY_API int eddy_stream_shutdown(eddy_stream_t *stream, eddy_op_t *op, uint32_t side, eddy_cb cb);

/* Closes (rule 8), or closes with a reset: unsent bytes are dropped and the peer sees
   EDDY_ECONNRESET (SO_LINGER 0, socket(7)). A local stream is just closed by both. So is one that
   was inherited over a fork, for the connection is the parent's too. `op` and `cb` may both be
   NULL. Return EDDY_PENDING. */
EDDY_API int eddy_stream_close(eddy_stream_t *stream, eddy_op_t *op, eddy_cb cb);
EDDY_API int eddy_stream_close_reset(eddy_stream_t *stream, eddy_op_t *op, eddy_cb cb);

/* Ends the handle like close but yields its descriptor (eddy_op_take_native), which any loop may
   adopt: the way to move a stream to another loop. A descriptor that is not taken is closed.
   Returns EDDY_PENDING. The result is 0, or with nothing changed
     EDDY_EBUSY    other ops are pending on it
     EDDY_ENOTSUP  (Windows)
   Cancel class prompt, but too late once started. */
EDDY_API int eddy_stream_release(eddy_stream_t *stream, eddy_op_t *op, eddy_cb cb);

/* Bytes of started writes that the kernel is not known to have taken yet. It falls with each part
   that the kernel takes, not only when a write completes. */
EDDY_API uint64_t eddy_stream_queued(const eddy_stream_t *stream);

/* Backpressure with hysteresis. The stream becomes congested when eddy_stream_queued reaches `high`
   bytes, and stops being so when it has fallen to `low`. Defaults 64 KiB and 1 MiB. Returns 0, or
     EDDY_EINVAL  unless low < high */
EDDY_API int eddy_stream_set_watermarks(eddy_stream_t *stream, uint64_t low, uint64_t high);

/* 1 while the stream is congested, else 0. */
EDDY_API int eddy_stream_congested(const eddy_stream_t *stream);

/* Completes with 0 when the stream is not congested: at once if it is not now. Any number at once.
   When the stream fails its writes, it is not congested any more. When its connect fails, the
   result is the error of that. Cancel class prompt. */
EDDY_API int eddy_stream_wait_uncongested(eddy_stream_t *stream, eddy_op_t *op, eddy_cb cb);

/* Set or read an option of <eddy/option.h>. Return 0, or
     EDDY_EINVAL      unknown option, bad value, or NULL
     EDDY_ENOPROTOOPT, EDDY_ENOTSUP   the socket or the system does not have it
     EDDY_ECLOSED     set on a closing handle, or read from one without a descriptor
     EDDY_EBUSY       set on a handle that was inherited over a fork
     EDDY_ENOTSOCK    (Windows)
   or what the system says. */
EDDY_API int eddy_stream_set_option(eddy_stream_t *stream, uint32_t option, int64_t value);
EDDY_API int eddy_stream_get_option(const eddy_stream_t *stream, uint32_t option, int64_t *value);

/* The generic call: setsockopt(2) and getsockopt(2) with native numbers. *size is in and out, in
   bytes. The errors are those of the calls above; unknown numbers are the system's to judge. */
EDDY_API int eddy_stream_set_native_option(eddy_stream_t *stream, int32_t level, int32_t name,
                                           const void *value, uint32_t size);
EDDY_API int eddy_stream_get_native_option(const eddy_stream_t *stream, int32_t level, int32_t name,
                                           void *value, uint32_t *size);

/* The local address, and the peer's, which is kept in the stream and so known after a reset too.
   One without a name (a client of a local listener, an end of a pair) has length 0. *addr is zeroed
   on error. Return 0, or
     EDDY_ENOTCONN  no peer yet
     EDDY_ECLOSED   the stream has no descriptor any more
     EDDY_EINVAL    `addr` is NULL */
EDDY_API int eddy_stream_local_address(const eddy_stream_t *stream, eddy_addr_t *addr);
EDDY_API int eddy_stream_peer_address(const eddy_stream_t *stream, eddy_addr_t *addr);

/* The descriptor, still the stream's; EDDY_NO_NATIVE while there is none. */
EDDY_API eddy_native_t eddy_stream_native(const eddy_stream_t *stream);

/* The loop of the stream. */
EDDY_API eddy_loop_t *eddy_stream_loop(const eddy_stream_t *stream);

#endif
