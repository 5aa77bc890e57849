// How often eddy makes a system call: linked with --wrap=recv,--wrap=recvmsg,--wrap=epoll_ctl.
#ifndef EDDY_TEST_CALL_COUNTS_H
#define EDDY_TEST_CALL_COUNTS_H

#include <sys/epoll.h>
#include <sys/socket.h>

static struct {
  int not_of; // a descriptor of the test's own
  int receives, registrations;
} calls;

ssize_t __real_recv(int, void *, size_t, int);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags) {
  calls.receives += fd != calls.not_of;
  return __real_recv(fd, data, size, flags);
}

ssize_t __real_recvmsg(int, struct msghdr *, int);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  calls.receives += fd != calls.not_of;
  return __real_recvmsg(fd, message, flags);
}

int __real_epoll_ctl(int, int, int, struct epoll_event *);
int __wrap_epoll_ctl(int set, int what, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int set, int what, int fd, struct epoll_event *event) {
  calls.registrations++;
  return __real_epoll_ctl(set, what, fd, event);
}

#endif
