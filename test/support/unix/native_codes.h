// What differs between systems in what tests expect.
#ifndef EDDY_TEST_NATIVE_CODES_H
#define EDDY_TEST_NATIVE_CODES_H

#include <eddy.h>
#include <errno.h>

enum {
  NATIVE_ECONNRESET = ECONNRESET,
  NATIVE_ECONNREFUSED = ECONNREFUSED,
  NATIVE_ENETUNREACH = ENETUNREACH,
  DATA_OUTLIVES_SHUT_READ = 1,
  WRITE_AFTER_RESET = EDDY_EPIPE, // once the reset has been told
  LOWEST_NUMBER_IS_REUSED = 1,
  MIGRATABLE_DRIVER = EDDY_DRIVER_EPOLL
};

#endif
