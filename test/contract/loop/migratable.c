// A migratable loop is run by several threads in turn, under the host's lock.
#include "rule_tools.h"

#include <pthread.h>

static eddy_loop_t *shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rec tick;
static eddy_stream_t *a, *b;
static char data[64];
static int failed;

static void *runner(void *argument) {
  struct rec *ops = argument;
  for (int i = 0; i < 200; i++) {
    pthread_mutex_lock(&lock);
    eddy_buf_t out = buffer((char[]){"x"}, 1), in = buffer(data, 1);
    int writes = ops[0].finals, reads = ops[1].finals;
    eddy_stream_write(a, &ops[0].op, &out, 1, rec_cb);
    eddy_stream_read(b, &ops[1].op, &in, 1, rec_cb);
    for (int turn = 0; turn < 1000 && (ops[0].finals == writes || ops[1].finals == reads); turn++)
      eddy_loop_step(shared, eddy_update_now(shared) + EDDY_MILLISECOND);
    failed += ops[0].result != 1 || ops[1].result != 1 || eddy_loop_inside(shared);
    pthread_mutex_unlock(&lock);
    if (i % 16 == 0) usleep(100);
  }
  return NULL;
}

static void run_alternately_by_two_threads(void **state) {
  (void)state;
  eddy_loop_options_t options = {.size = sizeof options, .flags = EDDY_LOOP_MIGRATABLE};
  const char *driver = getenv("EDDY_DRIVER");
  if (driver && strcmp(driver, "io_uring") == 0) { // its requests belong to one thread
    assert_int_equal(eddy_loop_open(&options, &shared), EDDY_ENOTSUP);
    return;
  }
  assert_int_equal(eddy_loop_open(&options, &shared), 0);
  assert_int_equal(eddy_loop_driver(shared), MIGRATABLE_DRIVER);
  stream_pair(shared, &a, &b);
  tick = (struct rec){0};
  failed = 0;
  eddy_tick(shared, &tick.op, 0, EDDY_MILLISECOND, EDDY_TICK_SKIP, rec_cb);
  static struct rec ops[2][2];
  memset(ops, 0, sizeof ops);
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, runner, ops[i]), 0);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  assert_int_equal(failed, 0);
  assert_true(tick.mores > 0);
  assert_int_equal(eddy_loop_drain(shared, eddy_update_now(shared) + 5 * EDDY_SECOND), 0);
  assert_int_equal(tick.finals, 1);
  assert_int_equal(eddy_loop_close(shared), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(run_alternately_by_two_threads)};
  return RUN_TESTS(tests);
}
