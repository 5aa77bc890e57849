// Rule 9: a loop runs while ref'd ops are pending, posts wait or handles are closing.
#include "rule_tools.h"

static void rule_9_nothing_pending_returns_at_once(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *idle;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &idle), 0);
  assert_int_equal(eddy_loop_alive(loop), 0); // an open handle alone does not keep it
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(eddy_loop_step(loop, EDDY_NEVER), 0); // does not wait either
  eddy_stream_close(idle, NULL, NULL);
  assert_int_equal(eddy_loop_alive(loop), 1);
  assert_int_equal(eddy_loop_run(loop), 0);
}

static void rule_9_unref_does_not_keep_alive(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec unref = {0}, ref = {0};
  eddy_op_set_flags(&unref.op, EDDY_OP_UNREF);
  eddy_tick(loop, &unref.op, eddy_now(loop), EDDY_MILLISECOND, EDDY_TICK_SKIP, rec_cb);
  assert_int_equal(eddy_loop_alive(loop), 0);
  assert_int_equal(eddy_loop_run(loop), 0);
  // A ref'd op keeps it, and the other is served meanwhile.
  eddy_sleep(loop, &ref.op, eddy_update_now(loop) + 10 * EDDY_MILLISECOND, rec_cb);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(ref.finals, 1);
  assert_true(unref.mores > 0);
  assert_int_equal(unref.finals, 0);
  eddy_cancel(&unref.op);
  turn_until(loop, &unref.finals, 1);
}

static void rule_9_ref_and_unref_in_every_state(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec rec = {0};
  eddy_op_unref(&rec.op); // idle: for the next start
  eddy_op_unref(&rec.op);
  eddy_sleep(loop, &rec.op, EDDY_NEVER, rec_cb);
  assert_int_equal(eddy_loop_alive(loop), 0);
  eddy_op_ref(&rec.op);
  eddy_op_ref(&rec.op);
  assert_int_equal(eddy_loop_alive(loop), 1);
  eddy_op_unref(&rec.op);
  assert_int_equal(eddy_loop_alive(loop), 0);
  eddy_op_ref(&rec.op);
  eddy_cancel(&rec.op);
  eddy_op_unref(&rec.op); // on its way
  assert_int_equal(eddy_loop_alive(loop), 0);
  eddy_op_ref(&rec.op);
  assert_int_equal(eddy_loop_alive(loop), 1);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(rec.finals, 1);
  eddy_yield(loop, &rec.op, rec_cb); // the flag stays: ref'd now
  assert_int_equal(eddy_loop_alive(loop), 1);
  assert_int_equal(eddy_loop_run(loop), 0);
}

static void stop_being_alive(struct rec *rec, int64_t result) {
  (void)result;
  if (rec->mores == 3) eddy_op_unref(&rec->op);
}

static void rule_9_unref_inside_a_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec tick = {.then = stop_being_alive};
  eddy_tick(loop, &tick.op, 0, 1, EDDY_TICK_DELAY, rec_cb);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_true(tick.mores >= 3);
  assert_int_equal(tick.finals, 0);
  eddy_cancel(&tick.op);
  turn_until(loop, &tick.finals, 1);
}

static void rule_9_an_accepted_post_counts(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  struct rec post = {0};
  eddy_op_set_flags(&post.op, EDDY_OP_UNREF);
  assert_int_equal(eddy_post(remote, &post.op, rec_cb), EDDY_PENDING);
  assert_int_equal(eddy_loop_alive(loop), 1);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(post.finals, 1);
  assert_int_equal(post.result, 0);
  eddy_remote_release(remote);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_9_nothing_pending_returns_at_once),
                                     FIXTURE_TEST(rule_9_unref_does_not_keep_alive),
                                     FIXTURE_TEST(rule_9_ref_and_unref_in_every_state),
                                     FIXTURE_TEST(rule_9_unref_inside_a_callback),
                                     FIXTURE_TEST(rule_9_an_accepted_post_counts)};
  return RUN_TESTS(tests);
}
