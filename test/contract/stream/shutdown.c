// Half-closing: each side on its own, both, and what is refused after it.
#include "peer.h"

static int64_t shut(eddy_loop_t *loop, eddy_stream_t *stream, uint32_t side) {
  struct rec rec = {0};
  eddy_stream_shutdown(stream, &rec.op, side, rec_cb);
  turn_until(loop, &rec.finals, 1);
  return rec.result;
}

static int64_t write_byte(eddy_loop_t *loop, eddy_stream_t *stream) {
  struct rec rec = {0};
  eddy_buf_t byte = buffer(&(char){'x'}, 1);
  eddy_stream_write(stream, &rec.op, &byte, 1, rec_cb);
  turn_until(loop, &rec.finals, 1);
  return rec.result;
}

static int64_t read_some(eddy_loop_t *loop, eddy_stream_t *stream) {
  char room[64];
  struct rec rec = {0};
  eddy_buf_t in = buffer(room, sizeof room);
  eddy_stream_read(stream, &rec.op, &in, 1, rec_cb);
  turn_until(loop, &rec.finals, 1);
  return rec.result;
}

// Our FIN does not stop what the peer sends, and the peer's does not stop us.
static void half_close_both_ways(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *a, *b;
  stream_pair(loop, &a, &b);
  assert_int_equal(shut(loop, a, EDDY_SHUT_WRITE), 0);
  assert_int_equal(read_some(loop, b), 0);
  assert_int_equal(read_some(loop, b), 0); // it stays the end
  assert_int_equal(write_byte(loop, a), EDDY_EPIPE);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(write_byte(loop, b), 1);
    assert_int_equal(read_some(loop, a), 1);
  }
  assert_int_equal(shut(loop, b, EDDY_SHUT_WRITE), 0);
  assert_int_equal(read_some(loop, a), 0);
  assert_int_equal(write_byte(loop, b), EDDY_EPIPE);
  close_stream(loop, a);
  close_stream(loop, b);
}

static void twice_and_unknown(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  assert_int_equal(shut(loop, stream, 0), EDDY_EINVAL);
  assert_int_equal(shut(loop, stream, 4), EDDY_EINVAL);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_READ), 0);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_READ), EDDY_EPIPE);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_WRITE), 0);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_WRITE), EDDY_EPIPE);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_BOTH), EDDY_EPIPE);
  close_stream(loop, stream);
  peer_close(&peer);
}

static void both_is_each(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_BOTH), 0);
  assert_int_equal(read_some(loop, stream), 0);
  assert_int_equal(write_byte(loop, stream), EDDY_EPIPE);
  assert_int_equal(peer_drain(&peer), 0);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_WRITE), EDDY_EPIPE);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_READ), EDDY_EPIPE);
  close_stream(loop, stream);
  peer_close(&peer);
}

// Reads that wait, and later ones, see the end behind what has arrived.
static void shut_read(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec first = {0}, second = {0};
  eddy_stream_read(stream, &first.op, &in, 1, rec_cb);
  eddy_stream_read(stream, &second.op, &in, 1, rec_cb);
  turns(loop, 3);
  assert_int_equal(first.calls, 0);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_READ), 0);
  turn_until(loop, &second.finals, 1);
  assert_int_equal(first.result, 0);
  assert_int_equal(second.result, 0);
  assert_int_equal(read_some(loop, stream), 0);
  assert_int_equal(write_byte(loop, stream), 1); // the other side is open
  close_stream(loop, stream);
  peer_close(&peer);
}

static void shut_read_behind_data(void **state) {
  if (!DATA_OUTLIVES_SHUT_READ) skip();
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  peer_send(&peer, "rest", 4);
  peer_settled(&peer);
  assert_int_equal(shut(loop, stream, EDDY_SHUT_READ), 0);
  assert_int_equal(read_some(loop, stream), 4);
  assert_int_equal(read_some(loop, stream), 0);
  close_stream(loop, stream);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(half_close_both_ways),
                                     FIXTURE_TEST(twice_and_unknown), FIXTURE_TEST(both_is_each),
                                     FIXTURE_TEST(shut_read), FIXTURE_TEST(shut_read_behind_data)};
  return RUN_TESTS(tests);
}
