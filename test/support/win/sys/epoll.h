// As much of epoll as a host needs that sleeps on one handle.
#ifndef EDDY_TEST_WIN_EPOLL_H
#define EDDY_TEST_WIN_EPOLL_H

#include "../posix.h"

enum { EPOLL_CLOEXEC = 0, EPOLL_CTL_ADD = 1, EPOLLIN = 1 };

struct epoll_event {
  uint32_t events;
};

static HANDLE epoll_watched;

static inline int epoll_create1(int flags) {
  (void)flags;
  return (int)(intptr_t)CreateEventW(NULL, TRUE, FALSE, NULL); // something to be closed
}

static inline int epoll_ctl(int epoll, int command, int fd, struct epoll_event *event) {
  (void)epoll;
  (void)command;
  (void)event;
  epoll_watched = (HANDLE)(intptr_t)fd;
  return 0;
}

static inline int epoll_wait(int epoll, struct epoll_event *events, int room, int milliseconds) {
  (void)epoll;
  (void)room;
  events->events = EPOLLIN;
  return WaitForSingleObject(epoll_watched, (DWORD)milliseconds) == WAIT_OBJECT_0;
}

#endif
