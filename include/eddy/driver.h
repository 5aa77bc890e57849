/* Drivers: how a loop talks to the kernel. */
#ifndef EDDY_DRIVER_H
#define EDDY_DRIVER_H

#include <eddy/base.h>
#include <eddy/error.h>

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

/* The driver in use, EDDY_DRIVER_*; and one line why `auto` did not take a better one: "" when it did,
   or when the driver was asked for by name. The text lives as long as the loop. */
EDDY_API uint32_t eddy_loop_driver(const eddy_loop_t *loop);
EDDY_API const char *eddy_loop_driver_reason(const eddy_loop_t *loop);

#endif
