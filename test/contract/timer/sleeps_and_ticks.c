// Sleeps and ticks: never early, in the order (due time, start), with three ways to catch up.
#include "rule_tools.h"

static eddy_loop_t *the_loop;
static eddy_time_t due_at;
static int early;

static void check_early(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  if (eddy_now(the_loop) < due_at) early++;
}

static void sleeps_in_order(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec r[6] = {0};
  eddy_time_t now = eddy_update_now(loop), ms = EDDY_MILLISECOND;
  const eddy_time_t due[6] = {now + 5 * ms, now + 3 * ms, now + 5 * ms, now + 3 * ms, 0,
                              now + 90 * ms};
  for (int i = 0; i < 6; i++) eddy_sleep(loop, &r[i].op, due[i], rec_cb);
  assert_int_equal(eddy_rearm(&r[5].op, now + 5 * ms), 0); // counts as a start: behind 0 and 2
  usleep(6000);                                            // all come due in one turn
  eddy_loop_run(loop);
  const int order[6] = {4, 1, 3, 0, 2, 5};
  for (int i = 1; i < 6; i++) assert_true(r[order[i - 1]].order < r[order[i]].order);
  for (int i = 0; i < 6; i++) assert_int_equal(r[i].result, 0);
}

static void never_early(void **state) {
  the_loop = LOOP(state);
  early = 0;
  for (int i = 0; i < 20; i++) {
    struct rec r = {.then = check_early};
    due_at = eddy_update_now(the_loop) + 300 * EDDY_MICROSECOND + (eddy_time_t)i * 37777;
    eddy_sleep(the_loop, &r.op, due_at, rec_cb);
    eddy_loop_run(the_loop);
    assert_int_equal(r.finals, 1);
  }
  assert_int_equal(early, 0);
}

static void rearm(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec r = {0};
  eddy_time_t now = eddy_update_now(loop);
  assert_int_equal(eddy_rearm(&r.op, now), EDDY_EINVAL);
  eddy_sleep(loop, &r.op, now + 2 * EDDY_MILLISECOND, rec_cb);
  for (int i = 0; i < 1000; i++) // later, again and again
    assert_int_equal(eddy_rearm(&r.op, now + (10 + (eddy_time_t)i % 10) * EDDY_MILLISECOND), 0);
  turn_until(loop, &r.finals,
             1); // on a machine under load perhaps much later, but at none of the former times
  assert_true(eddy_now(loop) >= now + 19 * EDDY_MILLISECOND);
  eddy_sleep(loop, &r.op, EDDY_NEVER, rec_cb);
  assert_int_equal(eddy_rearm(&r.op, 0), 0); // earlier
  turn_until(loop, &r.finals, 2);
  assert_int_equal(r.result, 0);
}

static int rearmed;

static void rearm_itself(struct rec *rec, int64_t result) {
  (void)result;
  if (rec->mores == 1) rearmed = eddy_rearm(&rec->op, eddy_now(the_loop) + 20 * EDDY_MILLISECOND);
}

static void rearm_moves_the_next_tick(void **state) {
  the_loop = LOOP(state);
  struct rec tick = {.then = rearm_itself};
  eddy_time_t start = eddy_update_now(the_loop);
  rearmed = -1;
  eddy_tick(the_loop, &tick.op, start, EDDY_MILLISECOND, EDDY_TICK_SKIP, rec_cb);
  turn_until(the_loop, &tick.mores, 2);
  assert_int_equal(rearmed, 0);
  assert_true(eddy_now(the_loop) >= start + 20 * EDDY_MILLISECOND);
  eddy_cancel(&tick.op);
  turn_until(the_loop, &tick.finals, 1);
}

static void a_deadline_on_a_sleep(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec early_end = {0}, in_time = {0};
  eddy_time_t now = eddy_update_now(loop);
  eddy_op_set_deadline(&early_end.op, now + EDDY_MILLISECOND);
  eddy_sleep(loop, &early_end.op, now + 100 * EDDY_SECOND, rec_cb);
  eddy_op_set_deadline(&in_time.op, now + 100 * EDDY_SECOND);
  eddy_sleep(loop, &in_time.op, now + EDDY_MILLISECOND, rec_cb);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(early_end.result, EDDY_ETIMEDOUT);
  assert_int_equal(in_time.result, 0);
}

static int64_t periods;

static void sum_periods(struct rec *rec, int64_t result) {
  if (eddy_op_more(&rec->op)) periods += result;
}

static void tick_policies(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (uint32_t policy = EDDY_TICK_BURST; policy <= EDDY_TICK_DELAY; policy++) {
    struct rec tick = {.then = sum_periods};
    periods = 0;
    eddy_time_t start = eddy_update_now(loop);
    eddy_tick(loop, &tick.op, start, 20 * EDDY_MILLISECOND, policy, rec_cb);
    turn_until(loop, &tick.mores, 1);
    usleep(110000); // five periods late
    turn_until(loop, &tick.mores, 2);
    turns(loop, 8);
    int64_t passed = (int64_t)((eddy_update_now(loop) - start) / (20 * EDDY_MILLISECOND));
    eddy_cancel(&tick.op);
    turn_until(loop, &tick.finals, 1);
    assert_int_equal(tick.result, EDDY_ECANCELED);
    if (policy == EDDY_TICK_BURST) {
      assert_true(tick.mores >= 6);
      assert_int_equal(periods, tick.mores);
      assert_true(periods <= passed + 1);
    } else if (policy == EDDY_TICK_SKIP) {
      assert_true(tick.mores < periods);
      assert_true(periods >= 6 && periods <= passed + 2);
    } else {
      assert_int_equal(periods, tick.mores);
      assert_true(tick.mores < 6);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(sleeps_in_order),
                                     FIXTURE_TEST(never_early),
                                     FIXTURE_TEST(rearm),
                                     FIXTURE_TEST(rearm_moves_the_next_tick),
                                     FIXTURE_TEST(a_deadline_on_a_sleep),
                                     FIXTURE_TEST(tick_policies)};
  return RUN_TESTS(tests);
}
