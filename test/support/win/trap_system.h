// What trap.h needs of Windows.
#ifndef EDDY_TEST_TRAP_SYSTEM_H
#define EDDY_TEST_TRAP_SYSTEM_H

#include "posix.h"
#include "sys/epoll.h"

static inline uint64_t cpu_time(void) {
  FILETIME made, ended, kernel, user;
  GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user);
  uint64_t in_kernel = (uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime;
  uint64_t in_user = (uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime;
  return (in_kernel + in_user) * 100;
}

static inline void pause_ms(long ms) { Sleep((DWORD)ms); }

#endif
