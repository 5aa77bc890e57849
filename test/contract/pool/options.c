// The options of a pool: ranges, rounding, defaults.
#include "peer.h"

static int open_with(eddy_loop_t *loop, eddy_pool_options_t options, uint32_t *free_buffers) {
  eddy_pool_t *pool = (void *)&options;
  int error = eddy_pool_open(loop, &options, &pool);
  if (error) {
    assert_null(pool);
    return error;
  }
  *free_buffers = eddy_pool_free(pool);
  eddy_pool_close(pool, NULL, NULL);
  return 0;
}

static void ranges(void **state) {
  eddy_loop_t *loop = LOOP(state);
  const uint32_t size = sizeof(eddy_pool_options_t);
  uint32_t count = 0;
  assert_int_equal(open_with(loop, (eddy_pool_options_t){size, 0, 0, 0}, &count), 0);
  assert_int_equal(count, 256);
  assert_int_equal(open_with(loop, (eddy_pool_options_t){size, 64, 1, 0}, &count), 0);
  assert_int_equal(count, 1);
  assert_int_equal(open_with(loop, (eddy_pool_options_t){size, 64, 32768, 0}, &count), 0);
  assert_int_equal(count, 32768);
  assert_int_equal(open_with(loop, (eddy_pool_options_t){size, 1 << 20, 3, 0}, &count), 0);
  assert_int_equal(count, 3);
  assert_int_equal(open_with(loop, (eddy_pool_options_t){size, 63, 1, 0}, &count), EDDY_EINVAL);
  assert_int_equal(open_with(loop, (eddy_pool_options_t){size, (1 << 20) + 1, 1, 0}, &count),
                   EDDY_EINVAL);
  assert_int_equal(open_with(loop, (eddy_pool_options_t){size, 64, 32769, 0}, &count), EDDY_EINVAL);
  assert_int_equal(open_with(loop, (eddy_pool_options_t){size, 64, 1, 1}, &count), EDDY_ENOTSUP);
  assert_int_equal(open_with(loop, (eddy_pool_options_t){2, 0, 0, 0}, &count), EDDY_EINVAL);
  all_ended(loop);
}

static void rounds_up(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_pool_t *pool = open_pool(loop, 2, 65); // 128
  char data[128] = {0};
  peer_send(&peer, data, sizeof data);
  peer_settled(&peer);
  struct rec read = {0};
  eddy_stream_read_pool(stream, &read.op, pool, 1, rec_cb);
  turn_until(loop, &read.mores, 1);
  assert_int_equal(read.last_more, 128);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(ranges), FIXTURE_TEST(rounds_up)};
  return RUN_TESTS(tests);
}
