/* Version and features, asked at run time. Every function here: any thread, never fails. */

/* Windows.

   Of the features below EDDY_FEATURE_EPOLL, EDDY_FEATURE_IO_URING and EDDY_FEATURE_FORK are never
   set, and EDDY_FEATURE_AFD always is. */

/* Example.

   #include <stdio.h>

   // Before 1.0 another minor version may have another API.
   static int library_fits(void) {
     uint32_t wanted = (uint32_t)EDDY_VERSION_MAJOR << 16 | EDDY_VERSION_MINOR << 8;
     if ((eddy_version() & 0xffffff00) != wanted) {
       fprintf(stderr, "this eddy is %s\n", eddy_version_text());
       return 0;
     }
     return (eddy_features() & EDDY_FEATURE_WORK) != 0;
   } */
#ifndef EDDY_VERSION_H
#define EDDY_VERSION_H

#include <eddy/base.h>

/* The version of these headers. */
#define EDDY_VERSION_MAJOR 0
#define EDDY_VERSION_MINOR 1
#define EDDY_VERSION_PATCH 0

/* The version of the library that runs: major << 16 | minor << 8 | patch. */
EDDY_API uint32_t eddy_version(void);

/* The same as text, "0.1.0". Never freed. */
EDDY_API const char *eddy_version_text(void);

/* The size of eddy_op_t in the library that runs, in bytes, for a binding to compare with its
   own. */
EDDY_API size_t eddy_op_size(void);

/* Drivers that are built in (<eddy/driver.h>), and what else a build may have. */
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

/* What this build of the library can do: the bits above. Whether a driver works here and now is for
   eddy_driver_probe to say. */
EDDY_API uint64_t eddy_features(void);

#endif
