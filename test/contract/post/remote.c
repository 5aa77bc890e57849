// Rule 11: a remote is the address of a loop that outlives it; a post is delivered or refused.
#include "rule_tools.h"

#include <pthread.h>

static void rule_11_post_runs_on_the_loop_in_order(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  struct rec r[20] = {0};
  for (int i = 0; i < 20; i++) assert_int_equal(eddy_post(remote, &r[i].op, rec_cb), EDDY_PENDING);
  assert_int_equal(eddy_op_pending(&r[0].op), 1);
  assert_int_equal(eddy_loop_run(loop), 0);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(r[i].calls, 1);
    assert_int_equal(r[i].result, 0);
    if (i) assert_true(r[i - 1].order < r[i].order);
  }
  eddy_remote_release(remote);
}

static void rule_11_post_cancelled_before_delivery(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  struct rec post = {0};
  eddy_op_set_deadline(&post.op, 1); // ignored
  eddy_post(remote, &post.op, rec_cb);
  eddy_cancel(&post.op);
  eddy_loop_run(loop);
  assert_int_equal(post.result, EDDY_ECANCELED);
  eddy_post(remote, &post.op, rec_cb);
  eddy_loop_run(loop);
  assert_int_equal(post.result, 0);
  assert_int_equal(post.calls, 2);
  eddy_remote_release(remote);
}

static eddy_remote_t *the_remote;

static void post_again(struct rec *rec, int64_t result) {
  (void)result;
  if (rec->finals < 50) eddy_post(the_remote, &rec->op, rec_cb);
}

static void rule_11_post_from_its_own_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  the_remote = eddy_loop_remote(loop);
  struct rec post = {.then = post_again};
  eddy_post(the_remote, &post.op, rec_cb);
  eddy_loop_step(loop, 0);
  assert_int_equal(post.finals, 1); // the next turn's
  eddy_loop_run(loop);
  assert_int_equal(post.finals, 50);
  eddy_remote_release(the_remote);
}

static struct rec asleep, wake_post;

static void end_the_sleep(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  eddy_cancel(&asleep.op);
}

static void *post_soon(void *unused) {
  usleep(10000); // the loop sleeps by then, mostly
  eddy_post(the_remote, &wake_post.op, rec_cb);
  return unused;
}

// Nothing else would wake it.
static void rule_11_a_post_wakes_the_loop(void **state) {
  eddy_loop_t *loop = LOOP(state);
  the_remote = eddy_loop_remote(loop);
  for (int i = 0; i < 10; i++) {
    pthread_t thread;
    asleep = (struct rec){0};
    wake_post = (struct rec){.then = end_the_sleep};
    eddy_sleep(loop, &asleep.op, EDDY_NEVER, rec_cb);
    assert_int_equal(pthread_create(&thread, NULL, post_soon, NULL), 0);
    eddy_loop_run(loop);
    pthread_join(thread, NULL);
    assert_int_equal(asleep.result, EDDY_ECANCELED);
  }
  eddy_remote_release(the_remote);
}

static void rule_11_the_remote_outlives_the_loop(void **state) {
  eddy_loop_t *loop = test_loop();
  (void)state;
  eddy_remote_t *remote = eddy_loop_remote(loop), *second = eddy_remote_retain(remote);
  assert_ptr_equal(remote, second);
  eddy_remote_release(second);
  struct rec post = {0}, early = {0};
  eddy_post(remote, &early.op, rec_cb);
  eddy_loop_drain(loop, 0);
  assert_int_equal(early.result, EDDY_ECANCELED); // accepted, so delivered
  assert_int_equal(eddy_post(remote, &post.op, rec_cb), EDDY_ECLOSED);
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(eddy_post(remote, &post.op, rec_cb), EDDY_ECLOSED);
  assert_int_equal(eddy_op_pending(&post.op), 0);
  assert_int_equal(post.calls, 0);
  eddy_remote_stop(remote);
  eddy_remote_wake(remote);
  // Never started: still ours.
  eddy_yield(LOOP(state), &post.op, rec_cb);
  eddy_loop_run(LOOP(state));
  assert_int_equal(post.calls, 1);
  eddy_remote_release(remote);
}

static void rule_11_a_loop_closed_without_drain_refuses_posts(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  eddy_remote_t *remote = eddy_loop_remote(loop);
  assert_int_equal(eddy_loop_close(loop), 0);
  struct rec post = {0};
  assert_int_equal(eddy_post(remote, &post.op, rec_cb), EDDY_ECLOSED);
  eddy_remote_release(remote);
}

static void rule_11_stop_and_wake(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  struct rec sleep = {0};
  eddy_sleep(loop, &sleep.op, EDDY_NEVER, rec_cb);
  eddy_remote_stop(remote); // sticky: the next run consumes it
  assert_int_equal(eddy_loop_run(loop), 1);
  eddy_remote_wake(remote);
  eddy_remote_wake(remote);
  assert_int_equal(eddy_loop_step(loop, EDDY_NEVER), 1); // would sleep for ever
  eddy_cancel(&sleep.op);
  assert_int_equal(eddy_loop_run(loop), 0);
  eddy_remote_release(remote);
}

static void wake_mine(struct rec *rec, int64_t result) {
  (void)result;
  eddy_remote_wake(rec->context);
}

// It comes while the loop is awake, so no descriptor remembers it.
static void rule_11_a_wake_before_the_wait_is_kept(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec yield = {.then = wake_mine, .context = eddy_loop_remote(loop)}, sleep = {0};
  eddy_sleep(loop, &sleep.op, eddy_update_now(loop) + 2 * EDDY_SECOND, rec_cb);
  eddy_yield(loop, &yield.op, rec_cb);
  assert_int_equal(eddy_loop_step(loop, 0), 1);
  assert_int_equal(yield.finals, 1);
  assert_int_equal(eddy_loop_step(loop, EDDY_NEVER), 1); // returns before the sleep ends it
  assert_int_equal(sleep.finals, 0);
  eddy_cancel(&sleep.op);
  assert_int_equal(eddy_loop_run(loop), 0);
  eddy_remote_release(yield.context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(rule_11_post_runs_on_the_loop_in_order),
      FIXTURE_TEST(rule_11_post_cancelled_before_delivery),
      FIXTURE_TEST(rule_11_a_post_wakes_the_loop),
      FIXTURE_TEST(rule_11_post_from_its_own_callback),
      FIXTURE_TEST(rule_11_the_remote_outlives_the_loop),
      FIXTURE_TEST(rule_11_a_loop_closed_without_drain_refuses_posts),
      FIXTURE_TEST(rule_11_stop_and_wake),
      FIXTURE_TEST(rule_11_a_wake_before_the_wait_is_kept)};
  return RUN_TESTS(tests);
}
