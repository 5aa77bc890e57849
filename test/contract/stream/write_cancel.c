// A cancelled write: without effect it just goes; with a part of it sent, its count is told and the
// writes behind it are cancelled.
#include "peer.h"

static char block[16 << 20];

static void in_part(void **state, int by_deadline) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  pattern_fill(block, sizeof block, 0);
  eddy_buf_t out = buffer(block, sizeof block);
  struct rec first = {0}, second = {0}, third = {0};
  if (by_deadline) eddy_op_set_deadline(&first.op, eddy_update_now(loop) + 20 * EDDY_MILLISECOND);
  eddy_stream_write(stream, &first.op, &out, 1, rec_cb);
  eddy_stream_write(stream, &second.op, &out, 1, rec_cb);
  eddy_stream_write(stream, &third.op, &out, 1, rec_cb);
  if (!by_deadline) {
    turns(loop, 4);
    eddy_cancel(&second.op); // in the queue, without effect
    turn_until(loop, &second.finals, 1);
    assert_int_equal(first.calls + third.calls, 0);
    eddy_cancel(&first.op);
  }
  all_ended(loop);
  assert_int_equal(first.result, by_deadline ? EDDY_ETIMEDOUT : EDDY_ECANCELED);
  assert_true(first.transferred > 0 && first.transferred < sizeof block);
  assert_int_equal(second.result, EDDY_ECANCELED);
  assert_int_equal(third.result, EDDY_ECANCELED);
  assert_int_equal(second.transferred + third.transferred, 0);
  assert_int_equal(eddy_stream_queued(stream), 0);
  // The peer gets what the count says, and nothing else.
  uint64_t sent = first.transferred;
  close_stream(loop, stream);
  char *in = malloc(sent);
  peer_receive(&peer, in, sent);
  pattern_check(in, sent, 0);
  assert_int_equal(peer_drain(&peer), 0);
  free(in);
  peer_close(&peer);
}

static void by_cancel(void **state) { in_part(state, 0); }
static void by_deadline(void **state) { in_part(state, 1); }

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(by_cancel), FIXTURE_TEST(by_deadline)};
  return RUN_TESTS(tests);
}
