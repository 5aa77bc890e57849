// TCP peers for contract tests: pairs of eddy streams, and plain blocking sockets as the other side.
#ifndef EDDY_TEST_NET_H
#define EDDY_TEST_NET_H

#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <native_codes.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// Blocking calls of a thread may be interrupted once when a ring of the process goes away.
static inline ssize_t patient_recv(int fd, void *data, size_t size, int flags) {
  ssize_t got;
  do {
    got = recv(fd, data, size, flags);
  } while (got < 0 && errno == EINTR);
  return got;
}

static inline ssize_t patient_send(int fd, const void *data, size_t size, int flags) {
  ssize_t sent;
  do {
    sent = send(fd, data, size, flags);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

// A loopback address that no other process uses, so that a port that was just freed is not taken meanwhile.
static inline void loopback_of_our_own(eddy_addr_t *addr) {
  unsigned long id = (unsigned long)getpid();
  eddy_addr_loopback(addr, EDDY_AF_INET, 0);
  addr->bytes[1] = (uint8_t)(64 + (id >> 16) % 64);
  addr->bytes[2] = (uint8_t)(id >> 8);
  addr->bytes[3] = (uint8_t)id;
}

// A listener on an ephemeral loopback port, and its address.
static inline eddy_listener_t *listen_loopback(eddy_loop_t *loop, eddy_addr_t *addr) {
  eddy_listener_t *listener = NULL;
  loopback_of_our_own(addr);
  assert_int_equal(eddy_listener_open(loop, addr, NULL, &listener), 0);
  assert_int_equal(eddy_listener_address(listener, addr), 0);
  return listener;
}

static inline void take_accepted(struct rec *rec, int64_t result) {
  if (result == 0) rec->context = eddy_op_take_stream(&rec->op);
}

// Two connected streams on one loop.
static inline void stream_pair(eddy_loop_t *loop, eddy_stream_t **a, eddy_stream_t **b) {
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepted = {.then = take_accepted}, connected = {0};
  assert_int_equal(eddy_listener_accept(listener, &accepted.op, rec_cb), EDDY_PENDING);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, a), 0);
  assert_int_equal(eddy_stream_connect(*a, &connected.op, &addr, rec_cb), EDDY_PENDING);
  turn_until(loop, &accepted.finals, 1);
  turn_until(loop, &connected.finals, 1);
  assert_int_equal(accepted.result, 0);
  assert_int_equal(connected.result, 0);
  *b = accepted.context;
  assert_non_null(*b);
  eddy_listener_close(listener, NULL, NULL);
  eddy_loop_step(loop, 0);
}

// A stream of the loop whose peer is a plain blocking socket; its calls fail after half a minute.
static inline int raw_peer(eddy_loop_t *loop, eddy_stream_t **stream) {
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepted = {.then = take_accepted};
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct timeval limit = {30, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  struct sockaddr_in native;
  assert_true(eddy_addr_to_native(&addr, &native, sizeof native) > 0);
  int connected; // task work of a ring may interrupt the call; it goes on by itself
  do {
    connected = connect(fd, (struct sockaddr *)&native, sizeof native);
  } while (connected < 0 && (errno == EINTR || errno == EALREADY));
  assert_true(connected == 0 || errno == EISCONN);
  turn_until(loop, &accepted.finals, 1);
  *stream = accepted.context;
  assert_non_null(*stream);
  eddy_listener_close(listener, NULL, NULL);
  eddy_loop_step(loop, 0);
  return fd;
}

// Ends a raw peer with a reset instead of a FIN.
static inline void raw_reset(int fd) {
  struct linger linger = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(fd);
}

static inline eddy_buf_t buffer(void *data, size_t size) {
  eddy_buf_t buf = {data, size};
  return buf;
}

#endif
