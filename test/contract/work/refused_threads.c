// Rule 12: a thread that the system refuses is a result when there is none at all; else those that there
// are do the work.
#include "thread_limit.h"
#include "work.h"

static void no_thread_at_all_is_a_result(void **state) {
  eddy_workers_t *workers = workers_with(4, 0);
  atomic_int runs = 0;
  struct rec works[3] = {0};
  allowed = 0;
  for (int i = 0; i < 3; i++)
    eddy_work_in(workers, LOOP(state), &works[i].op, count_run, &runs, rec_cb);
  assert_int_equal(works[0].calls, 0);
  eddy_loop_run(LOOP(state));
  for (int i = 0; i < 3; i++) {
    assert_int_equal(works[i].finals, 1);
    assert_int_equal(works[i].result, EDDY_EAGAIN);
    assert_int_equal(eddy_op_os_error(&works[i].op), NATIVE_NO_THREAD);
  }
  assert_int_equal(stat_of(workers).refused, 3);
  assert_int_equal(stat_of(workers).threads, 0);

  allowed = 1; // it is over
  eddy_work_in(workers, LOOP(state), &works[0].op, count_run, &runs, rec_cb);
  eddy_loop_run(LOOP(state));
  assert_int_equal(works[0].result, 1);
  assert_int_equal(eddy_op_os_error(&works[0].op), 0);
  assert_int_equal(eddy_workers_close(workers), 0);
}

enum { kMany = 200 };

static void one_thread_does_all(void **state) {
  eddy_workers_t *workers = workers_with(4, 0);
  atomic_int runs = 0;
  static struct rec works[kMany];
  memset(works, 0, sizeof works);
  allowed = 1;
  for (int i = 0; i < kMany; i++)
    eddy_work_in(workers, LOOP(state), &works[i].op, count_run, &runs, rec_cb);
  eddy_loop_run(LOOP(state));
  for (int i = 0; i < kMany; i++) {
    assert_int_equal(works[i].finals, 1);
    assert_true(works[i].result > 0);
  }
  assert_int_equal(stat_of(workers).threads, 1);
  assert_int_equal(eddy_workers_close(workers), 0);
}

// Threads are refused at random to several loops that start work in one pool at a time.
struct user {
  pthread_t thread;
  eddy_workers_t *workers;
  int64_t done, refused;
};

static void *use(void *argument) {
  struct user *user = argument;
  eddy_loop_t *loop = test_loop();
  atomic_int runs = 0;
  for (int round = 0; round < 300; round++) {
    struct rec works[4] = {0};
    for (int i = 0; i < 4; i++)
      eddy_work_in(user->workers, loop, &works[i].op, count_run, &runs, end_cb);
    eddy_loop_run(loop);
    for (int i = 0; i < 4; i++) {
      CHECK_EQ(works[i].finals, 1);
      CHECK(works[i].result > 0 || works[i].result == EDDY_EAGAIN);
      works[i].result > 0 ? user->done++ : user->refused++;
    }
    if (round % 3 == 0) allowed = 1;
  }
  CHECK_EQ(eddy_loop_close(loop), 0);
  return NULL;
}

static void refusals_while_others_count_on_the_thread(void **state) {
  (void)state;
  eddy_workers_options_t options = {.size = sizeof options, .threads = 3, .idle = 1};
  eddy_workers_t *workers;
  assert_int_equal(eddy_workers_open(&options, &workers), 0);
  struct user users[4] = {0};
  for (int i = 0; i < 4; i++) {
    users[i].workers = workers;
    assert_int_equal(own_thread(&users[i].thread, use, &users[i]), 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(users[i].thread, NULL);
    assert_int_equal(users[i].done + users[i].refused, 1200);
  }
  assert_int_equal(eddy_workers_close(workers), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(no_thread_at_all_is_a_result),
                                     FIXTURE_TEST(one_thread_does_all),
                                     FIXTURE_TEST(refusals_while_others_count_on_the_thread)};
  return RUN_TESTS(tests);
}
