// The system's answer to a start of a thread, by eddy: this stands in place of its import. Threads of the test come
// from the C runtime.
#ifndef EDDY_TEST_THREAD_LIMIT_H
#define EDDY_TEST_THREAD_LIMIT_H

#include "posix.h"

#include <pthread.h>
#include <stdatomic.h>

enum { NATIVE_NO_THREAD = ERROR_MAX_THRDS_REACHED };

static atomic_int allowed;

static HANDLE WINAPI limited(LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                             LPTHREAD_START_ROUTINE run, LPVOID argument, DWORD flags, LPDWORD id) {
  typedef HANDLE WINAPI function(LPSECURITY_ATTRIBUTES, SIZE_T, LPTHREAD_START_ROUTINE, LPVOID,
                                 DWORD, LPDWORD);
  if (allowed-- <= 0) {
    SetLastError(ERROR_MAX_THRDS_REACHED);
    return NULL;
  }
  FARPROC create = GetProcAddress(GetModuleHandleA("kernel32.dll"), "CreateThread");
  return ((function *)(void *)create)(security, stack, run, argument, flags, id);
}

HANDLE(WINAPI *const __imp_CreateThread)
(LPSECURITY_ATTRIBUTES, SIZE_T, LPTHREAD_START_ROUTINE, LPVOID, DWORD, LPDWORD) = limited;

static inline int own_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
  return pthread_create(thread, NULL, run, argument);
}

#endif
