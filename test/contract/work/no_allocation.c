// Work allocates nothing per op, neither through the loop's hook nor behind its back, once its threads run.
#include "allocations.h"
#include "work.h"

static void work_allocates_nothing(void **state) {
  (void)state;
  struct allocator hook = {.allowed = -1};
  eddy_loop_options_t options = hooked_options(&hook);
  eddy_loop_t *loop = open_with(&options);
  eddy_workers_options_t pool = {.size = sizeof pool, .threads = 2, .keep = 2};
  eddy_workers_t *workers;
  CHECK_EQ(eddy_workers_open(&pool, &workers), 0);
  atomic_int runs = 0;
  static struct rec works[100];
  memset(works, 0, sizeof works);
  struct gate gate;
  gate_init(&gate, 0);
  for (int i = 0; i < 2; i++) eddy_work_in(workers, loop, &works[i].op, pass_gate, &gate, rec_cb);
  for (int i = 0; i < 2; i++) sem_take(&gate.entered); // both threads are there
  for (int i = 0; i < 2; i++) sem_post(&gate.open);
  eddy_loop_run(loop);
  int64_t live = hook.live;
  counting = 1;
  for (int round = 0; round < 100; round++) {
    for (int i = 0; i < 100; i++)
      eddy_work_in(workers, loop, &works[i].op, count_run, &runs, rec_cb);
    eddy_cancel(&works[99].op);
    eddy_loop_run(loop);
  }
  counting = 0;
  assert_int_equal(allocations, 0);
  assert_int_equal(hook.live, live);
  CHECK_EQ(eddy_loop_close(loop), 0);
  CHECK_EQ(eddy_workers_close(workers), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(work_allocates_nothing)};
  return RUN_TESTS(tests);
}
