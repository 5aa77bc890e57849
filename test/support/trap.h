// For tests of the system's traps: failures that work in children too, and pairs of plain sockets.
#ifndef EDDY_TEST_TRAP_H
#define EDDY_TEST_TRAP_H

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int trap_child; // this process is a forked child, where cmocka must not go on

static inline void trap_failed(const char *file, int line, const char *what, int64_t a, int64_t b) {
  fprintf(stderr, "%s:%d: %s (%lld, %lld)\n", file, line, what, (long long)a, (long long)b);
  if (trap_child) _exit(1);
  fail();
}

#define CHECK(c) ((c) ? (void)0 : trap_failed(__FILE__, __LINE__, #c, 0, 0))
#define CHECK_EQ(a, b)                                                                             \
  do {                                                                                             \
    int64_t left_ = (int64_t)(a), right_ = (int64_t)(b);                                           \
    if (left_ != right_) trap_failed(__FILE__, __LINE__, #a " == " #b, left_, right_);             \
  } while (0)

static inline int in_ring_run(void) {
  const char *name = getenv("EDDY_DRIVER");
  return name && strcmp(name, "io_uring") == 0;
}

#include <trap_system.h>

#define UNTIL(loop, condition)                                                                     \
  do {                                                                                             \
    eddy_time_t limit_ = eddy_update_now(loop) + 30 * EDDY_SECOND;                                 \
    while (!(condition)) {                                                                         \
      if (eddy_update_now(loop) > limit_)                                                          \
        trap_failed(__FILE__, __LINE__, "half a minute for " #condition, 0, 0);                    \
      eddy_loop_step(loop, eddy_now(loop) + 50 * EDDY_MILLISECOND);                                \
    }                                                                                              \
  } while (0)

static inline eddy_loop_t *open_with(const eddy_loop_options_t *options) {
  eddy_loop_t *loop = NULL;
  CHECK_EQ(eddy_loop_open(options, &loop), 0);
  return loop;
}

// The smallest ring; other drivers take the number for nothing.
static inline eddy_loop_t *open_tiny(void) {
  eddy_loop_options_t options = {.size = sizeof options, .ring_entries = 4};
  return open_with(&options);
}

static inline void end_loop(eddy_loop_t *loop) {
  CHECK_EQ(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  CHECK_EQ(eddy_loop_close(loop), 0);
}

// A connected pair of plain TCP sockets.
static inline void tcp_sockets(int fds[2]) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQ(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
  CHECK_EQ(listen(listener, 1), 0);
  CHECK_EQ(getsockname(listener, (struct sockaddr *)&at, &size), 0);
  fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQ(connect(fds[0], (struct sockaddr *)&at, sizeof at), 0);
  fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  CHECK(fds[1] >= 0);
  close(listener);
  struct timeval limit = {30, 0};
  setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// A stream of the loop; the other end is a plain blocking socket.
static inline int tcp_peer(eddy_loop_t *loop, eddy_stream_t **stream) {
  int fds[2];
  tcp_sockets(fds);
  CHECK_EQ(eddy_stream_adopt(loop, fds[1], stream), 0);
  return fds[0];
}

static inline void connect_raw(int fd, const eddy_addr_t *addr) {
  struct sockaddr_in native;
  CHECK(eddy_addr_to_native(addr, &native, sizeof native) > 0);
  CHECK_EQ(connect(fd, (struct sockaddr *)&native, sizeof native), 0);
}

static inline eddy_pool_t *pool_of(eddy_loop_t *loop, uint32_t buffers, uint32_t size) {
  eddy_pool_options_t options = {.size = sizeof options, .buffers = buffers, .buffer_size = size};
  eddy_pool_t *pool = NULL;
  CHECK_EQ(eddy_pool_open(loop, &options, &pool), 0);
  return pool;
}

#endif
