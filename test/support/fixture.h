// What every contract test starts from: a loop on the driver under test, ops that keep a record of
// their callbacks, and a tear-down that fails the test when anything is left behind.
#ifndef EDDY_TEST_FIXTURE_H
#define EDDY_TEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <descriptors.h>
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// An op that counts its callbacks.
struct rec {
  eddy_op_t op;
  int calls;  // callbacks in all
  int finals; // final ones: contract rule 1 wants one per start
  int mores;  // payloads
  int64_t result;
  int64_t last_more;
  uint64_t transferred;
  int order;                           // when the final callback came, counted over all records
  void (*then)(struct rec *, int64_t); // called at the end of each callback
  void *context;
};

static int tests_skipped;
#undef skip
#define skip() (tests_skipped++, _skip(__FILE__, __LINE__))

struct fixture_test {
  void (*run)(void **state);
};

struct fixture {
  const struct fixture_test *test;
  int passed, skipped_before;
  eddy_loop_t *loop;
  int descriptors; // open before the test
};

static int rec_clock;

static inline void rec_cb(eddy_op_t *op, int64_t result) {
  struct rec *rec = (struct rec *)(void *)op; // the op is the first member
  rec->calls++;
  rec->transferred = eddy_op_transferred(op);
  if (eddy_op_more(op)) {
    rec->mores++;
    rec->last_more = result;
  } else {
    rec->finals++;
    rec->result = result;
    rec->order = ++rec_clock;
  }
  if (rec->then) rec->then(rec, result);
}

// The loop under test: the environment's EDDY_DRIVER chooses the driver.
static inline eddy_loop_t *test_loop(void) {
  eddy_loop_t *loop = NULL;
  int error = eddy_loop_open(NULL, &loop);
  if (error) fail_msg("eddy_loop_open: %s", eddy_error_name(error));
  return loop;
}

static inline int driver_is(const eddy_loop_t *loop, uint32_t driver) {
  return eddy_loop_driver(loop) == driver;
}

// Turns until *flag is at least `wanted`; fails the test after half a minute, for the machine may be busy.
static inline void turn_until(eddy_loop_t *loop, const int *flag, int wanted) {
  eddy_time_t limit = eddy_update_now(loop) + 30 * EDDY_SECOND;
  while (*flag < wanted) {
    if (eddy_update_now(loop) > limit)
      fail_msg("waited half a minute for %d, have %d", wanted, *flag);
    eddy_loop_step(loop, eddy_now(loop) + 50 * EDDY_MILLISECOND);
  }
}

// Turns for a while, to see that something does not happen.
static inline void turn_for(eddy_loop_t *loop, eddy_time_t duration) {
  eddy_time_t limit = eddy_update_now(loop) + duration;
  do {
    eddy_loop_step(loop, limit);
  } while (eddy_update_now(loop) < limit &&
           (eddy_loop_alive(loop) || (eddy_loop_step(loop, 0), 0)));
}

static inline int fixture_setup(void **state) {
  static int warm;
  struct fixture *fixture = calloc(1, sizeof *fixture);
  fixture->test = *state;
  fixture->skipped_before = tests_skipped;
  if (!warm) eddy_loop_close(test_loop()); // what a process keeps from its first loop on
  warm = 1;
  fixture->descriptors = open_descriptors();
  fixture->loop = test_loop();
  *state = fixture;
  return 0;
}

static inline void fixture_run(void **state) {
  struct fixture *fixture = *state;
  fixture->test->run(state);
  fixture->passed = 1;
}

// A test that has failed has left its frame, in which its ops lie: its loop cannot be ended, and would hide why.
static inline int fixture_failed(const struct fixture *fixture) {
  return !fixture->passed && tests_skipped == fixture->skipped_before;
}

// Quiescence: after a drain nothing is held, the loop closes, and no descriptor is left.
static inline int fixture_teardown(void **state) {
  struct fixture *fixture = *state;
  if (fixture_failed(fixture)) return 0;
  if (fixture->loop) {
    int64_t held =
        eddy_loop_drain(fixture->loop, eddy_update_now(fixture->loop) + 30 * EDDY_SECOND);
    int closed = eddy_loop_close(fixture->loop);
    if (held || closed) {
      print_error("left behind: %lld held, close gives %s\n", (long long)held,
                  eddy_error_name(closed));
      return -1;
    }
  }
  int left = open_descriptors() - fixture->descriptors;
  for (int tries = 0; left && tries < 50; tries++) { // a thread that ends has some for a moment
    usleep(2000);
    left = open_descriptors() - fixture->descriptors;
  }
  free(fixture);
  if (left) print_error("%d descriptors left open\n", left);
  return left ? -1 : 0;
}

#define FIXTURE_TEST_ENDS(function, teardown)                                                      \
  {                                                                                                \
#function, fixture_run, fixture_setup, teardown, &(struct fixture_test) { function }           \
  }
#define FIXTURE_TEST(function) FIXTURE_TEST_ENDS(function, fixture_teardown)
#define LOOP(state) (((struct fixture *)*(state))->loop)

// For a whole program: exit code 77 with a line that says why, when its driver is not to be had here.
static inline void skip_program(const char *why) {
  printf("SKIP: %s\n", why);
  fflush(stdout);
  exit(77);
}

static inline void require_driver(void) {
  const char *name = getenv("EDDY_DRIVER");
  int driver = name && *name ? eddy_driver_by_name(name) : EDDY_DRIVER_AUTO;
  int refused = driver < 0 ? driver : eddy_driver_probe((uint32_t)driver);
  if (!refused) return;
  char why[128];
  snprintf(why, sizeof why, "driver %s: %s", name, eddy_error_text(refused));
  skip_program(why);
}

// A program of which nothing ran has not passed.
static inline int outcome(int failed, int tests) {
  if (failed || tests_skipped < tests) return failed;
  printf("SKIP: each test of the program\n");
  return 77;
}

// For one test of a program that cannot be shown here.
#define SKIP(why)                                                                                  \
  do {                                                                                             \
    print_message("SKIP: %s\n", why);                                                              \
    skip();                                                                                        \
  } while (0)

#define RUN_TESTS(tests)                                                                           \
  (require_driver(),                                                                               \
   outcome(cmocka_run_group_tests(tests, NULL, NULL), (int)(sizeof(tests) / sizeof *(tests))))

#endif
