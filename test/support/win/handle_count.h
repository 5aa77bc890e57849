// The handles of this process, so that it can be seen when some are left. GetProcessHandleCount is a stub in Wine 8,
// which says that there are none: each number is asked for. They go by fours from 4 on, the lowest free one first.
//
// Not counted are threads, semaphores, of which eddy has none, and events: winpthreads keeps some for each thread that it
// has met, and Wine one for each lock of its own that two threads have wanted at once. The test windows_events shows that
// rounds of all that uses events leave none.
#ifndef EDDY_TEST_HANDLE_COUNT_H
#define EDDY_TEST_HANDLE_COUNT_H

#include <string.h>
#include <wchar.h>

#include <windows.h>
#include <winternl.h>

// 1, 0, or -1 when it is gone meanwhile.
static inline int is_of_type(HANDLE handle, const wchar_t *name) {
  typedef NTSTATUS NTAPI query_call(HANDLE, int, void *, ULONG, ULONG *);
  static query_call *query;
  const int type_information = 2; // ObjectTypeInformation
  union {
    UNICODE_STRING name;
    char room[512];
  } type;
  size_t size = wcslen(name) * sizeof *name;
  ULONG used;
  if (!query) {
    FARPROC found = GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQueryObject");
    memcpy(&query, &found, sizeof query);
  }
  if (query(handle, type_information, &type, sizeof type, &used) < 0) return -1;
  return type.name.Length == size && memcmp(type.name.Buffer, name, size) == 0;
}

static inline int is_runtimes(HANDLE handle) {
  return is_of_type(handle, L"Thread") || is_of_type(handle, L"Semaphore") ||
         is_of_type(handle, L"Event");
}

// `all`: threads, semaphores and events too.
static inline int handles_open(int all) {
  const int most_missing = 512; // a gap that no test leaves
  int count = 0, missing = 0;
  for (UINT_PTR number = 4; missing < most_missing; number += 4) {
    HANDLE handle = (HANDLE)number;
    DWORD flags;
    missing++;
    if (!GetHandleInformation(handle, &flags)) continue;
    missing = 0;
    count += all || !is_runtimes(handle);
  }
  return count;
}

static inline int handle_count(void) { return handles_open(0); }

#endif
