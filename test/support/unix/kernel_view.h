// What the kernel says of TCP sockets.
#ifndef EDDY_TEST_KERNEL_VIEW_H
#define EDDY_TEST_KERNEL_VIEW_H

#include "../net.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

// Waits until the kernel has nothing more in flight to the peer: all that was sent is in its queue.
static inline void raw_settled(int fd) {
  for (int i = 0; i < 2000; i++) {
    int unacked = 0;
    assert_int_equal(ioctl(fd, TIOCOUTQ, &unacked), 0);
    if (!unacked) return;
    usleep(1000);
  }
  fail_msg("data stays in flight");
}

// Connections that wait in a listening socket's queue (tcp_info of a listener), and the queue's size.
static inline uint32_t accept_queue(int64_t listener, uint32_t *limit) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  assert_int_equal(getsockopt((int)listener, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  if (limit) *limit = info.tcpi_sacked;
  return info.tcpi_unacked;
}

static inline int is_nonblocking(int fd) { return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

static inline int accept_queue_empty(int64_t listener) { return accept_queue(listener, NULL) == 0; }

static inline void accept_queue_is(int64_t listener, uint32_t wanted) {
  assert_int_equal(accept_queue(listener, NULL), wanted);
}

static inline void accept_queue_wait(int64_t listener, uint32_t wanted) {
  for (int i = 0; i < 5000 && accept_queue(listener, NULL) < wanted; i++) usleep(1000);
  assert_int_equal(accept_queue(listener, NULL), wanted);
}

#endif
