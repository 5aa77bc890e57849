// An eventfd as a datagram socket that is connected to itself: always writable, readable once written.
#ifndef EDDY_TEST_WIN_EVENTFD_H
#define EDDY_TEST_WIN_EVENTFD_H

#include "../posix.h"

enum { EFD_CLOEXEC = SOCK_CLOEXEC, EFD_NONBLOCK = SOCK_NONBLOCK };
typedef uint64_t eventfd_t;

static inline int eventfd(unsigned value, int flags) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_DGRAM | flags | SOCK_NONBLOCK, 0);
  (void)value;
  bind(fd, (struct sockaddr *)&address, length);
  getsockname(fd, (struct sockaddr *)&address, &length);
  connect(fd, (struct sockaddr *)&address, length);
  return fd;
}

static inline int eventfd_write(int fd, eventfd_t value) {
  return send(fd, &value, sizeof value, 0) == sizeof value ? 0 : -1;
}

static inline int eventfd_read(int fd, eventfd_t *value) {
  eventfd_t one;
  *value = 0;
  while (recv(fd, &one, sizeof one, 0) == sizeof one) *value += one;
  return *value ? 0 : -1;
}

#endif
