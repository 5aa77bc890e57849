// How many descriptors this process has open; -1 when that cannot be told.
#ifndef EDDY_TEST_DESCRIPTORS_H
#define EDDY_TEST_DESCRIPTORS_H

#include <dirent.h>
#include <sys/resource.h>

// As many as the process may have.
static inline void descriptors_raise(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static inline int open_descriptors(void) {
  int count = 0;
  DIR *dir = opendir("/proc/self/fd");
  if (!dir) return -1;
  while (readdir(dir)) count++;
  closedir(dir);
  return count;
}

#endif
