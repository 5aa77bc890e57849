// Work runs on another thread and comes back with what its function returned: rules 1, 2, 3, 6 and 7.
#include "work.h"

static int64_t tell_thread(void *argument) {
  *(pthread_t *)argument = pthread_self();
  return 7;
}

static void work_runs_on_another_thread(void **state) {
  pthread_t ran = pthread_self();
  struct rec work = {0};
  assert_int_equal(eddy_work(LOOP(state), &work.op, tell_thread, &ran, rec_cb), EDDY_PENDING);
  assert_int_equal(work.calls, 0);
  assert_int_equal(eddy_loop_run(LOOP(state)), 0); // it keeps the loop alive
  assert_int_equal(work.finals, 1);
  assert_int_equal(work.result, 7);
  assert_int_equal(eddy_op_os_error(&work.op), 0);
  assert_false(pthread_equal(ran, pthread_self()));
}

static int64_t give(void *argument) { return *(int64_t *)argument; }

static void any_number_is_a_result(void **state) {
  int64_t numbers[] = {0, INT64_MAX, INT64_MIN, EDDY_ENOENT, EDDY_ECANCELED, -1000000};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct rec work = {0};
    eddy_op_set_flags(&work.op, EDDY_OP_INLINE); // there is nothing to end inline
    assert_int_equal(eddy_work(LOOP(state), &work.op, give, &numbers[i], rec_cb), EDDY_PENDING);
    eddy_loop_run(LOOP(state));
    assert_int_equal(work.finals, 1);
    assert_true(work.result == numbers[i]);
  }
}

enum { kMany = 500 };
static int begun[kMany], begun_count;

static int64_t note(void *argument) {
  begun[begun_count++] = *(int *)argument; // one thread only
  return 0;
}

static void one_thread_keeps_the_start_order(void **state) {
  eddy_workers_t *workers = workers_with(1, 0);
  static struct rec works[kMany];
  static int numbers[kMany];
  begun_count = 0;
  memset(works, 0, sizeof works);
  for (int i = 0; i < kMany; i++) {
    numbers[i] = i;
    eddy_work_in(workers, LOOP(state), &works[i].op, note, &numbers[i], rec_cb);
  }
  eddy_loop_run(LOOP(state));
  assert_int_equal(begun_count, kMany);
  for (int i = 0; i < kMany; i++) {
    assert_int_equal(begun[i], i);
    assert_int_equal(works[i].finals, 1);
    if (i) assert_true(works[i].order > works[i - 1].order);
  }
  assert_int_equal(eddy_workers_close(workers), 0);
}

static atomic_int runs;
static eddy_loop_t *the_loop;

static void again(struct rec *rec, int64_t result) {
  assert_int_equal(result, rec->finals);
  if (rec->finals < 100) eddy_work(the_loop, &rec->op, count_run, &runs, rec_cb);
}

static void the_op_is_free_in_its_callback(void **state) {
  the_loop = LOOP(state);
  runs = 0;
  struct rec work = {.then = again};
  eddy_work(the_loop, &work.op, count_run, &runs, rec_cb);
  eddy_loop_run(the_loop);
  assert_int_equal(work.finals, 100);
}

static void null_functions_are_a_result(void **state) {
  struct rec work = {0}, in_line = {0};
  assert_int_equal(eddy_work(LOOP(state), &work.op, NULL, NULL, rec_cb), EDDY_PENDING);
  eddy_loop_run(LOOP(state));
  assert_int_equal(work.result, EDDY_EINVAL);
  eddy_op_set_flags(&in_line.op, EDDY_OP_INLINE);
  assert_int_equal(eddy_work(LOOP(state), &in_line.op, NULL, NULL, rec_cb), EDDY_DONE);
  assert_int_equal(eddy_op_result(&in_line.op), EDDY_EINVAL);
  assert_int_equal(in_line.calls, 0);
}

static void unref_work_does_not_keep_the_loop(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct gate gate;
  gate_init(&gate, 3);
  struct rec work = {0};
  eddy_op_set_flags(&work.op, EDDY_OP_UNREF);
  eddy_work(loop, &work.op, pass_gate, &gate, rec_cb);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(work.calls, 0);
  sem_post(&gate.open);
  eddy_op_ref(&work.op);
  eddy_loop_run(loop);
  assert_int_equal(work.result, 3);
}

// A host that sleeps on the loop's descriptor hears of work that returns.
static void a_host_hears_of_it(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_native_t host = eddy_loop_native_handle(loop);
  for (int i = 1; i <= 20; i++) {
    static struct gate gate;
    static struct rec work;
    gate_init(&gate, i);
    eddy_work(loop, &work.op, pass_gate, &gate, rec_cb);
    eddy_loop_step(loop, 0);
    sem_post(&gate.open);
    while (work.finals < i) {
      assert_true(eddy_loop_next_deadline(loop) == 0 || native_wait(host, 10000));
      eddy_loop_step(loop, 0);
    }
    assert_int_equal(work.result, i);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(work_runs_on_another_thread),      FIXTURE_TEST(any_number_is_a_result),
      FIXTURE_TEST(one_thread_keeps_the_start_order), FIXTURE_TEST(the_op_is_free_in_its_callback),
      FIXTURE_TEST(null_functions_are_a_result),      FIXTURE_TEST(a_host_hears_of_it),
      FIXTURE_TEST(unref_work_does_not_keep_the_loop)};
  return RUN_TESTS(tests);
}
