// Many loops on many threads share one pool: each op ends once, with its own result or as cancelled.
#include "work.h"

enum { kLoops = 6, kRounds = 40, kOps = 50 };

struct item {
  struct rec rec;
  uint64_t seed, answer;
  int ran;
};

static int64_t compute(void *argument) {
  struct item *item = argument;
  item->ran++; // not atomic: no two threads may have it
  item->answer = item->seed * 6364136223846793005u;
  if (item->seed % 16 == 0) sched_yield();
  return (int64_t)(item->answer >> 8);
}

static eddy_workers_t *workers;
static atomic_int cancelled, done;

static void *use(void *argument) {
  uint64_t seed = (uint64_t)(uintptr_t)argument;
  struct item *items = calloc(kOps, sizeof *items);
  eddy_loop_t *loop = test_loop();
  for (int round = 0; round < kRounds; round++) {
    memset(items, 0, kOps * sizeof *items);
    for (int i = 0; i < kOps; i++) {
      items[i].seed = seed = seed * 2862933555777941757u + 3037000493u;
      if (seed >> 60 == 3) eddy_op_set_deadline(&items[i].rec.op, eddy_update_now(loop) + 1000);
      eddy_work_in(seed >> 63 ? workers : NULL, loop, &items[i].rec.op, compute, &items[i], end_cb);
      if (seed >> 61 == 1) eddy_cancel(&items[(seed >> 40) % (uint64_t)(i + 1)].rec.op);
      if (seed >> 61 == 2) eddy_loop_step(loop, 0);
    }
    if (round % 4)
      eddy_loop_run(loop);
    else {
      CHECK_EQ(eddy_loop_drain(loop, EDDY_NEVER), 0);
      CHECK_EQ(eddy_loop_close(loop), 0);
      loop = test_loop();
    }
    for (int i = 0; i < kOps; i++) {
      struct item *item = &items[i];
      CHECK_EQ(item->rec.finals, 1);
      if (item->ran) {
        CHECK_EQ(item->ran, 1);
        CHECK_EQ(item->rec.result, (int64_t)(item->answer >> 8));
        done++;
      } else {
        CHECK(item->rec.result == EDDY_ECANCELED || item->rec.result == EDDY_ETIMEDOUT);
        cancelled++;
      }
    }
  }
  CHECK_EQ(eddy_loop_close(loop), 0);
  free(items);
  return NULL;
}

static void each_op_ends_once(void **state) {
  (void)state;
  eddy_workers_options_t options = {.size = sizeof options, .threads = 3, .idle = EDDY_MILLISECOND};
  assert_int_equal(eddy_workers_open(&options, &workers), 0);
  pthread_t threads[kLoops];
  for (uintptr_t i = 0; i < kLoops; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, use, (void *)(i * 977 + 1)), 0);
  for (int i = 0; i < kLoops; i++) pthread_join(threads[i], NULL);
  assert_int_equal(done + cancelled, kLoops * kRounds * kOps);
  assert_true(done > 0 && cancelled > 0);
  assert_int_equal(eddy_workers_close(workers), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(each_op_ends_once)};
  return RUN_TESTS(tests);
}
