// For tests that provoke Windows' own codes.
#ifndef EDDY_TEST_WIN_ERRORS_H
#define EDDY_TEST_WIN_ERRORS_H

#include "net.h"

#define fails(succeeded) assert_false(succeeded)

// The call that has just failed left this code, which is that error.
#define row(code, error)                                                                           \
  do {                                                                                             \
    DWORD last_ = GetLastError(), code_ = (DWORD)(code);                                           \
    if (code_ < 0x80000000) assert_int_equal(last_, code_);                                        \
    assert_string_equal(eddy_error_name(eddy_error_from_native((int32_t)code_)),                   \
                        eddy_error_name(error));                                                   \
  } while (0)

// ... and this NTSTATUS below it.
#define status_row(code, error)                                                                    \
  do {                                                                                             \
    assert_int_equal(last_status(), (int32_t)(code));                                              \
    row(code, error);                                                                              \
  } while (0)

static inline int32_t last_status(void) {
  typedef LONG(WINAPI * status_call)(void);
  return (
      (status_call)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlGetLastNtStatus"))();
}

#endif
