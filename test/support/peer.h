// The other end of a stream under test, behind a few calls: a plain blocking socket on real drivers. Tests that use
// nothing else of a peer can run where there is no socket.
#ifndef EDDY_TEST_PEER_H
#define EDDY_TEST_PEER_H

#include "needs.h"
#include "tcp.h"

#include <netinet/tcp.h>

enum peer_kind { PEER_TCP, PEER_LOCAL };

struct peer {
  int fd; // -1: closed
};

// What has befallen a call of a peer's, by eddy's numbers.
static inline int64_t peer_error(void) {
  switch (errno) {
  case EAGAIN: return EDDY_EAGAIN;
  case EPIPE: return EDDY_EPIPE;
  case ECONNRESET: return EDDY_ECONNRESET;
  default: return EDDY_EIO;
  }
}

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

// Its own address, and that of the stream as the peer sees it.
static inline void peer_address(struct peer *peer, eddy_addr_t *addr) {
  raw_address(peer->fd, 0, addr);
}

static inline void peer_sees(struct peer *peer, eddy_addr_t *addr) {
  raw_address(peer->fd, 1, addr);
}

static inline void peer_send(struct peer *peer, const void *data, size_t size) {
  raw_send(peer->fd, data, size);
}

static inline void peer_receive(struct peer *peer, void *data, size_t size) {
  raw_receive(peer->fd, data, size);
}

// Waits until there is room, or something to receive: bytes, 0 at the end of the stream, or an error. These two are for
// threads as well, where a test cannot fail.
static inline int64_t peer_send_any(struct peer *peer, const void *data, size_t size) {
  ssize_t sent = patient_send(peer->fd, data, size, MSG_NOSIGNAL);
  return sent >= 0 ? sent : peer_error();
}

static inline int64_t peer_receive_any(struct peer *peer, void *data, size_t size) {
  ssize_t got = patient_recv(peer->fd, data, size, 0);
  return got >= 0 ? got : peer_error();
}

// Reads to the end: how many bytes there were, or the error that ended it.
static inline int64_t peer_receive_rest(struct peer *peer) {
  static char waste[65536];
  int64_t total = 0, got;
  while ((got = peer_receive_any(peer, waste, sizeof waste)) > 0) total += got;
  return got ? got : total;
}

// The same when the bytes do not matter: 0, or the error.
static inline int64_t peer_drain(struct peer *peer) {
  int64_t total = peer_receive_rest(peer);
  return total < 0 ? total : 0;
}

// What is there, without waiting: bytes, 0 at the end of the stream, or EDDY_EAGAIN and other errors.
static inline int64_t peer_receive_some(struct peer *peer, void *data, size_t size) {
  ssize_t got = patient_recv(peer->fd, data, size, MSG_DONTWAIT);
  return got >= 0 ? got : peer_error();
}

// What there is room for, without waiting.
static inline int64_t peer_send_some(struct peer *peer, const void *data, size_t size) {
  ssize_t sent = patient_send(peer->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent >= 0 ? sent : peer_error();
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

// Each of its bytes goes at once.
static inline void peer_nodelay(struct peer *peer) {
  int on = 1;
  assert_int_equal(setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
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

// How many of the peers of a closed listener nobody had accepted: those are reset, the others have ended. Closes them.
static inline int peers_never_accepted(struct peer *peers, int count) {
  int resets = 0;
  for (int i = 0; i < count; i++) {
    int64_t end = peer_drain(&peers[i]);
    assert_true(end == 0 || end == EDDY_ECONNRESET);
    resets += end != 0;
    peer_close(&peers[i]);
  }
  return resets;
}

// The listening side of peers, to which a stream under test connects, on a port of its own of the loopback.
struct peer_listener {
  int fd;
};

static inline struct peer_listener peer_listen(eddy_addr_t *addr, int backlog) {
  return (struct peer_listener){raw_listen(addr, backlog)};
}

static inline struct peer peer_accept(struct peer_listener *listener) {
  return (struct peer){raw_accept(listener->fd)};
}

// Connections that have arrived there and are not accepted yet.
static inline void peer_waiting_is(struct peer_listener *listener, uint32_t wanted) {
  accept_queue_is(listener->fd, wanted);
}

static inline void peer_unlisten(struct peer_listener *listener) { close(listener->fd); }

// What the peer has sent has arrived: it waits in the stream's receive queue.
static inline void peer_settled(struct peer *peer) { raw_settled(peer->fd); }

#endif
