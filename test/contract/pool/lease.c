// A lease outlives its stream and its pool's close; given back twice it is noticed.
#include "peer.h"

struct two {
  eddy_lease_t lease[2];
  int count;
};

static void take(struct rec *rec, int64_t result) {
  (void)result;
  struct two *two = rec->context;
  if (eddy_op_more(&rec->op) && two->count < 2)
    eddy_op_take_lease(&rec->op, &two->lease[two->count++]);
}

static void outlives(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_pool_t *pool = open_pool(loop, 4, 64);
  struct two two = {0};
  struct rec read = {.then = take, .context = &two}, closed = {0};
  char data[128];
  pattern_fill(data, sizeof data, 9);
  peer_send(&peer, data, sizeof data);
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  turn_until(loop, &two.count, 2);
  close_stream(loop, stream);
  peer_close(&peer);
  assert_int_equal(read.finals, 1);
  assert_int_equal(eddy_pool_free(pool), 2);
  assert_int_equal(eddy_pool_give(pool, two.lease[0].id), 0);
  assert_int_equal(eddy_pool_give(pool, two.lease[0].id), EDDY_EINVAL);
  assert_int_equal(eddy_pool_give(pool, two.lease[1].id + 1), EDDY_EINVAL);
  assert_int_equal(eddy_pool_give(pool, UINT64_MAX), EDDY_EINVAL);
  assert_int_equal(eddy_pool_give(pool, 0), EDDY_EINVAL);
  eddy_pool_close(pool, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  pattern_check(two.lease[1].data, two.lease[1].size, 9 + 64); // the memory is still there
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  assert_int_equal(eddy_pool_give(pool, two.lease[1].id), 0);
}

// The id of an earlier loan of the same buffer is not good for a later one.
static void stale_id(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_pool_t *pool = open_pool(loop, 1, 64);
  struct two two = {0};
  struct rec read = {.then = take, .context = &two};
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  peer_send(&peer, "a", 1);
  turn_until(loop, &two.count, 1);
  assert_int_equal(eddy_pool_give(pool, two.lease[0].id), 0);
  peer_send(&peer, "b", 1);
  turn_until(loop, &two.count, 2);
  assert_ptr_equal(two.lease[0].data, two.lease[1].data);
  assert_int_equal(eddy_pool_give(pool, two.lease[0].id), EDDY_EINVAL);
  assert_int_equal(*(char *)two.lease[1].data, 'b');
  assert_int_equal(eddy_pool_give(pool, two.lease[1].id), 0);
  peer_close(&peer);
  turn_until(loop, &read.finals, 1);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(outlives), FIXTURE_TEST(stale_id)};
  return RUN_TESTS(tests);
}
