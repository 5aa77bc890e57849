// Rule 5 for work, cancel class at-return: what waits for a thread ends at once, what runs ends when its
// function returns, with what that returned.
#include "work.h"

struct bench {
  eddy_loop_t *loop;
  eddy_workers_t *workers; // one thread, held by `gate`
  struct gate gate;
  struct rec held;
  atomic_int runs;
};

static void bench_open(struct bench *bench, eddy_loop_t *loop) {
  memset(bench, 0, sizeof *bench);
  bench->loop = loop;
  bench->workers = workers_with(1, 0);
  gate_init(&bench->gate, 5);
  eddy_work_in(bench->workers, loop, &bench->held.op, pass_gate, &bench->gate, rec_cb);
  sem_take(&bench->gate.entered);
}

static void bench_close(struct bench *bench) {
  sem_post(&bench->gate.open);
  eddy_loop_run(bench->loop);
  assert_int_equal(bench->held.result, 5);
  assert_int_equal(eddy_workers_close(bench->workers), 0);
}

static void a_waiting_op_is_cancelled_at_once(void **state) {
  struct bench bench;
  bench_open(&bench, LOOP(state));
  struct rec works[5] = {0};
  for (int i = 0; i < 5; i++)
    eddy_work_in(bench.workers, bench.loop, &works[i].op, count_run, &bench.runs, rec_cb);
  assert_int_equal(stat_of(bench.workers).queued, 5);
  eddy_cancel(&works[2].op);
  eddy_cancel(&works[0].op);
  eddy_cancel(&works[4].op);
  eddy_cancel(&works[4].op);
  assert_int_equal(works[2].calls, 0); // never nested
  turn_until(bench.loop, &works[4].finals, 1);
  for (int i = 0; i < 5; i += 2) {
    assert_int_equal(works[i].finals, 1);
    assert_int_equal(works[i].result, EDDY_ECANCELED);
  }
  assert_int_equal(stat_of(bench.workers).queued, 2);
  assert_int_equal(bench.held.calls, 0);
  bench_close(&bench);
  assert_int_equal(works[1].result, 1);
  assert_int_equal(works[3].result, 2);
}

static int64_t until_canceled(void *argument) {
  struct rec *rec = argument;
  while (!eddy_work_canceled(&rec->op)) pause_ms(1);
  return 42;
}

static void a_running_op_tells_what_its_function_returned(void **state) {
  struct bench bench;
  bench_open(&bench, LOOP(state));
  assert_int_equal(eddy_work_canceled(&bench.held.op), 0);
  eddy_cancel(&bench.held.op);
  eddy_cancel(&bench.held.op);
  assert_int_equal(eddy_work_canceled(&bench.held.op), 1);
  turns(bench.loop, 3);
  assert_int_equal(bench.held.calls, 0);
  assert_int_equal(eddy_op_pending(&bench.held.op), 1);
  assert_int_equal(eddy_rearm(&bench.held.op, eddy_now(bench.loop)), EDDY_EALREADY);
  bench_close(&bench);

  struct rec work = {0};
  eddy_work(bench.loop, &work.op, until_canceled, &work, rec_cb);
  turns(bench.loop, 2);
  // It may not have begun: then it is cancelled in the queue. Both are right.
  eddy_cancel(&work.op);
  turn_until(bench.loop, &work.finals, 1);
  assert_true(work.result == 42 || work.result == EDDY_ECANCELED);
}

static void deadlines(void **state) {
  struct bench bench;
  bench_open(&bench, LOOP(state));
  struct rec waiting = {0}, late = {0}, running = {0}, moved = {0};
  eddy_op_set_deadline(&late.op, eddy_now(bench.loop)); // has passed: no attempt
  eddy_work_in(bench.workers, bench.loop, &late.op, count_run, &bench.runs, rec_cb);
  eddy_time_t at = eddy_update_now(bench.loop) + 10 * EDDY_MILLISECOND;
  eddy_op_set_deadline(&waiting.op, at);
  eddy_work_in(bench.workers, bench.loop, &waiting.op, count_run, &bench.runs, rec_cb);
  eddy_op_set_deadline(&moved.op, eddy_now(bench.loop) + 1000 * EDDY_SECOND);
  eddy_work_in(bench.workers, bench.loop, &moved.op, count_run, &bench.runs, rec_cb);
  assert_int_equal(eddy_rearm(&moved.op, at), 0);
  eddy_op_set_deadline(&running.op, at);
  eddy_work(bench.loop, &running.op, until_canceled, &running, rec_cb);
  turn_until(bench.loop, &waiting.finals, 1);
  turn_until(bench.loop, &moved.finals, 1);
  turn_until(bench.loop, &running.finals, 1);
  assert_int_equal(late.result, EDDY_ETIMEDOUT);
  assert_int_equal(waiting.result, EDDY_ETIMEDOUT);
  assert_int_equal(moved.result, EDDY_ETIMEDOUT);
  assert_true(running.result == 42 || running.result == EDDY_ETIMEDOUT);
  assert_int_equal(bench.runs, 0);
  bench_close(&bench);
  assert_int_equal(bench.runs, 0);
}

// The deadline of an op whose function has returned is void.
static void a_deadline_behind_the_end(void **state) {
  eddy_loop_t *loop = LOOP(state);
  atomic_int runs = 0;
  for (int i = 0; i < 200; i++) {
    struct rec work = {0};
    eddy_op_set_deadline(&work.op, eddy_update_now(loop) + 50 * EDDY_MICROSECOND);
    eddy_work(loop, &work.op, count_run, &runs, rec_cb);
    turn_until(loop, &work.finals, 1);
    assert_true(work.result == runs || work.result == EDDY_ETIMEDOUT);
    turns(loop, 1);
    assert_int_equal(work.finals, 1);
  }
}

static eddy_op_t *to_cancel;
static void cancel_other(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  eddy_cancel(to_cancel);
}

// Both have come back, and the first one's callback cancels the second.
static void a_cancel_behind_the_return(void **state) {
  eddy_workers_t *workers = workers_with(1, 0);
  atomic_int runs = 0;
  struct rec first = {.then = cancel_other}, second = {0};
  to_cancel = &second.op;
  eddy_work_in(workers, LOOP(state), &first.op, count_run, &runs, rec_cb);
  eddy_work_in(workers, LOOP(state), &second.op, count_run, &runs, rec_cb);
  while (runs < 2) pause_ms(1);
  eddy_loop_run(LOOP(state));
  assert_int_equal(first.result, 1);
  assert_int_equal(second.result, 2);
  assert_int_equal(eddy_workers_close(workers), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(a_waiting_op_is_cancelled_at_once),
      FIXTURE_TEST(a_running_op_tells_what_its_function_returned), FIXTURE_TEST(deadlines),
      FIXTURE_TEST(a_deadline_behind_the_end), FIXTURE_TEST(a_cancel_behind_the_return)};
  return RUN_TESTS(tests);
}
