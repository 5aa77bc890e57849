// EDDY_OP_INLINE and a deadline at once: what ends inside its start call ends there, and takes the deadline with it.
#include "peer.h"

static eddy_time_t soon(eddy_loop_t *loop) { return eddy_update_now(loop) + 10 * EDDY_SECOND; }

static void starts_end_inside(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *idle;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &idle), 0);
  char byte = 'x', got[100];
  eddy_buf_t one = buffer(&byte, 1);
  struct rec rec = {0};
  eddy_op_set_flags(&rec.op, EDDY_OP_INLINE);
  for (int i = 0; i < 100; i++) {
    eddy_op_set_deadline(&rec.op, soon(loop));
    assert_int_equal(eddy_stream_write(stream, &rec.op, &one, 1, rec_cb), EDDY_DONE);
    assert_int_equal(eddy_op_result(&rec.op), 1);
  }
  for (int i = 0; i < 2; i++) {
    eddy_op_set_deadline(&rec.op, soon(loop));
    assert_int_equal(eddy_stream_read(stream, &rec.op, NULL, 0, rec_cb), EDDY_DONE);
    assert_int_equal(eddy_op_result(&rec.op), EDDY_EINVAL);
    eddy_op_set_deadline(&rec.op, soon(loop));
    assert_int_equal(eddy_stream_read(idle, &rec.op, &one, 1, rec_cb), EDDY_DONE);
    assert_int_equal(eddy_op_result(&rec.op), EDDY_ENOTCONN);
  }
  turns(loop, 2);
  assert_int_equal(eddy_loop_next_deadline(loop), EDDY_NEVER); // no deadline is left behind
  peer_receive(&peer, got, sizeof got);
  assert_int_equal(rec.calls, 0);
  eddy_stream_close(idle, NULL, NULL);
  close_stream(loop, stream);
  peer_close(&peer);
}

// What does not end there keeps its deadline, and its callback.
static void the_deadline_holds_for_the_others(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char byte;
  eddy_buf_t one = buffer(&byte, 1);
  struct rec read = {0};
  eddy_op_set_flags(&read.op, EDDY_OP_INLINE);
  eddy_op_set_deadline(&read.op, eddy_update_now(loop) + 5 * EDDY_MILLISECOND);
  assert_int_equal(eddy_stream_read(stream, &read.op, &one, 1, rec_cb), EDDY_PENDING);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, EDDY_ETIMEDOUT);
  close_stream(loop, stream);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(starts_end_inside),
                                     FIXTURE_TEST(the_deadline_holds_for_the_others)};
  return RUN_TESTS(tests);
}
