// Names for local streams: named pipes.
#ifndef EDDY_TEST_LOCAL_NAMES_H
#define EDDY_TEST_LOCAL_NAMES_H

#include "posix.h"

#include <eddy.h>

// Wine lets a second program take the name of a pipe (FILE_FLAG_FIRST_PIPE_INSTANCE).
enum { HALF_CLOSE = 0, CAN_RELEASE = 0, EXACT_COUNTS = 0 };
#define NAMES_ARE_GUARDED                                                                          \
  (GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") == NULL)

enum { LOCAL_FILLED_BY = 4 << 20 };

static inline const char *local_name(void) {
  static char text[EDDY_ADDR_TEXT];
  static int number;
  snprintf(text, sizeof text, "unix:\\\\.\\pipe\\eddy-test-%lu-%d", GetCurrentProcessId(),
           number++);
  return text;
}

#endif
