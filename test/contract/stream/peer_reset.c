// The peer resets the connection during a read, a pool read or a write.
#include "peer.h"

static char block[16 << 20];

static void during_a_read(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_addr_t before, after;
  assert_int_equal(eddy_stream_peer_address(stream, &before), 0);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec read = {0};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  turns(loop, 2);
  peer_reset(&peer);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, EDDY_ECONNRESET);
  assert_int_equal(eddy_stream_peer_address(stream, &after), 0); // still known
  assert_true(eddy_addr_equal(&before, &after));
  close_stream(loop, stream);
}

static void during_a_pool_read(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_pool_t *pool = open_pool(loop, 4, 1024);
  struct rec read = {0};
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  peer_send(&peer, "x", 1);
  turn_until(loop, &read.mores, 1);
  peer_reset(&peer);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, EDDY_ECONNRESET);
  assert_int_equal(read.mores, 1);
  assert_int_equal(eddy_pool_free(pool), 4);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
}

// A write under way fails, those behind it are cancelled, and nothing stays queued.
static void during_a_write(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_buf_t out = buffer(block, sizeof block), byte = buffer(block, 1);
  struct rec first = {0}, second = {0}, shut = {0}, calm = {0}, later = {0};
  eddy_stream_write(stream, &first.op, &out, 1, rec_cb);
  eddy_stream_write(stream, &second.op, &byte, 1, rec_cb);
  eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  eddy_stream_wait_uncongested(stream, &calm.op, rec_cb);
  turns(loop, 4);
  assert_int_equal(first.calls, 0);
  assert_int_equal(eddy_stream_congested(stream), 1);
  assert_int_equal(calm.calls, 0);
  peer_reset(&peer);
  all_ended(loop);
  assert_true(first.result == EDDY_ECONNRESET || first.result == EDDY_EPIPE);
  assert_true(first.transferred > 0 && first.transferred < sizeof block);
  assert_int_equal(second.result, EDDY_ECANCELED);
  assert_int_equal(second.transferred, 0);
  assert_int_equal(shut.result, EDDY_ECANCELED);
  assert_int_equal(calm.result, 0);
  assert_int_equal(eddy_stream_queued(stream), 0);
  assert_int_equal(eddy_stream_congested(stream), 0);
  eddy_stream_write(stream, &later.op, &byte, 1, rec_cb);
  turn_until(loop, &later.finals, 1);
  assert_true(later.result == EDDY_EPIPE || later.result == EDDY_ECONNRESET);
  close_stream(loop, stream);
}

// A reset cut the stream short: whoever reads must not take that for its end, also when a write has
// seen the error first.
static void never_looks_like_the_end(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_buf_t out = buffer(block, sizeof block);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec write = {0}, reads[2] = {0};
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  turns(loop, 4);
  peer_reset(&peer);
  turn_until(loop, &write.finals, 1);
  for (int i = 0; i < 2; i++) {
    eddy_stream_read(stream, &reads[i].op, &in, 1, rec_cb);
    turn_until(loop, &reads[i].finals, 1);
    assert_int_equal(reads[i].result, EDDY_ECONNRESET);
  }
  close_stream(loop, stream);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(during_a_read), FIXTURE_TEST(during_a_pool_read),
                                     FIXTURE_TEST(during_a_write),
                                     FIXTURE_TEST(never_looks_like_the_end)};
  return RUN_TESTS(tests);
}
