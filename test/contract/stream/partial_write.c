// Rule 5 and 7: a write ended in its middle gives its reason and the exact count; what queued behind it
// ends with EDDY_ECANCELED and 0.
#include "rule_tools.h"

enum { BIG = 32 << 20 };

static void ended_in_the_middle(eddy_loop_t *loop, int by_deadline) {
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char *memory = page_take(BIG);
  eddy_buf_t big = buffer(memory, BIG), small = buffer(memory, 10);
  struct rec write = {0}, behind = {0}, shut = {0};
  if (by_deadline) eddy_op_set_deadline(&write.op, eddy_update_now(loop) + 30 * EDDY_MILLISECOND);
  eddy_stream_write(stream, &write.op, &big, 1, rec_cb);
  eddy_stream_write(stream, &behind.op, &small, 1, rec_cb);
  eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  turns(loop, 5);
  if (!by_deadline) {
    assert_int_equal(write.finals, 0); // nobody reads
    eddy_cancel(&write.op);
  }
  turn_until(loop, &write.finals, 1);
  turn_until(loop, &behind.finals, 1);
  turn_until(loop, &shut.finals, 1);
  assert_int_equal(write.result, by_deadline ? EDDY_ETIMEDOUT : EDDY_ECANCELED);
  assert_true(write.transferred > 0 && write.transferred < BIG);
  assert_int_equal(behind.result, EDDY_ECANCELED);
  assert_int_equal(behind.transferred, 0);
  assert_int_equal(shut.result, EDDY_ECANCELED);
  assert_true(write.order < behind.order);
  assert_int_equal(eddy_stream_queued(stream), 0);
  page_drop(memory, BIG); // ours again
  eddy_stream_close(stream, NULL, NULL);
  turns(loop, 3);
  assert_int_equal(peer_receive_rest(&peer), write.transferred);
  peer_close(&peer);
}

static void rule_5_partial_write_cancelled(void **state) { ended_in_the_middle(LOOP(state), 0); }
static void rule_5_partial_write_timed_out(void **state) { ended_in_the_middle(LOOP(state), 1); }

// A queued write without effect leaves the others alone.
static void rule_5_queued_write_cancelled_alone(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char *memory = page_take(BIG);
  eddy_buf_t big = buffer(memory, BIG), small = buffer(memory, 10);
  struct rec write = {0}, middle = {0}, last = {0};
  eddy_stream_write(stream, &write.op, &big, 1, rec_cb);
  eddy_stream_write(stream, &middle.op, &small, 1, rec_cb);
  eddy_stream_write(stream, &last.op, &small, 1, rec_cb);
  turns(loop, 3);
  eddy_cancel(&middle.op);
  turn_until(loop, &middle.finals, 1);
  assert_int_equal(middle.result, EDDY_ECANCELED);
  assert_int_equal(middle.transferred, 0);
  assert_int_equal(write.finals, 0);
  int64_t total = 0;
  static char waste[1 << 20];
  while (last.finals == 0) {
    int64_t got = peer_receive_some(&peer, waste, sizeof waste);
    if (got > 0) total += got;
    eddy_loop_step(loop, 0);
  }
  assert_int_equal(write.result, BIG);
  assert_int_equal(last.result, 10);
  eddy_stream_close(stream, NULL, NULL);
  turns(loop, 3);
  assert_int_equal(total + peer_receive_rest(&peer), BIG + 10);
  page_drop(memory, BIG);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_5_partial_write_cancelled),
                                     FIXTURE_TEST(rule_5_partial_write_timed_out),
                                     FIXTURE_TEST(rule_5_queued_write_cancelled_alone)};
  return RUN_TESTS(tests);
}
