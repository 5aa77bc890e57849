// Rule 15 for work: threads and what they run stay with the parent; a child's pools start anew.
#include "needs.h"

#if HAS_FORK

#include "work.h"

enum { POOL_THREADS = 4 };

static struct bench {
  eddy_loop_t *loop;
  eddy_workers_t *workers;
  struct gate gate;
  struct rec running, waiting;
  atomic_int runs;
} bench;

static void make_busy(eddy_loop_t *loop) {
  memset(&bench, 0, sizeof bench);
  bench.loop = loop;
  bench.workers = workers_with(1, 0);
  gate_init(&bench.gate, 4);
  eddy_work_in(bench.workers, loop, &bench.running.op, pass_gate, &bench.gate, rec_cb);
  eddy_work_in(bench.workers, loop, &bench.waiting.op, count_run, &bench.runs, rec_cb);
  sem_take(&bench.gate.entered);
}

static void check_parent(void) {
  assert_int_equal(bench.running.calls + bench.waiting.calls, 0);
  sem_post(&bench.gate.open);
  turn_until(bench.loop, &bench.waiting.finals, 1);
  assert_int_equal(bench.running.result, 4);
  assert_int_equal(bench.waiting.result, 1);
  assert_int_equal(eddy_workers_close(bench.workers), 0);
}

// Thread sanitizer cannot start threads in the child of a process with threads.
static void use_pools(eddy_loop_t *loop) {
#if !defined(__SANITIZE_THREAD__)
  struct rec works[2] = {0};
  atomic_int runs = 0;
  eddy_work_in(bench.workers, loop, &works[0].op, count_run, &runs, rec_cb);
  eddy_work(loop, &works[1].op, count_run, &runs, rec_cb);
  CHECK(eddy_loop_run(loop) == 0);
  CHECK(works[0].result > 0 && works[1].result > 0);
#else
  (void)loop;
#endif
}

static void use_again(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(bench.loop) == 0);
  CHECK(bench.running.calls + bench.waiting.calls == 0);
  eddy_loop_step(bench.loop, 0);
  CHECK(bench.running.finals == 1 && bench.running.result == EDDY_ECANCELED);
  CHECK(bench.waiting.finals == 1 && bench.waiting.result == EDDY_ECANCELED);
  CHECK(bench.runs == 0);
  use_pools(bench.loop);
  CHECK(eddy_loop_close(bench.loop) == 0);
  CHECK(eddy_workers_close(bench.workers) == 0);
}

static void rule_15_after_fork(void **state) {
  make_busy(LOOP(state));
  run_child(use_again, NULL);
  check_parent();
}

static void close_inherited(void *unused) {
  (void)unused;
  CHECK(eddy_loop_close(bench.loop) == 0);
  CHECK(bench.running.calls + bench.waiting.calls == 0);
  eddy_loop_t *own = test_loop();
  use_pools(own);
  CHECK(eddy_loop_close(own) == 0);
  CHECK(eddy_workers_close(bench.workers) == 0);
}

static void rule_15_closed(void **state) {
  make_busy(LOOP(state));
  run_child(close_inherited, NULL);
  check_parent();
}

static int64_t fork_and_wait(void *argument) {
  (void)argument;
  pid_t child = fork();
  if (child == 0) _exit(3);
  int status = -1;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static void a_work_function_may_fork(void **state) {
  struct rec work = {0};
  eddy_work(LOOP(state), &work.op, fork_and_wait, NULL, rec_cb);
  eddy_loop_run(LOOP(state));
  assert_int_equal(work.result, 3);
}

// The child, back in the library, must not go on as if it were the parent's thread.
static int64_t fork_and_return(void *argument) {
  pid_t child = fork();
  if (child == 0) {
    become_child();
    return 0;
  }
  return waitpid(child, argument, 0) == child;
}

static void a_child_that_returns_into_the_pool_aborts(void **state) {
  int status = 0;
  struct rec work = {0};
  eddy_work(LOOP(state), &work.op, fork_and_return, &status, rec_cb);
  eddy_loop_run(LOOP(state));
  assert_int_equal(work.result, 1);
  assert_true(WIFSIGNALED(status));
}

// Nothing locks the address sanitizer's allocator over a fork, and a thread that starts or ends is in it: there all
// threads start before the first fork, and the works allocate nothing.
static void start_threads(eddy_loop_t *loop) {
#if defined(__SANITIZE_ADDRESS__)
  struct rec works[POOL_THREADS] = {0};
  gate_init(&bench.gate, 0);
  for (int i = 0; i < POOL_THREADS; i++)
    eddy_work(loop, &works[i].op, pass_gate, &bench.gate, rec_cb);
  for (int i = 0; i < POOL_THREADS; i++) sem_take(&bench.gate.entered);
  for (int i = 0; i < POOL_THREADS; i++) sem_post(&bench.gate.open);
  eddy_loop_run(loop);
#else
  (void)loop;
#endif
}

// Forks while threads take and return work: no lock may stay with a thread that is not there.
static void forks_under_load(void **state) {
  eddy_loop_t *loop = LOOP(state);
  atomic_int runs = 0;
  start_threads(loop);
  bench.workers = NULL; // the process-wide pool
  for (int i = 0; i < 20; i++) {
    struct rec works[64] = {0};
    for (int k = 0; k < 64; k++) eddy_work(loop, &works[k].op, count_run, &runs, rec_cb);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      become_child();
      CHECK(eddy_loop_close(loop) == 0);
      eddy_loop_t *own = test_loop();
      use_pools(own);
      CHECK(eddy_loop_close(own) == 0);
      _exit(0);
    }
    eddy_loop_run(loop);
    for (int k = 0; k < 64; k++) assert_int_equal(works[k].finals, 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
  }
}

int main(void) {
  char threads[8];
  snprintf(threads, sizeof threads, "%d", POOL_THREADS);
  CHECK_EQ(setenv("EDDY_WORKERS", threads, 1), 0);
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_15_after_fork), FIXTURE_TEST(rule_15_closed),
                                     FIXTURE_TEST(a_work_function_may_fork),
                                     FIXTURE_TEST(a_child_that_returns_into_the_pool_aborts),
                                     FIXTURE_TEST(forks_under_load)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no fork here");
#endif
