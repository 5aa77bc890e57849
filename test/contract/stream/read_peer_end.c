// How each way in which a peer can end is told to a read: whatever the peer is made of.
#include "peer.h"

static int64_t read_once(eddy_loop_t *loop, eddy_stream_t *stream) {
  char room[64];
  eddy_buf_t into = buffer(room, sizeof room);
  struct rec read = {0};
  eddy_stream_read(stream, &read.op, &into, 1, rec_cb);
  turn_until(loop, &read.finals, 1);
  return read.result;
}

static void bytes_then_end(eddy_loop_t *loop, enum peer_kind kind, void (*end)(struct peer *)) {
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, kind, &stream);
  peer_send(&peer, "hello", 5);
  end(&peer);
  assert_int_equal(read_once(loop, stream), 5);
  assert_int_equal(read_once(loop, stream), 0);
  assert_int_equal(read_once(loop, stream), 0); // told again to whoever asks again
  peer_close(&peer);
  close_stream(loop, stream);
}

static void tcp_half_close(void **state) { bytes_then_end(LOOP(state), PEER_TCP, peer_half_close); }
static void tcp_close(void **state) { bytes_then_end(LOOP(state), PEER_TCP, peer_close); }

static void local_half_close(void **state) {
  NEEDS(UNIX_SOCKETS);
  bytes_then_end(LOOP(state), PEER_LOCAL, peer_half_close);
}

static void local_close(void **state) {
  NEEDS(UNIX_SOCKETS);
  bytes_then_end(LOOP(state), PEER_LOCAL, peer_close);
}

static void tcp_reset(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  peer_reset(&peer);
  assert_int_equal(read_once(loop, stream), EDDY_ECONNRESET);
  assert_int_equal(read_once(loop, stream),
                   EDDY_ECONNRESET); // a cut stream is not one that has ended
  close_stream(loop, stream);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(tcp_half_close), FIXTURE_TEST(tcp_close), FIXTURE_TEST(local_half_close),
      FIXTURE_TEST(local_close),    FIXTURE_TEST(tcp_reset),
  };
  return RUN_TESTS(tests);
}
