// EDDY_WORKERS in the environment sets the threads of the process-wide pool; what is no number is a result.
#include "work.h"

static void refused(void *value) {
  CHECK_EQ(setenv("EDDY_WORKERS", value, 1), 0);
  eddy_loop_t *loop = test_loop();
  atomic_int runs = 0;
  struct rec work = {0}, own = {0};
  eddy_work(loop, &work.op, count_run, &runs, rec_cb);
  eddy_workers_t *workers = workers_with(1, 0); // not concerned
  eddy_work_in(workers, loop, &own.op, count_run, &runs, rec_cb);
  CHECK_EQ(eddy_loop_run(loop), 0);
  CHECK_EQ(work.finals, 1);
  CHECK_EQ(work.result, EDDY_EINVAL);
  CHECK_EQ(own.result, 1);
  CHECK_EQ(stat_of(NULL).threads, 0);
  CHECK_EQ(eddy_loop_close(loop), 0);
  CHECK_EQ(eddy_workers_close(workers), 0);
}

static void what_is_no_number_is_a_result(void **state) {
  (void)state;
  char *values[] = {"0", "-1", "x", "4x", " 4", "1025", "99999999999999999999", "4.5"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) run_child(refused, values[i]);
}

static void two_threads(void *value) {
  CHECK_EQ(setenv("EDDY_WORKERS", value, 1), 0);
  eddy_loop_t *loop = test_loop();
  struct gate gate;
  gate_init(&gate, 0);
  struct rec works[5] = {0};
  for (int i = 0; i < 5; i++) eddy_work(loop, &works[i].op, pass_gate, &gate, rec_cb);
  sem_take(&gate.entered);
  sem_take(&gate.entered);
  eddy_loop_step(loop, eddy_update_now(loop) + 20 * EDDY_MILLISECOND);
  CHECK_EQ(gate.runs, 2);
  CHECK_EQ(stat_of(NULL).queued, 3);
  for (int i = 0; i < 5; i++) sem_post(&gate.open);
  CHECK_EQ(eddy_loop_run(loop), 0);
  CHECK_EQ(eddy_loop_close(loop), 0);
}

static void a_number_is_the_limit(void **state) {
  (void)state;
  run_child(two_threads, "2");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_no_number_is_a_result),
                                     cmocka_unit_test(a_number_is_the_limit)};
  return RUN_TESTS(tests);
}
