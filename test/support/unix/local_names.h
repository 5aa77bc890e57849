// Names for local streams: paths of Unix sockets, in a folder for temporary files.
#ifndef EDDY_TEST_LOCAL_NAMES_H
#define EDDY_TEST_LOCAL_NAMES_H

#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HALF_CLOSE = 1, NAMES_ARE_GUARDED = 1, CAN_RELEASE = 1, EXACT_COUNTS = 1 };

// What a local stream is made of takes about this much before a write has to wait.
enum { LOCAL_FILLED_BY = 4 << 20 };

// A name that nobody has used.
static inline const char *local_name(void) {
  static char text[EDDY_ADDR_TEXT];
  static int number;
  const char *folder = getenv("TMPDIR");
  if (!folder || !*folder) folder = "/tmp";
  snprintf(text, sizeof text, "unix:%.60s/eddy-%d-%d", folder, (int)getpid(), number++);
  return text;
}

// The same for a Unix socket, where the system has them: a file.
static inline int unix_sockets(void) { return 1; }
static inline const char *path_name(void) { return local_name(); }

static inline int path_exists(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0;
}

static inline int folder_made(char *name, size_t room) {
  snprintf(name, room, "/tmp/eddy-names-XXXXXX");
  return mkdtemp(name) != NULL;
}

#endif
