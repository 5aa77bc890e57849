// Rule 7: a write that an error ends in its middle gives the error and the count; those queued behind it
// end with EDDY_ECANCELED and 0, those started later with an error of their own.
#include "rule_tools.h"

static void rule_7_short_write_after_a_reset(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  enum { BIG = 32 << 20 };
  char *memory = page_take(BIG);
  eddy_buf_t big = buffer(memory, BIG), small = buffer(memory, 10);
  struct rec write = {0}, behind[3] = {0}, later = {0};
  eddy_stream_write(stream, &write.op, &big, 1, rec_cb);
  for (int i = 0; i < 3; i++) eddy_stream_write(stream, &behind[i].op, &small, 1, rec_cb);
  turns(loop, 3);
  assert_int_equal(write.finals, 0);
  peer_reset(&peer);
  turn_until(loop, &write.finals, 1);
  assert_true(write.result == EDDY_ECONNRESET || write.result == EDDY_EPIPE);
  assert_true(eddy_op_os_error(&write.op) != 0);
  assert_true(write.transferred > 0 && write.transferred < BIG);
  for (int i = 0; i < 3; i++) {
    turn_until(loop, &behind[i].finals, 1);
    assert_int_equal(behind[i].result, EDDY_ECANCELED);
    assert_int_equal(behind[i].transferred, 0);
    assert_true(write.order < behind[i].order);
  }
  assert_int_equal(eddy_stream_queued(stream), 0);
  eddy_stream_write(stream, &later.op, &small, 1, rec_cb);
  turn_until(loop, &later.finals, 1);
  assert_true(later.result == EDDY_ECONNRESET || later.result == EDDY_EPIPE);
  eddy_stream_close(stream, NULL, NULL);
  page_drop(memory, BIG);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_7_short_write_after_a_reset)};
  return RUN_TESTS(tests);
}
