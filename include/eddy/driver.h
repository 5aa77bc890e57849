/* Drivers: how a loop talks to the kernel.

   A loop takes the best driver that works here, or the one that it is told: by an option
   (<eddy/loop.h>), or by the environment's EDDY_DRIVER=NAME. */

/* Windows.

   The one driver is AFD: it polls \Device\Afd, and waits on one completion port.
   eddy_driver_probe gives EDDY_ENOTSUP for the drivers of Linux. */

/* Example.

   #include <stdio.h>

   // Which drivers a loop could use here, and why it could not use the others.
   static void list_drivers(void) {
     uint32_t driver = EDDY_DRIVER_EPOLL;
     const char *name;
     while ((name = eddy_driver_name(driver)) != NULL) {
       int error = eddy_driver_probe(driver);
       printf("%s: %s\n", name, error ? eddy_error_text(error) : "works");
       driver++;
     }
   } */
#ifndef EDDY_DRIVER_H
#define EDDY_DRIVER_H

#include <eddy/base.h>
#include <eddy/error.h>

enum {
  EDDY_DRIVER_AUTO = 0,     /* the best that works here */
  EDDY_DRIVER_EPOLL = 1,    /* Linux: epoll(7) readiness */
  EDDY_DRIVER_IO_URING = 2, /* Linux >= 6.6 by default, >= 6.1 when asked for by name */
  EDDY_DRIVER_AFD = 3       /* readiness by AFD, EDDY_FEATURE_AFD (Windows) */
};

/* The name of a driver: "auto", "epoll", "io_uring", "afd"; NULL for an unknown number. Never
   freed. Any thread. */
EDDY_API const char *eddy_driver_name(uint32_t driver);

/* The driver of a name, or EDDY_EINVAL for an unknown name or NULL. Any thread. */
EDDY_API int eddy_driver_by_name(const char *name);

/* Whether a loop could use `driver` now. Returns 0, always for EDDY_DRIVER_AUTO, or the reason why
   not:
     EDDY_ENOTSUP  not built in, or the kernel is too old for it
     EDDY_EPERM, EDDY_EACCES   refused by seccomp or by the io_uring_disabled sysctl
     EDDY_ENOSYS   the kernel does not have it
     EDDY_ENOMEM   over RLIMIT_MEMLOCK (rings count again since Linux 6.14)
     EDDY_EMFILE, EDDY_ENFILE   no descriptor is left for a ring
     EDDY_EAGAIN   a request of a ring did not end within a second
     EDDY_EINVAL   no driver of that number
   Other errors of the system that a ring meets come as they are. It makes and destroys the driver's
   kernel objects, so it costs tens of microseconds. Any thread. */
EDDY_API int eddy_driver_probe(uint32_t driver);

/* The driver that a loop uses, EDDY_DRIVER_*. The loop's thread. */
EDDY_API uint32_t eddy_loop_driver(const eddy_loop_t *loop);

/* One line that says why `auto` did not take a better driver for this loop. It is "" when `auto`
   did, or when the driver was asked for by name. The text lives as long as the loop. The loop's
   thread. */
EDDY_API const char *eddy_loop_driver_reason(const eddy_loop_t *loop);

#endif
