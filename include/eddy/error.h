/* Errors: small permanent negative numbers, the same on every OS.

   Functions and results carry them as they are: a value below zero is one of these. A number once
   given is never given again. The operating system's own code, for logs, is eddy_op_os_error() of
   an op, and eddy_last_os_error() after any other call. Every function here: any thread, never
   fails. */

/* Windows.

   The system's own code is a Win32, WSA or NTSTATUS code. */

/* Example.

   #include <stdio.h>

   // Logs the failure of a call that is no op.
   static void log_failure(const char *call, int error) {
     if (error >= 0) return;
     fprintf(stderr, "%s: %s (%s", call, eddy_error_text(error), eddy_error_name(error));
     if (eddy_last_os_error() != 0) fprintf(stderr, ", system's code %d", eddy_last_os_error());
     fprintf(stderr, ")\n");
   } */
#ifndef EDDY_ERROR_H
#define EDDY_ERROR_H

#include <eddy/base.h>

/* EDDY_ERRORS(X) calls X(name, number, text) for each error. */
#define EDDY_ERRORS(X)                                                                             \
  X(EUNKNOWN, -1, "an error of the system without a number of its own here")                       \
  X(ECANCELED, -2, "the operation was cancelled before it had an effect")                          \
  X(ETIMEDOUT, -3, "the deadline passed, or the peer did not answer in time")                      \
  X(ECLOSED, -4, "the handle or the loop is closing or closed")                                    \
  X(ELOST, -5, "the loop lost its kernel interface")                                               \
  X(EWRONGLOOP, -6, "the handle belongs to another loop")                                          \
  X(EINVAL, -7, "an argument is out of its range, or an option struct has no size")                \
  X(ENOTSUP, -8, "not supported by this system, driver or kind of handle")                         \
  X(EBUSY, -9,                                                                                     \
    "in use: something pending or held forbids it (eddy_loop_drain ends what a loop has)")         \
  X(EALREADY, -10, "already done or under way")                                                    \
  X(ENOMEM, -11, "out of memory, or over the limit for locked memory")                             \
  X(EMFILE, -12, "the process has too many open descriptors")                                      \
  X(ENFILE, -13, "the system has too many open descriptors")                                       \
  X(ENOBUFS, -14, "no buffer space")                                                               \
  X(EPERM, -15, "the operation is not permitted")                                                  \
  X(EACCES, -16, "permission denied")                                                              \
  X(ENOSYS, -17, "the kernel does not have the function")                                          \
  X(EBADF, -18, "the descriptor is not open, or not of the right kind")                            \
  X(ENOTSOCK, -19, "the descriptor is not a socket")                                               \
  X(EADDRINUSE, -20, "the address is in use")                                                      \
  X(EADDRNOTAVAIL, -21, "the address is not one of this machine")                                  \
  X(EAFNOSUPPORT, -22, "the address family is not supported")                                      \
  X(ECONNREFUSED, -23, "the peer refused the connection")                                          \
  X(ECONNRESET, -24, "the peer reset the connection")                                              \
  X(ECONNABORTED, -25, "the connection was aborted")                                               \
  X(ENOTCONN, -26, "the stream is not connected")                                                  \
  X(EISCONN, -27, "the stream is connected already")                                               \
  X(EPIPE, -28, "the write side is shut down, or the peer is gone")                                \
  X(EHOSTUNREACH, -29, "no route to the host")                                                     \
  X(ENETUNREACH, -30, "no route to the network")                                                   \
  X(ENETDOWN, -31, "the network is down")                                                          \
  X(EHOSTDOWN, -32, "the host is down")                                                            \
  X(EMSGSIZE, -33, "the message is too long")                                                      \
  X(EDESTADDRREQ, -34, "a destination address is needed")                                          \
  X(EPROTO, -35, "a protocol error")                                                               \
  X(ENOPROTOOPT, -36, "the protocol does not have this option")                                    \
  X(EPROTONOSUPPORT, -37, "the protocol is not supported")                                         \
  X(ENAMETOOLONG, -38, "the name is too long")                                                     \
  X(ENOENT, -39, "no such file or directory")                                                      \
  X(EEXIST, -40, "it exists already")                                                              \
  X(EIO, -41, "an input or output error")                                                          \
  X(ENODEV, -42, "no such device")                                                                 \
  X(ENXIO, -43, "no such device or address")                                                       \
  X(EFAULT, -44, "a pointer is outside the address space")                                         \
  X(EOVERFLOW, -45, "a value does not fit")                                                        \
  X(EAGAIN, -46, "not now: it would block")                                                        \
  X(EINTR, -47, "interrupted by a signal")                                                         \
  X(ENOSPC, -48, "no space left, or a limit of the system is reached")

#define EDDY_ERROR_CONSTANT(name, number, text) EDDY_##name = (number),
enum { EDDY_ERRORS(EDDY_ERROR_CONSTANT) EDDY_OK = 0 };
#undef EDDY_ERROR_CONSTANT

/* The name of an error, "EDDY_ECANCELED". It is "EDDY_OK" for 0 and above, and "EDDY_EUNKNOWN" for
   a number that is not an error of this version. Never NULL, never freed. */
EDDY_API const char *eddy_error_name(int64_t error);

/* One line of English about an error, without a full stop. It is "no error" for 0 and above. Never
   NULL, never freed. */
EDDY_API const char *eddy_error_text(int64_t error);

/* The operating system's code (errno on POSIX) behind the last call of this thread that was no op
   and failed. It is 0 when eddy itself gave that error. Calls that succeed, and ops, do not change
   it. For logs. */
EDDY_API int32_t eddy_last_os_error(void);

/* The eddy error of a native code, an errno value on POSIX. 0 gives 0. An unknown code gives
   EDDY_EUNKNOWN. */
EDDY_API int eddy_error_from_native(int32_t native);

#endif
