// Two loops in two threads post to each other and sleep in between. A wake-up that gets lost between "the
// inbox is empty" and the sleep leaves both asleep for ever.
#include "trap.h"

#include <pthread.h>

#if !defined(TRAP_ROUNDS)
#define TRAP_ROUNDS 3000
#endif

struct side {
  eddy_loop_t *loop;
  eddy_remote_t *other;
  eddy_op_t keep; // what the loop waits for besides
  int hits;
};

static struct side sides[2];
static eddy_op_t ball;

static void hit(eddy_op_t *op, int64_t result) {
  struct side *here = op->data;
  if (result != 0) abort();
  here->hits++;
  op->data = here == &sides[0] ? &sides[1] : &sides[0];
  if (here == &sides[1] && here->hits == TRAP_ROUNDS) {
    eddy_remote_stop(here->other);
    eddy_loop_stop(here->loop);
    return;
  }
  if (eddy_post(here->other, op, hit) != EDDY_PENDING) abort();
}

static void ignored(eddy_op_t *op, int64_t result) {
  (void)op;
  (void)result;
}

static void *play(void *context) {
  struct side *side = context;
  if (eddy_loop_run(side->loop) != 1) abort();
  eddy_loop_drain(side->loop, EDDY_NEVER);
  return NULL;
}

static void game(eddy_time_t spin) {
  memset(sides, 0, sizeof sides);
  memset(&ball, 0, sizeof ball);
  eddy_loop_options_t options = {.size = sizeof options, .spin = spin};
  for (int i = 0; i < 2; i++) sides[i].loop = open_with(&options);
  for (int i = 0; i < 2; i++) sides[i].other = eddy_loop_remote(sides[1 - i].loop);
  for (int i = 0; i < 2; i++) eddy_sleep(sides[i].loop, &sides[i].keep, EDDY_NEVER - 1, ignored);
  pthread_t threads[2];
  alarm(50); // a lost wake-up shows as a hang
  for (int i = 0; i < 2; i++) CHECK_EQ(pthread_create(&threads[i], NULL, play, &sides[i]), 0);
  ball.data = &sides[0];
  CHECK_EQ(eddy_post(sides[1].other, &ball, hit), EDDY_PENDING);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  alarm(0);
  for (int i = 0; i < 2; i++) {
    CHECK_EQ(sides[i].hits, TRAP_ROUNDS);
    CHECK_EQ(eddy_loop_close(sides[i].loop), 0);
    eddy_remote_release(sides[i].other);
  }
}

static void no_wake_up_is_lost(void **state) {
  (void)state;
  game(0);
}

static void nor_when_the_loop_spins_first(void **state) {
  (void)state;
  game(20 * EDDY_MICROSECOND);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_wake_up_is_lost),
                                     cmocka_unit_test(nor_when_the_loop_spins_first)};
  return RUN_TESTS(tests);
}
