// eddy_loop_run_until_set: a run ends for a flag of the caller's, and tells that from a stop.
#include "rule_tools.h"

static eddy_loop_t *the_loop;
static eddy_remote_t *the_remote;
static uint32_t flag;

static void set_it(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  flag = 1;
}

static void set_it_and_stop(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  flag = 1;
  eddy_loop_stop(the_loop);
}

static void stop_remotely(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  eddy_remote_stop(the_remote);
}

static void begin(void **state) {
  the_loop = LOOP(state);
  the_remote = eddy_loop_remote(the_loop);
  flag = 0;
}

static void ends_in_every_phase(void **state) {
  begin(state);
  struct rec far = {0}, yield = {.then = set_it}, post = {.then = set_it}, timer = {.then = set_it};
  struct rec idle = {.then = set_it}, beside = {0};
  eddy_sleep(the_loop, &far.op, EDDY_NEVER, rec_cb);
  eddy_yield(the_loop, &yield.op, rec_cb);
  eddy_yield(the_loop, &beside.op, rec_cb);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 2);
  assert_int_equal(yield.finals + beside.finals, 2); // the turn goes to its end
  flag = 0;
  eddy_post(the_remote, &post.op, rec_cb);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 2);
  flag = 0;
  eddy_sleep(the_loop, &timer.op, eddy_update_now(the_loop) + EDDY_MILLISECOND, rec_cb);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 2);
  flag = 0;
  eddy_hook_idle(the_loop, &idle.op, rec_cb);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 2);
  assert_int_equal(idle.calls, 1);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 2); // no turn
  assert_int_equal(idle.calls, 1);
  eddy_cancel(&idle.op);
  eddy_cancel(&far.op);
  flag = 0;
  idle.then = NULL;
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 0);
  eddy_remote_release(the_remote);
}

// Whichever was first, and also when nothing is left.
static void a_stop_is_told(void **state) {
  begin(state);
  struct rec far = {0}, yield = {.then = set_it_and_stop}, again = {.then = set_it};
  eddy_sleep(the_loop, &far.op, EDDY_NEVER, rec_cb);
  eddy_yield(the_loop, &yield.op, rec_cb);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 1);
  flag = 0;
  eddy_remote_stop(the_remote);
  eddy_yield(the_loop, &again.op, rec_cb);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 1);
  assert_int_equal(flag, 1);
  flag = 0;
  struct rec late = {.then = stop_remotely}, set = {.then = set_it};
  eddy_yield(the_loop, &late.op, rec_cb);
  eddy_yield(the_loop, &set.op, rec_cb);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 2);
  flag = 0;
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 1); // it came to the next run
  eddy_cancel(&far.op);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 0);
  eddy_loop_stop(the_loop);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 1);
  assert_int_equal(eddy_loop_run_until_set(the_loop, &flag), 0);
  eddy_remote_release(the_remote);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(ends_in_every_phase),
                                     FIXTURE_TEST(a_stop_is_told)};
  return RUN_TESTS(tests);
}
