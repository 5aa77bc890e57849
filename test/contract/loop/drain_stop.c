// Rule 14: a drain takes no notice of a stop that is pending. It keeps its time, sleeps meanwhile, and leaves the stop to
// the next run or step.
#include "work.h"

// Ends by itself after three seconds, so that a drain that does not keep its time is told by what it says.
static int64_t hold(void *argument) {
  struct gate *gate = argument;
  sem_post(&gate->entered);
  for (int ms = 0; ms < 3000 && sem_trywait(&gate->open); ms++) pause_ms(1);
  return 7;
}

static void drain_with(int remotely) {
  eddy_loop_t *loop = test_loop();
  eddy_remote_t *remote = eddy_loop_remote(loop);
  struct gate gate;
  gate_init(&gate, 0);
  struct rec running = {0};
  eddy_work(loop, &running.op, hold, &gate, rec_cb);
  sem_take(&gate.entered);
  if (remotely)
    eddy_remote_stop(remote);
  else
    eddy_loop_stop(loop);
  eddy_time_t until = eddy_update_now(loop) + 20 * EDDY_MILLISECOND;
  assert_int_equal(eddy_loop_drain(loop, until), 1);
  assert_true(eddy_now(loop) >= until);
  assert_int_equal(running.calls, 0);
  assert_int_equal(eddy_loop_next_deadline(loop), 0);    // the stop is still there,
  assert_int_equal(eddy_loop_step(loop, EDDY_NEVER), 1); // so this does not wait for the function
  assert_int_equal(running.calls, 0);
  assert_int_not_equal(eddy_loop_next_deadline(loop), 0); // and it is no more
  sem_post(&gate.open);
  assert_int_equal(eddy_loop_drain(loop, EDDY_NEVER), 0);
  assert_int_equal(running.result, 7);
  eddy_remote_release(remote);
  assert_int_equal(eddy_loop_close(loop), 0);
}

static void a_stop_of_its_own_thread(void **state) {
  (void)state;
  drain_with(0);
}

static void a_stop_of_a_remote(void **state) {
  (void)state;
  drain_with(1);
}

static eddy_loop_t *the_loop;
static int starts;

static void stop_and_start_again(struct rec *rec, int64_t result) {
  (void)result;
  eddy_loop_stop(the_loop);
  if (++starts < 10000000) eddy_yield(the_loop, &rec->op, rec_cb);
}

// Work without an end, which stops the loop again and again, does not keep a drain beyond its time either.
static void endless_work(void **state) {
  eddy_loop_t *loop = the_loop = LOOP(state);
  struct rec yield = {.then = stop_and_start_again};
  starts = 0;
  eddy_yield(loop, &yield.op, rec_cb);
  eddy_time_t until = eddy_update_now(loop) + 5 * EDDY_MILLISECOND;
  assert_int_equal(eddy_loop_drain(loop, until), 1);
  assert_true(eddy_now(loop) >= until);
  assert_true(starts < 10000000);
  yield.then = NULL;
  assert_int_equal(eddy_loop_drain(loop, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_stop_of_its_own_thread),
                                     cmocka_unit_test(a_stop_of_a_remote),
                                     FIXTURE_TEST(endless_work)};
  return RUN_TESTS(tests);
}
