// Rule 14: stop is sticky until one run or step has consumed it.
#include "rule_tools.h"

static eddy_loop_t *the_loop;

static void stop_it(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  eddy_loop_stop(the_loop);
}

static void rule_14_stop_before_a_run(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec sleep = {0};
  eddy_sleep(loop, &sleep.op, EDDY_NEVER, rec_cb);
  eddy_loop_stop(loop);
  eddy_loop_stop(loop);
  assert_int_equal(eddy_loop_run(loop), 1); // once, without a wait
  eddy_loop_stop(loop);
  assert_int_equal(eddy_loop_step(loop, EDDY_NEVER), 1);
  eddy_cancel(&sleep.op);
  assert_int_equal(eddy_loop_run(loop), 0); // consumed
  assert_int_equal(sleep.finals, 1);
}

static void rule_14_stop_from_a_callback(void **state) {
  eddy_loop_t *loop = the_loop = LOOP(state);
  struct rec first = {.then = stop_it}, second = {0}, late = {0};
  eddy_yield(loop, &first.op, rec_cb);
  eddy_yield(loop, &second.op, rec_cb);
  eddy_sleep(loop, &late.op, eddy_now(loop) + 20 * EDDY_MILLISECOND, rec_cb);
  assert_int_equal(eddy_loop_run(loop), 1);
  assert_int_equal(second.finals, 1); // the turn goes to its end
  assert_int_equal(late.finals, 0);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(late.finals, 1);
}

// A run of a loop that is not alive consumes it too.
static void rule_14_stop_of_an_idle_loop(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  for (int remotely = 0; remotely < 2; remotely++) {
    struct rec sleep = {0};
    remotely ? eddy_remote_stop(remote) : eddy_loop_stop(loop);
    assert_int_equal(eddy_loop_run(loop), 0);
    eddy_sleep(loop, &sleep.op, eddy_update_now(loop) + 5 * EDDY_MILLISECOND, rec_cb);
    assert_int_equal(eddy_loop_run(loop), 0);
    assert_int_equal(sleep.finals, 1);
  }
  eddy_remote_release(remote);
}

// The first timers of a run or step are the end of the turn before: a stop that they ask for ends it there.
static void stop_in_the_first_timers(eddy_loop_t *loop, int step,
                                     void (*stop)(struct rec *, int64_t)) {
  struct rec timer = {.then = stop}, beside = {0}, yield = {0}, post = {0}, idle = {0};
  eddy_remote_t *remote = eddy_loop_remote(loop);
  the_loop = loop;
  eddy_yield(loop, &yield.op, rec_cb);
  eddy_post(remote, &post.op, rec_cb);
  eddy_hook_idle(loop, &idle.op, rec_cb);
  eddy_sleep(loop, &timer.op, 0, rec_cb);
  eddy_sleep(loop, &beside.op, 0, rec_cb);
  assert_int_equal(step ? eddy_loop_step(loop, EDDY_NEVER) : eddy_loop_run(loop), 1);
  assert_int_equal(timer.finals, 1);
  assert_int_equal(beside.finals, 1);
  assert_int_equal(yield.calls + post.calls + idle.calls, 0);
  eddy_cancel(&idle.op);
  assert_int_equal(eddy_loop_run(loop), 0); // the stop was consumed
  assert_int_equal(yield.finals + post.finals + idle.finals, 3);
  eddy_remote_release(remote);
}

static void stop_by_remote(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  eddy_remote_t *remote = eddy_loop_remote(the_loop);
  eddy_remote_stop(remote);
  eddy_remote_release(remote);
}

static void rule_14_stop_in_the_first_timers(void **state) {
  for (int step = 0; step < 2; step++) {
    stop_in_the_first_timers(LOOP(state), step, stop_it);
    stop_in_the_first_timers(LOOP(state), step, stop_by_remote);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(rule_14_stop_before_a_run), FIXTURE_TEST(rule_14_stop_from_a_callback),
      FIXTURE_TEST(rule_14_stop_of_an_idle_loop), FIXTURE_TEST(rule_14_stop_in_the_first_timers)};
  return RUN_TESTS(tests);
}
