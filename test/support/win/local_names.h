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

// Those with paths, which Windows has since 10 1803, and Wine not yet.
static inline int unix_sockets(void) {
  SOCKET socket = WSASocketW(AF_UNIX, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
  return socket != INVALID_SOCKET && closesocket(socket) == 0;
}

static inline const char *path_name(void) {
  static char text[EDDY_ADDR_TEXT];
  static int number;
  char folder[MAX_PATH + 1];
  GetTempPathA(sizeof folder, folder);
  snprintf(text, sizeof text, "unix:%.60seddy-%lu-%d", folder, GetCurrentProcessId(), number++);
  return text;
}

static inline int path_exists(const char *path) {
  return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

static inline int folder_made(char *name, size_t room) {
  static int number;
  char folder[MAX_PATH + 1];
  GetTempPathA(sizeof folder, folder);
  snprintf(name, room, "%.80seddy-names-%lu-%d", folder, GetCurrentProcessId(), number++);
  return CreateDirectoryA(name, NULL);
}

#endif
