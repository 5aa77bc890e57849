// Rule 14 for work: a drain cancels what waits, waits for what runs, and says what it holds; a loop with a
// running function cannot be closed.
#include "work.h"

static void drain_waits_for_a_running_function(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  eddy_workers_t *workers = workers_with(1, 0);
  struct gate gate;
  gate_init(&gate, 9);
  atomic_int runs = 0;
  struct rec running = {0}, waiting[3] = {0}, refused = {0};
  eddy_work_in(workers, loop, &running.op, pass_gate, &gate, rec_cb);
  sem_take(&gate.entered);
  for (int i = 0; i < 3; i++) eddy_work_in(workers, loop, &waiting[i].op, count_run, &runs, rec_cb);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_MILLISECOND), 1);
  for (int i = 0; i < 3; i++) assert_int_equal(waiting[i].result, EDDY_ECANCELED);
  assert_int_equal(running.calls, 0);
  assert_int_equal(eddy_work_canceled(&running.op), 1);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  assert_int_equal(eddy_workers_close(workers), EDDY_EBUSY);

  eddy_work_in(workers, loop, &refused.op, count_run, &runs, rec_cb);
  sem_post(&gate.open);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 10 * EDDY_SECOND), 0);
  assert_int_equal(refused.result, EDDY_ECLOSED);
  assert_int_equal(running.result, 9);
  assert_int_equal(runs, 0);
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(eddy_workers_close(workers), 0);
}

static struct gate slow_gate;
static void *open_later(void *unused) {
  (void)unused;
  pause_ms(20);
  sem_post(&slow_gate.open);
  return NULL;
}

// The thread that returns work wakes the drain, which sleeps without a limit.
static void a_drain_without_a_limit(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  gate_init(&slow_gate, 1);
  struct rec running = {0};
  eddy_work(loop, &running.op, pass_gate, &slow_gate, rec_cb);
  sem_take(&slow_gate.entered);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, open_later, NULL), 0);
  assert_int_equal(eddy_loop_drain(loop, EDDY_NEVER), 0);
  assert_int_equal(running.result, 1);
  assert_int_equal(eddy_loop_close(loop), 0);
  pthread_join(thread, NULL);
}

// What the first phase of a turn delivers may have been all.
static void a_drain_without_a_limit_of_a_post_alone(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  eddy_remote_t *remote = eddy_loop_remote(loop);
  struct rec post = {0};
  assert_int_equal(eddy_post(remote, &post.op, rec_cb), EDDY_PENDING);
  assert_int_equal(eddy_loop_drain(loop, EDDY_NEVER), 0);
  assert_int_equal(post.result, EDDY_ECANCELED);
  assert_int_equal(eddy_loop_close(loop), 0);
  eddy_remote_release(remote);
}

// Closed the moment the last callback has come: the thread that brought it may still be about to signal.
static void loops_closed_right_behind_their_work(void **state) {
  (void)state;
  atomic_int runs = 0;
  int before = open_descriptors();
  for (int i = 0; i < 300; i++) {
    eddy_loop_t *loop = test_loop();
    struct rec works[3] = {0};
    for (int k = 0; k < 3; k++) eddy_work(loop, &works[k].op, count_run, &runs, rec_cb);
    if (i % 2)
      eddy_loop_run(loop);
    else
      eddy_loop_drain(loop, EDDY_NEVER);
    for (int k = 0; k < 3; k++) assert_int_equal(works[k].finals, 1);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(open_descriptors(), before);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(drain_waits_for_a_running_function),
                                     FIXTURE_TEST(a_drain_without_a_limit),
                                     FIXTURE_TEST(a_drain_without_a_limit_of_a_post_alone),
                                     FIXTURE_TEST(loops_closed_right_behind_their_work)};
  return RUN_TESTS(tests);
}
