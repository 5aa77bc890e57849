// More for TCP tests: raw sockets as peers, a running pattern, and what the kernel says of a socket.
#ifndef EDDY_TEST_TCP_H
#define EDDY_TEST_TCP_H

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <kernel_view.h>
#include <poll.h>
#include <pthread.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

// Turns until `condition` holds; fails the test after twenty seconds.
#define TURN_UNTIL(loop, condition)                                                                \
  do {                                                                                             \
    eddy_time_t limit_ = eddy_update_now(loop) + 20 * EDDY_SECOND;                                 \
    while (!(condition)) {                                                                         \
      if (eddy_update_now(loop) > limit_) fail_msg("waited 20 s for: %s", #condition);             \
      eddy_loop_step(loop, eddy_now(loop) + 10 * EDDY_MILLISECOND);                                \
    }                                                                                              \
  } while (0)

// Some turns, for what must not happen and what only takes turns.
static inline void turns(eddy_loop_t *loop, int count) {
  while (count--) eddy_loop_step(loop, 0);
}

// Turns until nothing is pending and nothing closing: ops on the test's stack must not outlive it.
static inline void all_ended(eddy_loop_t *loop) { TURN_UNTIL(loop, !eddy_loop_alive(loop)); }

// A byte of a pattern that shows lost, doubled and swapped blocks.
static inline uint8_t pattern_at(uint64_t at) {
  return (uint8_t)(at * 7 + (at >> 8) * 13 + (at >> 16) * 29);
}

static inline void pattern_fill(void *data, size_t size, uint64_t at) {
  for (size_t i = 0; i < size; i++) ((uint8_t *)data)[i] = pattern_at(at + i);
}

static inline void pattern_check(const void *data, size_t size, uint64_t at) {
  for (size_t i = 0; i < size; i++)
    if (((const uint8_t *)data)[i] != pattern_at(at + i))
      fail_msg("wrong byte at %llu", (unsigned long long)(at + i));
}

static inline void raw_limits(int fd) {
  struct timeval limit = {30, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static inline int raw_socket(uint16_t family) {
  int fd = socket(family == EDDY_AF_INET ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  raw_limits(fd);
  return fd;
}

static inline int raw_connected(int fd, const eddy_addr_t *addr) {
  struct sockaddr_storage native;
  int length = eddy_addr_to_native(addr, &native, sizeof native);
  assert_true(length > 0);
  if (connect(fd, (struct sockaddr *)&native, (socklen_t)length) == 0) return fd;
  int error = errno;
  if (error == EINTR) { // the connect goes on by itself
    struct pollfd done = {fd, POLLOUT, 0};
    while (poll(&done, 1, 10000) < 0 && errno == EINTR) {
    }
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (!error) return fd;
  }
  print_message("connect: %s (%d)\n", strerror(error), error);
  close(fd);
  errno = error;
  return -1;
}

// Connects a plain blocking socket; its calls fail after half a minute. -1 and errno when refused.
static inline int raw_connect(const eddy_addr_t *addr) {
  return raw_connected(raw_socket(addr->family), addr);
}

// The same from 127.0.0.`host`: for many connections, which would use up the ports of 127.0.0.1 for everybody else.
static inline int raw_connect_from(uint32_t host, const eddy_addr_t *addr) {
  struct sockaddr_in own = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host)};
  int fd = raw_socket(EDDY_AF_INET), late = 1; // the port is chosen by the connect (ip(7))
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
  assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
  return raw_connected(fd, addr);
}

static inline void raw_address(int fd, int peer, eddy_addr_t *addr) {
  struct sockaddr_storage native;
  socklen_t length = sizeof native;
  int got = peer ? getpeername(fd, (struct sockaddr *)&native, &length)
                 : getsockname(fd, (struct sockaddr *)&native, &length);
  assert_int_equal(got, 0);
  assert_int_equal(eddy_addr_from_native(addr, &native, length), 0);
}

// A plain listener on an ephemeral loopback port; its accept fails after ten seconds.
static inline int raw_listen(eddy_addr_t *addr, int backlog) {
  struct sockaddr_in native = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  raw_limits(fd);
  assert_int_equal(bind(fd, (struct sockaddr *)&native, sizeof native), 0);
  assert_int_equal(listen(fd, backlog), 0);
  raw_address(fd, 0, addr);
  return fd;
}

static inline int raw_accept(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  assert_true(fd >= 0);
  raw_limits(fd);
  return fd;
}

static inline void raw_send(int fd, const void *data, size_t size) {
  for (size_t sent = 0; sent < size;) {
    ssize_t now = patient_send(fd, (const char *)data + sent, size - sent, MSG_NOSIGNAL);
    if (now <= 0) fail_msg("send: %s", strerror(errno));
    sent += (size_t)now;
  }
}

static inline void raw_receive(int fd, void *data, size_t size) {
  for (size_t got = 0; got < size;) {
    ssize_t now = patient_recv(fd, (char *)data + got, size - got, 0);
    if (now <= 0) fail_msg("recv: %s", now ? strerror(errno) : "end of stream");
    got += (size_t)now;
  }
}

// Reads to the end: 0, or the errno that ended it.
static inline int raw_drain(int fd) {
  char sink[4096];
  ssize_t now;
  while ((now = patient_recv(fd, sink, sizeof sink, 0)) > 0) {
  }
  return now < 0 ? errno : 0;
}

// A tiny send buffer. Receive buffers stay: shrunk below a segment of the loopback interface they make
// the kernel wait for its probe timer.
static inline void small_buffers(eddy_stream_t *stream, int64_t bytes) {
  assert_int_equal(eddy_stream_set_option(stream, EDDY_OPT_SEND_BUFFER, bytes), 0);
  assert_int_equal(eddy_stream_set_option(stream, EDDY_OPT_NODELAY, 1), 0);
}

// A listener whose queue is full, so that the next SYN is dropped and a connect stays pending.
struct full_listener {
  int fd, fillers[4];
  eddy_addr_t addr;
};

static inline void full_listener_open(struct full_listener *full) {
  full->fd = raw_listen(&full->addr, 0);
  struct sockaddr_in native;
  assert_true(eddy_addr_to_native(&full->addr, &native, sizeof native) > 0);
  for (int i = 0; i < COUNT(full->fillers); i++) {
    full->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connect(full->fillers[i], (struct sockaddr *)&native, sizeof native);
  }
  struct pollfd first = {full->fillers[0], POLLOUT, 0};
  assert_int_equal(poll(&first, 1, 10000), 1);
  struct pollfd last = {full->fillers[COUNT(full->fillers) - 1], POLLOUT, 0};
  assert_int_equal(poll(&last, 1, 0), 0);
}

static inline void full_listener_close(struct full_listener *full) {
  for (int i = 0; i < COUNT(full->fillers); i++) close(full->fillers[i]);
  close(full->fd);
}

// An address on which nobody listens.
static inline void dead_address(eddy_addr_t *addr) {
  int fd = raw_listen(addr, 1);
  close(fd);
}

static inline eddy_stream_t *open_stream(eddy_loop_t *loop) {
  eddy_stream_t *stream = NULL;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  return stream;
}

static inline void close_stream(eddy_loop_t *loop, eddy_stream_t *stream) {
  struct rec closed = {0};
  eddy_stream_close(stream, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(closed.result, 0);
}

static inline eddy_pool_t *open_pool(eddy_loop_t *loop, uint32_t buffers, uint32_t buffer_size) {
  eddy_pool_options_t options = {sizeof options, buffer_size, buffers, 0};
  eddy_pool_t *pool = NULL;
  assert_int_equal(eddy_pool_open(loop, &options, &pool), 0);
  return pool;
}

#endif
