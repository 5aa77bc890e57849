// Pools: bounded queues, threads that come when they are needed and go when they are not, closing.
#include "work.h"

static void a_full_queue_is_a_result(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_workers_t *workers = workers_with(1, 2);
  struct gate gate;
  gate_init(&gate, 1);
  atomic_int runs = 0;
  struct rec running = {0}, waiting[2] = {0}, refused = {0}, in_line = {0};
  eddy_work_in(workers, loop, &running.op, pass_gate, &gate, rec_cb);
  sem_take(&gate.entered);
  for (int i = 0; i < 2; i++) eddy_work_in(workers, loop, &waiting[i].op, count_run, &runs, rec_cb);
  eddy_work_in(workers, loop, &refused.op, count_run, &runs, rec_cb);
  turn_until(loop, &refused.finals, 1);
  assert_int_equal(refused.result, EDDY_EAGAIN);
  assert_int_equal(eddy_op_os_error(&refused.op), 0);
  eddy_op_set_flags(&in_line.op, EDDY_OP_INLINE);
  assert_int_equal(eddy_work_in(workers, loop, &in_line.op, count_run, &runs, rec_cb), EDDY_DONE);
  assert_int_equal(eddy_op_result(&in_line.op), EDDY_EAGAIN);
  eddy_cancel(&waiting[0].op); // makes room
  assert_int_equal(eddy_work_in(workers, loop, &refused.op, count_run, &runs, rec_cb),
                   EDDY_PENDING);
  sem_post(&gate.open);
  turn_until(loop, &refused.finals, 2);
  assert_int_equal(refused.result, 2);
  assert_int_equal(eddy_workers_close(workers), 0);
}

enum { kGates = 12 };

// Each blocks until all run: fewer threads than gates would never end.
static void threads_come_for_what_blocks(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_workers_t *workers = workers_with(kGates, 0);
  struct gate gates[kGates];
  struct rec works[kGates] = {0};
  assert_int_equal(stat_of(workers).threads, 0); // none before there is work
  for (int i = 0; i < kGates; i++) {
    gate_init(&gates[i], i);
    eddy_work_in(workers, loop, &works[i].op, pass_gate, &gates[i], rec_cb);
  }
  for (int i = 0; i < kGates; i++) sem_take(&gates[i].entered);
  assert_int_equal(stat_of(workers).threads, kGates);
  assert_int_equal(stat_of(workers).idle, 0);
  for (int i = kGates; i--;) sem_post(&gates[i].open);
  eddy_loop_run(loop);
  for (int i = 0; i < kGates; i++) assert_int_equal(works[i].result, i);
  assert_int_equal(eddy_workers_close(workers), 0);
}

static void no_more_threads_than_allowed(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_workers_t *workers = workers_with(2, 0);
  struct gate gate;
  gate_init(&gate, 0);
  struct rec works[6] = {0};
  for (int i = 0; i < 6; i++) eddy_work_in(workers, loop, &works[i].op, pass_gate, &gate, rec_cb);
  sem_take(&gate.entered);
  sem_take(&gate.entered);
  turn_for(loop, 20 * EDDY_MILLISECOND);
  assert_int_equal(gate.runs, 2);
  assert_int_equal(stat_of(workers).queued, 4);
  for (int i = 0; i < 6; i++) sem_post(&gate.open);
  eddy_loop_run(loop);
  assert_int_equal(eddy_workers_close(workers), 0);
}

static void idle_threads_end_but_for_those_to_keep(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_workers_options_t options = {
      .size = sizeof options, .threads = 6, .keep = 2, .idle = EDDY_MILLISECOND};
  eddy_workers_t *workers;
  assert_int_equal(eddy_workers_open(&options, &workers), 0);
  for (int round = 0; round < 3; round++) {
    struct gate gate;
    gate_init(&gate, 0);
    struct rec works[6] = {0};
    for (int i = 0; i < 6; i++) eddy_work_in(workers, loop, &works[i].op, pass_gate, &gate, rec_cb);
    for (int i = 0; i < 6; i++) sem_take(&gate.entered);
    for (int i = 0; i < 6; i++) sem_post(&gate.open);
    eddy_loop_run(loop);
    while (stat_of(workers).threads > 2) pause_ms(1);
    pause_ms(20);
    assert_int_equal(stat_of(workers).threads, 2);
  }
  assert_int_equal(eddy_workers_close(workers), 0);
}

static eddy_workers_t *closing;
static int closed_with = 1;
static void close_workers(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  closed_with = eddy_workers_close(closing);
}

// In the callback of its last op a pool is not busy, whatever its thread still has to do.
static void a_pool_is_closed_in_the_last_callback(void **state) {
  atomic_int runs = 0;
  for (int i = 0; i < 100; i++) {
    closing = workers_with(2, 0);
    closed_with = 1;
    struct rec work = {.then = close_workers};
    eddy_work_in(closing, LOOP(state), &work.op, count_run, &runs, rec_cb);
    assert_int_equal(eddy_workers_close(closing), EDDY_EBUSY);
    eddy_loop_run(LOOP(state));
    assert_int_equal(closed_with, 0);
  }
}

static void options_out_of_range(void **state) {
  (void)state;
  eddy_workers_t *workers;
  eddy_workers_options_t bad[] = {{.size = 3},
                                  {.size = sizeof *bad, .threads = 1025},
                                  {.size = sizeof *bad, .stack_size = 1000},
                                  {.size = sizeof *bad, .stack_size = UINT64_C(1) << 40}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    workers = (eddy_workers_t *)(void *)&bad;
    assert_int_equal(eddy_workers_open(&bad[i], &workers), EDDY_EINVAL);
    assert_null(workers);
  }
  eddy_workers_stats_t stat = {.size = 4};
  assert_int_equal(eddy_workers_stat(NULL, &stat), EDDY_EINVAL);
}

static int64_t use_stack(void *argument) {
  volatile char deep[3 << 20];
  for (size_t i = 0; i < sizeof deep; i += 4096) deep[i] = 1;
  return deep[4096] + (argument != NULL);
}

static void a_stack_as_large_as_asked_for(void **state) {
  eddy_workers_options_t options = {.size = sizeof options, .stack_size = 5000001};
  eddy_workers_t *workers;
  assert_int_equal(eddy_workers_open(&options, &workers), 0);
  struct rec work = {0};
  eddy_work_in(workers, LOOP(state), &work.op, use_stack, NULL, rec_cb);
  eddy_loop_run(LOOP(state));
  assert_int_equal(work.result, 1);
  assert_int_equal(eddy_workers_close(workers), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(a_full_queue_is_a_result),
                                     FIXTURE_TEST(threads_come_for_what_blocks),
                                     FIXTURE_TEST(no_more_threads_than_allowed),
                                     FIXTURE_TEST(idle_threads_end_but_for_those_to_keep),
                                     FIXTURE_TEST(a_pool_is_closed_in_the_last_callback),
                                     FIXTURE_TEST(options_out_of_range),
                                     FIXTURE_TEST(a_stack_as_large_as_asked_for)};
  return RUN_TESTS(tests);
}
