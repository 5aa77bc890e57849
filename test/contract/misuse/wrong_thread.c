// Rule 11: a call from a thread that does not own the loop aborts with a message, in every build.
#include "rule_child.h"

#include <pthread.h>

static eddy_loop_t *loop;
static eddy_stream_t *stream;
static eddy_op_t op, other;

static void nothing(eddy_op_t *ended, int64_t result) { (void)ended, (void)result; }

static void *starts(void *unused) {
  (void)unused;
  eddy_yield(loop, &other, nothing);
  return NULL;
}

static void *cancels(void *unused) {
  (void)unused;
  eddy_cancel(&op);
  return NULL;
}

static void *steps(void *unused) {
  (void)unused;
  eddy_loop_step(loop, 0);
  return NULL;
}

static void *closes_stream(void *unused) {
  (void)unused;
  eddy_stream_close(stream, NULL, NULL);
  return NULL;
}

static void *asks(void *unused) {
  (void)unused;
  (void)eddy_now(loop);
  return NULL;
}

static void *closes_loop(void *unused) {
  (void)unused;
  eddy_loop_close(loop);
  return NULL;
}

static void *rearms(void *unused) {
  (void)unused;
  eddy_rearm(&op, 5);
  return NULL;
}

// In a child: the loop runs here, and the thread does what it must not.
static void on_a_thread(void *body) {
  loop = test_loop();
  eddy_stream_open(loop, EDDY_AF_INET, &stream);
  eddy_sleep(loop, &op, EDDY_NEVER, nothing);
  eddy_loop_step(loop, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, *(void *(**)(void *))body, NULL);
  pthread_join(thread, NULL);
}

static void rule_11_wrong_thread_aborts(void **state) {
  (void)state;
  static void *(*const bodies[])(void *) = {starts, cancels, steps,      closes_stream,
                                            asks,   rearms,  closes_loop};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    char name[32];
    void *(*body)(void *) = bodies[i];
    snprintf(name, sizeof name, "call %zu", i);
    expect_abort(name, on_a_thread, (void *)&body, "wrong thread");
  }
}

static int told[2];

static void *runs_and_stays(void *unused) {
  (void)unused;
  eddy_loop_run(loop);
  while (write(told[1], "", 1) == 1) usleep(100000); // its end would let go of the loop
  return NULL;
}

static void creator_after_the_run(void *unused) {
  (void)unused;
  loop = test_loop();
  eddy_yield(loop, &op, nothing); // legal: before the first run
  pthread_t thread;
  char byte;
  if (pipe(told) != 0 || pthread_create(&thread, NULL, runs_and_stays, NULL) != 0) _exit(4);
  while (read(told[0], &byte, 1) != 1) {
  }
  if (eddy_op_pending(&op)) _exit(3);
  eddy_yield(loop, &op, nothing);
}

static void rule_11_the_first_run_binds_the_loop(void **state) {
  (void)state;
  expect_abort("creator after the run", creator_after_the_run, NULL, "wrong thread");
}

static eddy_loop_t *drained;

static void *run_and_drain(void *unused) {
  (void)unused;
  eddy_loop_run(drained);
  eddy_loop_drain(drained, 0);
  return NULL;
}

static void rule_11_inside_and_close_of_a_drained_loop_from_any_thread(void **state) {
  assert_int_equal(eddy_loop_inside(LOOP(state)), 0);
  drained = test_loop();
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, run_and_drain, NULL), 0);
  pthread_join(thread, NULL);
  assert_int_equal(eddy_loop_inside(drained), 0);
  assert_int_equal(eddy_loop_close(drained), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(rule_11_wrong_thread_aborts), FIXTURE_TEST(rule_11_the_first_run_binds_the_loop),
      FIXTURE_TEST(rule_11_inside_and_close_of_a_drained_loop_from_any_thread)};
  return RUN_TESTS(tests);
}
