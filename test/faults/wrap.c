// Faults that failing a system call does not bring: memory that malloc has not got, a close that complains and has closed
// all the same (close(2)), and transfers that the kernel cuts short. Linked by --wrap around the static library, for
// which the environment says what to do:
//   EDDY_FAIL_MALLOC=N   the Nth request fails
//   EDDY_FAIL_CLOSE=N    the Nth close gives EINTR
//   EDDY_SMALL=N         sockets have buffers of N bytes: the kernel itself cuts, for only it may (an edge of epoll
//                        comes after a transfer that was short, and not after one that only looks so)
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void *__real_malloc(size_t size);
int __real_close(int fd);
int __real_socket(int family, int type, int protocol);
int __real_socketpair(int family, int type, int protocol, int ends[2]);
int __real_accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags);

static long number(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

void *__wrap_malloc(size_t size) {
  static atomic_long asked;
  return ++asked == number("EDDY_FAIL_MALLOC") ? NULL : __real_malloc(size);
}

int __wrap_close(int fd) {
  static atomic_long asked;
  int result = __real_close(fd);
  if (++asked != number("EDDY_FAIL_CLOSE")) return result;
  errno = EINTR;
  return -1;
}

static int small(int fd) {
  int size = (int)number("EDDY_SMALL");
  if (fd >= 0 && size) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  return fd;
}

int __wrap_socket(int family, int type, int protocol) {
  return small(__real_socket(family, type, protocol));
}

int __wrap_socketpair(int family, int type, int protocol, int ends[2]) {
  int result = __real_socketpair(family, type, protocol, ends);
  for (int i = 0; result == 0 && i < 2; i++) small(ends[i]);
  return result;
}

int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags) {
  return small(__real_accept4(fd, peer, size, flags));
}
