// Rule 3: an idle op that offers nothing holds no pointer to its loop, which may be gone. What an accept that ended
// inline offers is taken back by a drain, by close, and by the end of the loop's kernel interface.
#include "peer.h"

static void nothing(eddy_op_t *op, int64_t result) { (void)op, (void)result; }

static void nothing_to_take(eddy_op_t *op) {
  eddy_lease_t lease;
  assert_null(eddy_op_take_stream(op));
  assert_true(eddy_op_take_native(op) == EDDY_NO_NATIVE);
  assert_int_equal(eddy_op_take_lease(op, &lease), 0);
  assert_int_equal(eddy_op_peek_lease(op, &lease), 0);
  assert_int_equal(eddy_op_pending(op), 0);
  assert_int_equal(eddy_rearm(op, 1), EDDY_EINVAL);
  eddy_cancel(op);
  eddy_op_unref(op);
  eddy_op_ref(op);
}

static void after_the_loop(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  struct rec recs[5] = {{.calls = 0}};
  eddy_stream_t *ends[2];
  char byte = 'x';
  eddy_buf_t one = buffer(&byte, 1);
  assert_int_equal(eddy_stream_pair(loop, &ends[0], &ends[1]), 0);
  eddy_sleep(loop, &recs[0].op, 0, rec_cb);
  eddy_op_set_flags(&recs[1].op, EDDY_OP_INLINE);
  eddy_stream_write(ends[0], &recs[1].op, &one, 1, rec_cb);
  eddy_stream_read(ends[1], &recs[2].op, &one, 1, rec_cb);
  eddy_post(eddy_loop_remote(loop), &recs[3].op, rec_cb);
  turn_until(loop, &recs[2].finals, 1);
  eddy_stream_close(ends[0], &recs[4].op, rec_cb);
  eddy_stream_close(ends[1], NULL, NULL);
  eddy_loop_run(loop);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  assert_int_equal(eddy_loop_close(loop), 0);
  for (int i = 0; i < 5; i++) nothing_to_take(&recs[i].op);
  assert_int_equal(eddy_post(remote, &recs[0].op, rec_cb), EDDY_ECLOSED);
  nothing_to_take(&recs[0].op);
  eddy_remote_release(remote);
  eddy_remote_release(remote); // that of the post
}

// Started before anything runs, with a connection there: it ends inside its start call.
static int accept_inline(eddy_loop_t *loop, eddy_op_t *op, struct peer *peer) {
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  *peer = peer_connect(&addr);
  eddy_op_set_flags(op, EDDY_OP_INLINE);
  int started = eddy_listener_accept(listener, op, nothing);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
  return started == EDDY_DONE && eddy_op_result(op) == 0;
}

static void taken_back_by_close(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  eddy_op_t op = {0};
  struct peer peer;
  if (accept_inline(loop, &op, &peer)) {
    eddy_op_t copy = op;
    assert_int_equal(eddy_loop_close(loop), 0); // nobody else has the stream
    assert_int_equal(peer_drain(&peer), 0);
    nothing_to_take(&op);
    nothing_to_take(&copy);
  } else {
    assert_int_equal(eddy_loop_drain(loop, EDDY_NEVER), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
  }
  peer_close(&peer);
}

// With a handle that the user has, close changes nothing.
static void kept_while_the_loop_is_busy(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  eddy_op_t op = {0};
  struct peer peer;
  eddy_stream_t *other;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &other), 0);
  int offers = accept_inline(loop, &op, &peer);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  eddy_stream_t *stream = eddy_op_take_stream(&op);
  if (offers) assert_non_null(stream);
  nothing_to_take(&op);
  if (stream) eddy_stream_close(stream, NULL, NULL);
  eddy_stream_close(other, NULL, NULL);
  all_ended(loop);
  assert_int_equal(eddy_loop_close(loop), 0);
  peer_close(&peer);
}

static void taken_back_by_a_drain(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_op_t op = {0};
  struct peer peer;
  accept_inline(loop, &op, &peer);
  assert_int_equal(eddy_loop_drain(loop, EDDY_NEVER), 0);
  nothing_to_take(&op);
  peer_close(&peer);
}

static eddy_listener_t *listening;
static eddy_stream_t *taken[2];

// In its callback the first stream is on offer until the op is started again.
static void again_at_once(struct rec *rec, int64_t result) {
  if (result != 0 || rec->context) return;
  rec->context = rec;
  int started = eddy_listener_accept(listening, &rec->op, rec_cb);
  taken[0] = eddy_op_take_stream(&rec->op);
  taken[1] = eddy_op_take_stream(&rec->op);
  if (started == EDDY_PENDING) eddy_cancel(&rec->op);
}

static void a_restart_ends_the_offer(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  listening = listen_loopback(loop, &addr);
  struct rec accepted = {.then = again_at_once};
  taken[0] = taken[1] = NULL;
  eddy_op_set_flags(&accepted.op, EDDY_OP_INLINE);
  assert_int_equal(eddy_listener_accept(listening, &accepted.op, rec_cb), EDDY_PENDING);
  struct peer peers[2];
  for (int i = 0; i < 2; i++) peers[i] = peer_connect(&addr);
  all_ended(loop);
  assert_null(taken[1]);
  assert_int_equal(peer_drain(&peers[0]), 0); // the first was given up, and closed
  if (taken[0]) close_stream(loop, taken[0]);
  eddy_listener_close(listening, NULL, NULL);
  all_ended(loop);
  for (int i = 0; i < 2; i++) peer_close(&peers[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(after_the_loop),
      FIXTURE_TEST(taken_back_by_close),
      FIXTURE_TEST(kept_while_the_loop_is_busy),
      FIXTURE_TEST(taken_back_by_a_drain),
      FIXTURE_TEST(a_restart_ends_the_offer),
  };
  return RUN_TESTS(tests);
}
