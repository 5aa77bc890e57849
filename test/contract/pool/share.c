// One flooding stream and fifty slow ones share a small pool: nobody starves, and there is no deadlock,
// down to a pool of one buffer.
#include "peer.h"

enum { kSlow = 50, kRounds = 6 };

struct reader {
  struct rec rec;
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  struct peer peer;
  uint64_t got;
  int held;
  eddy_lease_t lease[4];
};

static void hold_a_while(struct rec *rec, int64_t result) {
  struct reader *reader = (struct reader *)(void *)rec;
  if (!eddy_op_more(&rec->op)) return;
  assert_true(reader->held < 4);
  assert_int_equal(eddy_op_take_lease(&rec->op, &reader->lease[reader->held++]), 1);
  pattern_check(reader->lease[reader->held - 1].data, (size_t)result, reader->got);
  reader->got += (uint64_t)result;
}

static void give_all(struct reader *reader) {
  while (reader->held)
    assert_int_equal(eddy_pool_give(reader->pool, reader->lease[--reader->held].id), 0);
}

static void flood_and_trickle(void **state, uint32_t buffers, uint32_t credits) {
  eddy_loop_t *loop = LOOP(state);
  eddy_pool_t *pool = open_pool(loop, buffers, 256);
  struct reader *readers = calloc(kSlow + 1, sizeof *readers);
  for (int i = 0; i <= kSlow; i++) {
    readers[i].peer = peer_open(loop, PEER_TCP, &readers[i].stream);
    readers[i].pool = pool;
    readers[i].rec.then = hold_a_while;
    eddy_stream_read_pool(readers[i].stream, &readers[i].rec.op, pool, credits, rec_cb);
  }
  struct reader *flood = &readers[kSlow];
  uint64_t sent = 0;
  char block[4096];
  for (int round = 0; round < kRounds; round++) {
    for (int i = 0; i < kSlow; i++) {
      char bytes[10];
      pattern_fill(bytes, sizeof bytes, (uint64_t)round * 10);
      assert_int_equal(peer_send_some(&readers[i].peer, bytes, sizeof bytes), sizeof bytes);
    }
    // Each of the slow ones has its turn although the flood always has more and leases are kept over a
    // turn.
    int waiting = kSlow, rounds = 0;
    while (waiting) {
      pattern_fill(block, sizeof block, sent);
      int64_t now = peer_send_some(&flood->peer, block, sizeof block);
      if (now > 0) sent += (uint64_t)now;
      eddy_loop_step(loop, eddy_update_now(loop) + EDDY_MILLISECOND);
      waiting = 0;
      for (int i = 0; i < kSlow; i++) waiting += readers[i].got < (uint64_t)(round + 1) * 10;
      for (int i = 0; i <= kSlow; i++) give_all(&readers[i]);
      if (++rounds > 4000) fail_msg("%d of %d streams starve", waiting, kSlow);
    }
  }
  assert_true(flood->got > 0);
  for (int i = 0; i <= kSlow; i++) {
    peer_close(&readers[i].peer);
    eddy_stream_close(readers[i].stream, NULL, NULL);
  }
  all_ended(loop);
  for (int i = 0; i <= kSlow; i++) give_all(&readers[i]);
  for (int i = 0; i < kSlow; i++) assert_int_equal(readers[i].got, kRounds * 10);
  assert_int_equal(eddy_pool_free(pool), buffers);
  eddy_pool_close(pool, NULL, NULL);
  free(readers);
}

static void eight_buffers(void **state) { flood_and_trickle(state, 8, 4); }
static void one_buffer(void **state) { flood_and_trickle(state, 1, 0); }
static void two_with_one_credit(void **state) { flood_and_trickle(state, 2, 1); }

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(eight_buffers), FIXTURE_TEST(one_buffer),
                                     FIXTURE_TEST(two_with_one_credit)};
  return RUN_TESTS(tests);
}
