// Local streams for contract tests: Unix sockets, on Windows named pipes.
#ifndef EDDY_TEST_LOCAL_H
#define EDDY_TEST_LOCAL_H

#include "tcp.h"

#include <local_names.h>

static inline void local_address(eddy_addr_t *addr) {
  assert_int_equal(eddy_addr_parse(addr, local_name(), 0), 0);
}

static inline eddy_listener_t *local_listen(eddy_loop_t *loop, eddy_addr_t *addr) {
  eddy_listener_t *listener = NULL;
  local_address(addr);
  assert_int_equal(eddy_listener_open(loop, addr, NULL, &listener), 0);
  return listener;
}

static inline void local_pair(eddy_loop_t *loop, eddy_stream_t *ends[2]) {
  assert_int_equal(eddy_stream_pair(loop, &ends[0], &ends[1]), 0);
  assert_non_null(ends[0]);
  assert_non_null(ends[1]);
}

static inline eddy_stream_t *local_stream(eddy_loop_t *loop) {
  eddy_stream_t *stream = NULL;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_UNIX, &stream), 0);
  return stream;
}

// A client and the stream that the listener accepts for it.
static inline void local_connect(eddy_loop_t *loop, eddy_listener_t *listener,
                                 const eddy_addr_t *addr, eddy_stream_t *ends[2]) {
  struct rec accepted = {.then = take_accepted}, connected = {0};
  ends[0] = local_stream(loop);
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  eddy_stream_connect(ends[0], &connected.op, addr, rec_cb);
  turn_until(loop, &connected.finals, 1);
  assert_int_equal(connected.result, 0);
  turn_until(loop, &accepted.finals, 1);
  assert_int_equal(accepted.result, 0);
  ends[1] = accepted.context;
  assert_non_null(ends[1]);
}

static inline void send_text(eddy_loop_t *loop, eddy_stream_t *stream, const char *text) {
  eddy_buf_t out = buffer((void *)(uintptr_t)text, strlen(text));
  struct rec write = {0};
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  turn_until(loop, &write.finals, 1);
  assert_int_equal(write.result, (int64_t)strlen(text));
}

// Reads until `size` bytes are there.
static inline void receive_all(eddy_loop_t *loop, eddy_stream_t *stream, void *data, size_t size) {
  for (size_t got = 0; got < size;) {
    eddy_buf_t in = buffer((char *)data + got, size - got);
    struct rec read = {0};
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    turn_until(loop, &read.finals, 1);
    if (read.result <= 0) fail_msg("read: %s", eddy_error_name(read.result));
    got += (size_t)read.result;
  }
}

static inline void expect_text(eddy_loop_t *loop, eddy_stream_t *stream, const char *text) {
  char got[256] = {0};
  receive_all(loop, stream, got, strlen(text));
  assert_string_equal(got, text);
}

// The result of one read of one byte.
static inline int64_t read_result(eddy_loop_t *loop, eddy_stream_t *stream) {
  char byte;
  eddy_buf_t in = buffer(&byte, 1);
  struct rec read = {0};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  turn_until(loop, &read.finals, 1);
  return read.result;
}

static inline void close_pair(eddy_loop_t *loop, eddy_stream_t *ends[2]) {
  close_stream(loop, ends[0]);
  close_stream(loop, ends[1]);
}

#endif
