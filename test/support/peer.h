// The other end of a stream under test, behind a few calls: a plain blocking socket on real drivers. Tests that use
// nothing else of a peer can run where there is no socket.
#ifndef EDDY_TEST_PEER_H
#define EDDY_TEST_PEER_H

#include "needs.h"
#include "tcp.h"

enum peer_kind { PEER_TCP, PEER_LOCAL };

struct peer {
  int fd; // -1: closed
};

// A stream of the loop, connected to a peer. PEER_LOCAL: a Unix socket, NEEDS(UNIX_SOCKETS).
static inline struct peer peer_open(eddy_loop_t *loop, enum peer_kind kind,
                                    eddy_stream_t **stream) {
  struct peer peer = {-1};
  if (kind == PEER_TCP) {
    peer.fd = raw_peer(loop, stream);
    return peer;
  }
#if HAS_UNIX_SOCKETS
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  assert_int_equal(eddy_stream_adopt(loop, fds[1], stream), 0);
  raw_limits(fds[0]);
  peer.fd = fds[0];
#else
  fail_msg("no plain Unix sockets: NEEDS(UNIX_SOCKETS) is missing");
#endif
  return peer;
}

// Connects to a listener under test, whose loop need not run. fd is -1, with errno, when it is refused.
static inline struct peer peer_connect(const eddy_addr_t *addr) {
  return (struct peer){raw_connect(addr)};
}

static inline void peer_send(struct peer *peer, const void *data, size_t size) {
  raw_send(peer->fd, data, size);
}

static inline void peer_receive(struct peer *peer, void *data, size_t size) {
  raw_receive(peer->fd, data, size);
}

// What is there, without waiting: bytes, 0 at the end of the stream, or EDDY_EAGAIN and other errors.
static inline int64_t peer_receive_some(struct peer *peer, void *data, size_t size) {
  ssize_t got = patient_recv(peer->fd, data, size, MSG_DONTWAIT);
  return got >= 0 ? got : eddy_error_from_native(errno);
}

// Sends until the kernel takes no more, and tells how much that was: the stream under test does not read.
static inline size_t peer_fill(struct peer *peer) {
  static const char zeros[65536];
  size_t sent = 0;
  for (int quiet = 0; quiet < 3;) {
    ssize_t now = send(peer->fd, zeros, sizeof zeros, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (now > 0) {
      sent += (size_t)now;
      quiet = 0;
    } else { // what was acknowledged meanwhile makes room once more
      usleep(2000);
      quiet++;
    }
  }
  return sent;
}

static inline void peer_urgent(struct peer *peer, char byte) {
  assert_int_equal(send(peer->fd, &byte, 1, MSG_OOB | MSG_NOSIGNAL), 1);
}

// The peer sends no more, and goes on reading.
static inline void peer_half_close(struct peer *peer) {
  assert_int_equal(shutdown(peer->fd, SHUT_WR), 0);
}

static inline void peer_close(struct peer *peer) {
  if (peer->fd >= 0) close(peer->fd);
  peer->fd = -1;
}

// Ends with a reset instead of a FIN; of a local peer with unread bytes behind it the same.
static inline void peer_reset(struct peer *peer) {
  raw_reset(peer->fd);
  peer->fd = -1;
}

// What the peer has sent has arrived: it waits in the stream's receive queue.
static inline void peer_settled(struct peer *peer) { raw_settled(peer->fd); }

#endif
