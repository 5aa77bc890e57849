// What trap.h needs of Windows.
#ifndef EDDY_TEST_TRAP_SYSTEM_H
#define EDDY_TEST_TRAP_SYSTEM_H

#include "posix.h"
#include "sys/epoll.h"

// Of child.c.
int child_here(int *status, char *said, size_t size);
void child_ends(void) __attribute__((noreturn));
int child_passes(void);

// A child is the program run anew, up to this call.
static inline void run_child(void (*body)(void *), void *context) {
  int status;
  char said[4096];
  if (child_passes()) return;
  if (child_here(&status, said, sizeof said)) {
    trap_child = 1;
    body(context);
    child_ends();
  }
  if (status) fail_msg("the child ended with %x: %s", (unsigned)status, said);
}

static inline int native_wait(int64_t native, int milliseconds) {
  return WaitForSingleObject((HANDLE)(intptr_t)native, (DWORD)milliseconds) == WAIT_OBJECT_0;
}

static inline uint64_t cpu_time(void) {
  FILETIME made, ended, kernel, user;
  GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user);
  uint64_t in_kernel = (uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime;
  uint64_t in_user = (uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime;
  return (in_kernel + in_user) * 100;
}

static inline void pause_ms(long ms) { Sleep((DWORD)ms); }

#endif
