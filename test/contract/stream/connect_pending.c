// A connect that gets no answer ends by its deadline, a cancel or a close; what queued ends with it.
#include "peer.h"

static void pending(void **state, int how, int64_t wanted) {
  eddy_loop_t *loop = LOOP(state);
  struct full_listener full;
  full_listener_open(&full);
  eddy_stream_t *stream = open_stream(loop);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room), out = buffer(room, 1);
  struct rec connect = {0}, read = {0}, write = {0}, closed = {0}, refused = {0};
  if (how == 0) eddy_op_set_deadline(&connect.op, eddy_update_now(loop) + 20 * EDDY_MILLISECOND);
  eddy_stream_connect(stream, &connect.op, &full.addr, rec_cb);
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  if (how != 0) turns(loop, 3);
  assert_int_equal(connect.calls, 0);
  if (how == 1) eddy_cancel(&connect.op);
  if (how == 2) eddy_stream_close(stream, &closed.op, rec_cb);
  turn_until(loop, &connect.finals, 1);
  turn_until(loop, &write.finals, 1);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(connect.result, wanted);
  assert_int_equal(read.result, wanted);
  assert_int_equal(write.result, wanted);
  if (how == 2) {
    turn_until(loop, &closed.finals, 1);
  } else {
    assert_int_equal(eddy_stream_queued(stream), 0);
    eddy_stream_connect(stream, &refused.op, &full.addr, rec_cb);
    turn_until(loop, &refused.finals, 1);
    assert_true(refused.result < 0); // only close is left
    close_stream(loop, stream);
  }
  full_listener_close(&full);
}

static void deadline(void **state) { pending(state, 0, EDDY_ETIMEDOUT); }
static void cancelled(void **state) { pending(state, 1, EDDY_ECANCELED); }
static void closed(void **state) { pending(state, 2, EDDY_ECANCELED); }

static void past_deadline_makes_no_attempt(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  struct peer_listener listener = peer_listen(&addr, 4);
  eddy_stream_t *stream = open_stream(loop);
  struct rec connect = {0};
  eddy_op_set_deadline(&connect.op, 1);
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, EDDY_ETIMEDOUT);
  turns(loop, 3);
  peer_waiting_is(&listener, 0);
  close_stream(loop, stream);
  peer_unlisten(&listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(deadline), FIXTURE_TEST(cancelled),
                                     FIXTURE_TEST(closed),
                                     FIXTURE_TEST(past_deadline_makes_no_attempt)};
  return RUN_TESTS(tests);
}
