// Credits are hard: what is on loan and what waits for a callback never exceed them, together.
#include "peer.h"

enum { kBuffers = 16, kSize = 64, kChunks = 400 };

static eddy_lease_t held[kBuffers];
static int holding;
static uint64_t position;

static void keep(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  eddy_lease_t peek;
  assert_int_equal(eddy_op_peek_lease(&rec->op, &peek), 1);
  assert_true(holding < kBuffers);
  assert_int_equal(eddy_op_take_lease(&rec->op, &held[holding]), 1);
  assert_int_equal(eddy_op_take_lease(&rec->op, &peek), 0); // once
  assert_int_equal(held[holding].size, result);
  assert_ptr_equal(held[holding].data, peek.data);
  pattern_check(held[holding].data, held[holding].size, position);
  position += held[holding].size;
  holding++;
}

static void never_more(void **state, uint32_t credits, int most) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_pool_t *pool = open_pool(loop, kBuffers, kSize);
  static char data[kSize * kChunks];
  pattern_fill(data, sizeof data, 0);
  peer_send(&peer, data, sizeof data);
  struct rec read = {.then = keep};
  holding = 0;
  position = 0;
  eddy_stream_read_pool(stream, &read.op, pool, credits, rec_cb);
  while (position < sizeof data) {
    TURN_UNTIL(loop, holding == most || position == sizeof data);
    turns(loop, 3);
    assert_true(holding <= most);
    assert_true((int)eddy_pool_free(pool) >= kBuffers - most);
    // Given back out of order, one and then the rest: each opens room for exactly one more.
    if (holding > 1) {
      assert_int_equal(eddy_pool_give(pool, held[1].id), 0);
      held[1] = held[--holding];
      turns(loop, 3);
      assert_true(holding <= most);
    }
    while (holding) assert_int_equal(eddy_pool_give(pool, held[--holding].id), 0);
  }
  assert_int_equal(eddy_pool_free(pool), kBuffers);
  peer_close(&peer);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, 0);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
}

static void one(void **state) { never_more(state, 1, 1); }
static void three(void **state) { never_more(state, 3, 3); }
static void all_by_number(void **state) { never_more(state, kBuffers, kBuffers); }
static void all_by_default(void **state) { never_more(state, 0, kBuffers); }
static void more_than_there_are(void **state) { never_more(state, 1000, kBuffers); }

// A read that holds all it may is in nobody's way, whatever else has come for it.
static void who_has_enough_does_not_wait(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *streams[2];
  struct rec reads[2] = {{.then = keep}, {.then = NULL}};
  eddy_pool_t *pool = open_pool(loop, 2, kSize);
  struct peer peers[2];
  char data[kSize];
  for (int i = 0; i < 2; i++) peers[i] = peer_open(loop, PEER_TCP, &streams[i]);
  holding = 0;
  position = 0;
  pattern_fill(data, sizeof data, 0);
  eddy_stream_read_pool(streams[0], &reads[0].op, pool, 1, rec_cb);
  peer_send(&peers[0], data, sizeof data);
  TURN_UNTIL(loop, holding == 1);
  peer_send(&peers[0], data, sizeof data); // more than it may hold
  peer_settled(&peers[0]);
  turns(loop, 3);
  eddy_stream_read_pool(streams[1], &reads[1].op, pool, 1, rec_cb);
  peer_send(&peers[1], data, sizeof data);
  turn_until(loop, &reads[1].mores, 1);
  assert_int_equal(eddy_pool_give(pool, held[--holding].id), 0);
  position = 0;
  TURN_UNTIL(loop, holding == 1);
  assert_int_equal(eddy_pool_give(pool, held[--holding].id), 0);
  for (int i = 0; i < 2; i++) {
    close_stream(loop, streams[i]);
    peer_close(&peers[i]);
  }
  eddy_pool_close(pool, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(one),
                                     FIXTURE_TEST(three),
                                     FIXTURE_TEST(all_by_number),
                                     FIXTURE_TEST(all_by_default),
                                     FIXTURE_TEST(more_than_there_are),
                                     FIXTURE_TEST(who_has_enough_does_not_wait)};
  return RUN_TESTS(tests);
}
