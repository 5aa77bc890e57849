// A post ends the spinning of a wait, as it ends a sleep.
#include "trap.h"

#include <pthread.h>
#include <stdatomic.h>

static const eddy_time_t spin = 300 * EDDY_MILLISECOND;
static eddy_remote_t *remote;
static struct rec posted;

static void *post_soon(void *unused) {
  (void)unused;
  pause_ms(5);
  CHECK_EQ(eddy_post(remote, &posted.op, rec_cb), EDDY_PENDING);
  return NULL;
}

static void a_post_ends_it(void **state) {
  (void)state;
  eddy_loop_options_t options = {.size = sizeof options, .spin = spin};
  eddy_loop_t *loop = open_with(&options);
  remote = eddy_loop_remote(loop);
  struct rec keep = {0}; // alive, so that a step may wait
  eddy_sleep(loop, &keep.op, EDDY_NEVER, rec_cb);
  int early = 0;
  for (int i = 0; i < 5 && !early; i++) { // a loaded machine may stop this thread for that long
    pthread_t thread;
    posted = (struct rec){0};
    eddy_loop_step(loop, 0);
    eddy_time_t until = eddy_update_now(loop) + spin;
    CHECK_EQ(pthread_create(&thread, NULL, post_soon, NULL), 0);
    eddy_loop_step(loop, until);
    early = eddy_update_now(loop) < until;
    pthread_join(thread, NULL);
    UNTIL(loop, posted.finals);
  }
  CHECK(early);
  eddy_remote_release(remote);
  end_loop(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_post_ends_it)};
  return RUN_TESTS(tests);
}
