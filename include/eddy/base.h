/* Base of every eddy header: linkage, calling convention, buffers and time. Plain C99. */

/* Windows.

   A program that links the static library defines EDDY_STATIC before it includes a header of eddy.
   Without that the functions are taken from the DLL.
   The monotonic clock is QueryPerformanceCounter, which does count time asleep.
   A native descriptor is a SOCKET or a HANDLE. */

/* Example.

   static char greeting[] = "hello";

   static eddy_buf_t greeting_buffer(void) {
     eddy_buf_t buffer = {greeting, sizeof greeting - 1};
     return buffer;
   }

   // An absolute time, as deadlines are.
   static eddy_time_t half_a_second_after(eddy_time_t now) {
     return now + 500 * EDDY_MILLISECOND;
   } */
#ifndef EDDY_BASE_H
#define EDDY_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && defined(EDDY_STATIC)
#define EDDY_EXPORT
#elif defined(_WIN32)
#define EDDY_EXPORT __declspec(dllimport)
#else
#define EDDY_EXPORT __attribute__((visibility("default")))
#endif

#if defined(__cplusplus)
#define EDDY_API extern "C" EDDY_EXPORT
#define EDDY_BEGIN_DECLS extern "C" {
#define EDDY_END_DECLS }
#else
#define EDDY_API extern EDDY_EXPORT
#define EDDY_BEGIN_DECLS
#define EDDY_END_DECLS
#endif

/* A span of the caller's memory, `size` bytes from `data` on. The same two words on every OS
   (size_t, then nothing hidden). */
typedef struct eddy_buf {
  void *data;
  size_t size;
} eddy_buf_t;

/* Points in time are nanoseconds of the loop's monotonic clock (eddy_now). They start anywhere and
   never go back. They do not count time asleep (CLOCK_MONOTONIC, clock_gettime(2)). */
typedef uint64_t eddy_time_t;

/* No deadline; wait for ever. */
#define EDDY_NEVER UINT64_MAX

/* Durations, to add to eddy_now(). */
#define EDDY_MICROSECOND UINT64_C(1000)
#define EDDY_MILLISECOND UINT64_C(1000000)
#define EDDY_SECOND UINT64_C(1000000000)

/* A native descriptor, an int on POSIX. It is always carried in 64 bits. */
typedef int64_t eddy_native_t;

/* No descriptor. */
#define EDDY_NO_NATIVE INT64_C(-1)

/* Opaque handles. The library allocates them; each header says which call ends them. */
typedef struct eddy_loop eddy_loop_t;
typedef struct eddy_remote eddy_remote_t;
typedef struct eddy_stream eddy_stream_t;
typedef struct eddy_listener eddy_listener_t;
typedef struct eddy_pool eddy_pool_t;
typedef struct eddy_fd eddy_fd_t;
typedef struct eddy_workers eddy_workers_t;

#endif
