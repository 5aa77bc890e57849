// Descriptors of every kind that can be waited for, and what happens to them by chance.
#ifndef EDDY_TEST_RANDOM_FILES_H
#define EDDY_TEST_RANDOM_FILES_H

#include "tcp.h"

#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <termios.h>

enum file_kind { TCP, LOCAL, PIPE_OUT, PIPE_IN, TERMINAL, TIMER, COUNTER, FILE_KINDS };

struct file {
  enum file_kind kind;
  int fd,
      peer;  // the peer of a socket, the other end of a pipe, the slave of a terminal; -1: closed
  int ended; // the peer sends no more
};

static uint64_t chance_state;

static uint32_t rnd(uint32_t limit) {
  chance_state ^= chance_state << 13, chance_state ^= chance_state >> 7;
  chance_state ^= chance_state << 17;
  return (uint32_t)((chance_state * 0x2545F4914F6CDD1D) >> 33) % limit;
}

static void open_slave(struct file *file) {
  char name[64];
  assert_int_equal(ptsname_r(file->fd, name, sizeof name), 0);
  file->peer = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static void file_open(struct file *file, enum file_kind kind) {
  int fds[2] = {-1, -1}, one = 1;
  *file = (struct file){.kind = kind, .peer = -1};
  eddy_addr_t addr;
  switch (kind) {
  case TCP:
    fds[0] = raw_listen(&addr, 1);
    file->peer = raw_connect(&addr);
    file->fd = raw_accept(fds[0]);
    close(fds[0]);
    fcntl(file->fd, F_SETFL, O_NONBLOCK);
    fcntl(file->peer, F_SETFL, O_NONBLOCK);
    break;
  case LOCAL:
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    file->fd = fds[0], file->peer = fds[1];
    break;
  case PIPE_OUT:
  case PIPE_IN:
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    file->fd = fds[kind == PIPE_OUT], file->peer = fds[kind == PIPE_IN];
    break;
  case TERMINAL:
    file->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (file->fd < 0 || grantpt(file->fd) || unlockpt(file->fd)) SKIP("no pseudo terminals");
    assert_int_equal(ioctl(file->fd, TIOCPKT, &one), 0);
    open_slave(file);
    break;
  case TIMER: file->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); break;
  default: file->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  }
  assert_true(file->fd >= 0);
}

static void file_close(struct file *file) {
  close(file->fd);
  if (file->peer >= 0) close(file->peer);
}

static void ignore(int64_t result) { (void)result; }

static void swallow(int fd, size_t most) {
  static char sink[1 << 16];
  for (size_t got = 0; fd >= 0 && got < most;) {
    ssize_t now = read(fd, sink, most - got < sizeof sink ? most - got : sizeof sink);
    if (now <= 0) return;
    got += (size_t)now;
  }
}

static void stuff(int fd, size_t most) {
  static const char zeros[1 << 16];
  for (size_t sent = 0; fd >= 0 && sent < most;) {
    ssize_t now = write(fd, zeros, most - sent < sizeof zeros ? most - sent : sizeof zeros);
    if (now <= 0) return;
    sent += (size_t)now;
  }
}

static void timer_happens(struct file *file) {
  struct itimerspec when = {0};
  uint64_t count;
  switch (rnd(3)) {
  case 0: when.it_value.tv_nsec = 1; break;
  case 1: when.it_value.tv_sec = 1000; break;
  default: ignore(read(file->fd, &count, sizeof count)); return;
  }
  timerfd_settime(file->fd, 0, &when, NULL);
}

static void counter_happens(struct file *file) {
  uint64_t value = rnd(4) ? 1 : UINT64_MAX - 1;
  if (rnd(2))
    ignore(write(file->fd, &value, sizeof value));
  else
    ignore(read(file->fd, &value, sizeof value));
}

// The peer's side of a socket or terminal goes, or comes back.
static void end_happens(struct file *file) {
  if (file->kind == TERMINAL) {
    if (file->peer < 0) {
      open_slave(file);
    } else if (rnd(2)) {
      tcflush(file->peer, TCIOFLUSH);
    } else {
      close(file->peer);
      file->peer = -1;
    }
  } else if (file->kind == TCP && file->peer >= 0 && rnd(2)) {
    ignore(send(file->peer, "!", 1, MSG_OOB | MSG_NOSIGNAL));
  } else if (file->peer >= 0 && !rnd(4)) {
    if ((file->kind == TCP || file->kind == LOCAL) && rnd(2)) {
      shutdown(file->peer, SHUT_WR);
    } else {
      close(file->peer);
      file->peer = -1;
    }
  }
}

static void file_happens(struct file *file) {
  if (file->kind == TIMER) {
    timer_happens(file);
    return;
  }
  if (file->kind == COUNTER) {
    counter_happens(file);
    return;
  }
  size_t most = rnd(5) ? 1 + rnd(100) : SIZE_MAX;
  switch (rnd(9)) {
  case 0:
  case 1: stuff(file->peer, rnd(20) ? 1 + rnd(100) : 1 << 20); break;
  case 2:
  case 3: swallow(file->fd, most); break;
  case 4:
  case 5: stuff(file->fd, rnd(2) ? 1 + rnd(100) : 8 << 20); break;
  case 6:
  case 7: swallow(file->peer, most); break;
  default: end_happens(file);
  }
}

// What poll(2) says of it, as events.
static uint32_t file_events(const struct file *file) {
  struct pollfd now = {file->fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
  assert_true(poll(&now, 1, 0) >= 0);
  uint32_t events = 0;
  if (now.revents & (POLLIN | POLLHUP)) events |= EDDY_READABLE;
  if (now.revents & (POLLOUT | POLLHUP)) events |= EDDY_WRITABLE;
  if (now.revents & POLLPRI) events |= EDDY_PRIORITY;
  if (now.revents & (POLLRDHUP | POLLHUP)) events |= EDDY_DISCONNECT;
  if (now.revents & POLLERR) events |= EDDY_POLL_ERROR;
  return events;
}

#endif
