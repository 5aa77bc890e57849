// Queued bytes, and the congestion signal between its low and high water marks.
#include "peer.h"

static char block[1 << 20];

static void signal_has_hysteresis(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  small_buffers(stream, 4096);
  assert_int_equal(eddy_stream_set_watermarks(stream, 5, 5), EDDY_EINVAL);
  assert_int_equal(eddy_stream_set_watermarks(stream, 6, 5), EDDY_EINVAL);
  assert_int_equal(eddy_stream_set_watermarks(stream, 100000, 900000), 0);
  struct rec at_once = {0}, waiters[3] = {0}, dropped = {0}, writes[200] = {0};
  eddy_stream_wait_uncongested(stream, &at_once.op, rec_cb);
  turn_until(loop, &at_once.finals, 1);
  assert_int_equal(at_once.result, 0);

  eddy_buf_t part = buffer(block, 8000);
  for (int i = 0; i < 200; i++) {
    eddy_stream_write(stream, &writes[i].op, &part, 1, rec_cb);
    if (i == 100) assert_int_equal(eddy_stream_congested(stream), 0); // below high
  }
  assert_int_equal(eddy_stream_congested(stream), 1);
  for (int i = 0; i < 3; i++) eddy_stream_wait_uncongested(stream, &waiters[i].op, rec_cb);
  eddy_stream_wait_uncongested(stream, &dropped.op, rec_cb);
  eddy_cancel(&dropped.op);
  turns(loop, 3);
  assert_int_equal(dropped.result, EDDY_ECANCELED);
  static char sink[8192];
  eddy_time_t limit = eddy_update_now(loop) + 20 * EDDY_SECOND;
  int between = 0;
  while (!waiters[0].finals && eddy_update_now(loop) < limit) {
    uint64_t queued = eddy_stream_queued(stream);
    assert_int_equal(eddy_stream_congested(stream), queued > 100000);
    between += queued > 100000 && queued < 900000;
    (void)!peer_receive_some(&peer, sink, sizeof sink);
    eddy_loop_step(loop, 0);
  }
  assert_true(between > 0); // it was seen below high and above low, congested
  for (int i = 0; i < 3; i++) assert_int_equal(waiters[i].finals, 1);
  assert_true(eddy_stream_queued(stream) <= 100000);
  TURN_UNTIL(loop, ((void)!peer_receive_some(&peer, sink, sizeof sink), writes[199].finals));
  assert_int_equal(eddy_stream_queued(stream), 0);
  close_stream(loop, stream);
  peer_close(&peer);
}

// A write that goes in parts shows it.
static void falls_within_a_write(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  small_buffers(stream, 4096);
  eddy_buf_t parts[100];
  for (int i = 0; i < 100; i++) parts[i] = buffer(block, 8000);
  struct rec writes[2] = {0};
  uint64_t last = 2 * 800000;
  int falls = 0;
  for (int i = 0; i < 2; i++) eddy_stream_write(stream, &writes[i].op, parts, 100, rec_cb);
  static char sink[8192];
  eddy_time_t limit = eddy_update_now(loop) + 20 * EDDY_SECOND;
  while (!writes[0].finals && eddy_update_now(loop) < limit) {
    (void)!peer_receive_some(&peer, sink, sizeof sink);
    eddy_loop_step(loop, 0);
    uint64_t queued = eddy_stream_queued(stream);
    assert_true(queued <= last);
    falls += queued < last && !writes[0].finals;
    last = queued;
  }
  assert_int_equal(writes[0].result, 800000);
  assert_true(falls > 1);
  TURN_UNTIL(loop, ((void)!peer_receive_some(&peer, sink, sizeof sink), writes[1].finals));
  assert_int_equal(eddy_stream_queued(stream), 0);
  close_stream(loop, stream);
  peer_close(&peer);
}

static void defaults(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  struct full_listener full;
  full_listener_open(&full);
  addr = full.addr;
  // Behind a connect that never ends the count is exact.
  eddy_stream_t *stream = open_stream(loop);
  struct rec connect = {0}, writes[3] = {0}, wait = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  eddy_buf_t most = buffer(block, sizeof block - 1), one = buffer(block, 1);
  eddy_stream_write(stream, &writes[0].op, &most, 1, rec_cb);
  assert_int_equal(eddy_stream_queued(stream), sizeof block - 1);
  assert_int_equal(eddy_stream_congested(stream), 0);
  eddy_stream_write(stream, &writes[1].op, &one, 1, rec_cb);
  assert_int_equal(eddy_stream_queued(stream), sizeof block);
  assert_int_equal(eddy_stream_congested(stream), 1);
  eddy_stream_wait_uncongested(stream, &wait.op, rec_cb);
  turns(loop, 2);
  eddy_cancel(&writes[1].op); // above low: nothing changes
  assert_int_equal(eddy_stream_queued(stream), sizeof block - 1);
  assert_int_equal(eddy_stream_congested(stream), 1);
  eddy_cancel(&writes[0].op);
  turn_until(loop, &wait.finals, 1);
  assert_int_equal(wait.result, 0);
  assert_int_equal(eddy_stream_queued(stream), 0);
  assert_int_equal(eddy_stream_congested(stream), 0);
  close_stream(loop, stream);
  full_listener_close(&full);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(signal_has_hysteresis),
                                     FIXTURE_TEST(falls_within_a_write), FIXTURE_TEST(defaults)};
  return RUN_TESTS(tests);
}
