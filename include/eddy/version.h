/* Version, drivers and features, asked at run time. */
#ifndef EDDY_VERSION_H
#define EDDY_VERSION_H

#include <eddy/base.h>

#define EDDY_VERSION_MAJOR 0
#define EDDY_VERSION_MINOR 1
#define EDDY_VERSION_PATCH 0

/* The version of the library that runs: major << 16 | minor << 8 | patch. Any thread. */
EDDY_API uint32_t eddy_version(void);

/* The same as text, "0.1.0". Never freed. Any thread. */
EDDY_API const char *eddy_version_text(void);

/* The size of eddy_op_t in the library that runs, for a binding to compare with its own. */
EDDY_API size_t eddy_op_size(void);

/* Drivers: how a loop talks to the kernel. */
enum {
  EDDY_DRIVER_AUTO = 0,     /* the best that works here */
  EDDY_DRIVER_EPOLL = 1,    /* Linux: epoll(7) readiness */
  EDDY_DRIVER_IO_URING = 2, /* Linux >= 6.6 by default, >= 6.1 when asked for by name */
  EDDY_DRIVER_AFD = 3       /* Windows: \Device\Afd polls on a completion port */
};

/* The name of a driver: "auto", "epoll", "io_uring", "afd"; NULL for an unknown number. */
EDDY_API const char *eddy_driver_name(uint32_t driver);

/* The driver of a name, or EDDY_EINVAL for an unknown name or NULL. */
EDDY_API int eddy_driver_by_name(const char *name);

/* Whether a loop could use `driver` now: 0, or the reason why not as an error:
     EDDY_ENOTSUP  not built in, or the kernel is too old for it
     EDDY_EPERM, EDDY_EACCES   refused by seccomp or by the io_uring_disabled sysctl
     EDDY_ENOSYS   the kernel does not have it
     EDDY_ENOMEM   over RLIMIT_MEMLOCK (rings count again since Linux 6.14)
     EDDY_EINVAL   no driver of that number
   It makes and destroys the driver's kernel objects, so it costs tens of microseconds. Any thread. */
EDDY_API int eddy_driver_probe(uint32_t driver);

enum {
  EDDY_FEATURE_EPOLL = 1 << 0,
  EDDY_FEATURE_IO_URING = 1 << 1,
  EDDY_FEATURE_AFD = 1 << 2,
  EDDY_FEATURE_TCP = 1 << 3,
  EDDY_FEATURE_POOL = 1 << 4, /* receive pools */
  EDDY_FEATURE_FORK = 1 << 5, /* eddy_loop_after_fork does something */
  EDDY_FEATURE_WORK = 1 << 6, /* functions on threads */
  EDDY_FEATURE_UNIX = 1 << 7  /* streams and listeners of EDDY_AF_UNIX */
};

/* What this build of the library can do: the bits above. Any thread. */
EDDY_API uint64_t eddy_features(void);

#endif
