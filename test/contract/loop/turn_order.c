// A turn's phases come in their order, and what becomes ready during a phase waits for that phase of the
// next turn.
#include "rule_tools.h"

static char trace[256];

static void mark(struct rec *rec, int64_t result) {
  (void)result;
  if (eddy_op_more(&rec->op) || rec->mores == 0)
    if (strlen(trace) < sizeof trace - 2) strcat(trace, rec->context);
}

static void phases_in_order(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  struct rec timer = {.then = mark, .context = "T"}, ready = {.then = mark, .context = "R"};
  struct rec idle = {.then = mark, .context = "I"}, before = {.then = mark, .context = "B"};
  struct rec after = {.then = mark, .context = "A"}, post = {.then = mark, .context = "P"};
  struct rec closed = {.then = mark, .context = "C"}, past = {.then = mark, .context = "S"};
  trace[0] = 0;
  eddy_stream_close(stream, &closed.op, rec_cb);
  eddy_hook_after_wait(loop, &after.op, rec_cb);
  eddy_yield(loop, &ready.op, rec_cb);
  eddy_hook_before_wait(loop, &before.op, rec_cb);
  eddy_hook_idle(loop, &idle.op, rec_cb);
  eddy_post(remote, &post.op, rec_cb);
  eddy_sleep(loop, &past.op, 0, rec_cb);
  eddy_tick(loop, &timer.op, 0, 1, EDDY_TICK_SKIP, rec_cb);
  eddy_loop_step(loop, 0);
  // Timers come first, once; then the turn, which ends with timers.
  assert_string_equal(trace, "STPIBRACT");
  trace[0] = 0;
  eddy_cancel(&idle.op);
  eddy_cancel(&before.op);
  eddy_cancel(&after.op);
  eddy_cancel(&timer.op);
  turns(loop, 3);
  assert_string_equal(trace, "");
  eddy_remote_release(remote);
}

static eddy_loop_t *the_loop;
static eddy_remote_t *the_remote;

static void again_as_ready(struct rec *rec, int64_t result) {
  (void)result;
  if (rec->finals < 5) eddy_yield(the_loop, &rec->op, rec_cb);
}

static void again_as_post(struct rec *rec, int64_t result) {
  (void)result;
  if (rec->finals < 5) eddy_post(the_remote, &rec->op, rec_cb);
}

static void again_as_timer(struct rec *rec, int64_t result) {
  (void)result;
  if (rec->finals < 5) eddy_sleep(the_loop, &rec->op, 0, rec_cb);
}

static void open_and_close(struct rec *rec, int64_t result) {
  (void)result;
  eddy_stream_t *stream;
  if (rec->finals < 5 && eddy_stream_open(the_loop, EDDY_AF_INET, &stream) == 0)
    eddy_stream_close(stream, &rec->op, rec_cb);
}

static void each_phase_takes_a_snapshot(void **state) {
  the_loop = LOOP(state);
  the_remote = eddy_loop_remote(the_loop);
  struct rec ready = {.then = again_as_ready}, post = {.then = again_as_post};
  struct rec timer = {.then = again_as_timer}, closes = {.then = open_and_close};
  eddy_yield(the_loop, &ready.op, rec_cb);
  eddy_post(the_remote, &post.op, rec_cb);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(the_loop, EDDY_AF_INET, &stream), 0);
  eddy_stream_close(stream, &closes.op, rec_cb);
  for (int turn = 1; turn <= 5; turn++) {
    eddy_loop_step(the_loop, 0);
    assert_int_equal(ready.finals, turn);
    assert_int_equal(post.finals, turn);
    assert_int_equal(closes.finals, turn);
  }
  // A step has two timer phases, at its start and at its end.
  eddy_sleep(the_loop, &timer.op, 0, rec_cb);
  eddy_loop_step(the_loop, 0);
  assert_int_equal(timer.finals, 2);
  eddy_loop_run(the_loop);
  assert_int_equal(timer.finals, 5);
  eddy_remote_release(the_remote);
}

static struct rec second_hook, *victim;

static void start_and_cancel_hooks(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  if (!eddy_op_pending(&second_hook.op) && second_hook.calls == 0)
    eddy_hook_before_wait(the_loop, &second_hook.op, rec_cb);
  eddy_cancel(&victim->op);
}

static void hooks_changed_by_hooks(void **state) {
  the_loop = LOOP(state);
  struct rec first = {.then = start_and_cancel_hooks}, doomed = {0}, last = {0};
  second_hook = (struct rec){0};
  victim = &doomed;
  eddy_hook_before_wait(the_loop, &first.op, rec_cb);
  eddy_hook_before_wait(the_loop, &doomed.op, rec_cb);
  eddy_hook_before_wait(the_loop, &last.op, rec_cb);
  eddy_loop_step(the_loop, 0);
  assert_int_equal(doomed.mores, 0); // cancelled before its turn
  assert_int_equal(doomed.result, EDDY_ECANCELED);
  assert_int_equal(last.mores, 1);
  assert_int_equal(second_hook.mores, 0); // started in this phase: next turn's
  eddy_loop_step(the_loop, 0);
  assert_int_equal(second_hook.mores, 1);
  eddy_cancel(&first.op);
  eddy_cancel(&last.op);
  eddy_cancel(&second_hook.op);
  turns(the_loop, 3);
  assert_int_equal(first.finals + last.finals + second_hook.finals + doomed.finals, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(phases_in_order),
                                     FIXTURE_TEST(each_phase_takes_a_snapshot),
                                     FIXTURE_TEST(hooks_changed_by_hooks)};
  return RUN_TESTS(tests);
}
