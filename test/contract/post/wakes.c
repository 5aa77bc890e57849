// A hundred thousand wake-ups, and posts of another thread, on a descriptor that nobody reads: none gets
// lost, and afterwards the loop still sleeps.
#include "trap.h"

#include <pthread.h>
#include <stdatomic.h>

enum { kWakes = 100000, kPosts = 2000 };

static eddy_remote_t *remote;
static eddy_op_t posts[kPosts];
static int delivered;

static void count(eddy_op_t *op, int64_t result) {
  (void)op;
  delivered += result == 0;
}

static void *wake_and_post(void *unused) {
  for (int i = 0; i < kWakes; i++) {
    eddy_remote_wake(remote);
    if (i % (kWakes / kPosts) == 0) eddy_post(remote, &posts[i / (kWakes / kPosts)], count);
  }
  return unused;
}

static void none_is_lost(void **state) {
  eddy_loop_t *loop = LOOP(state);
  remote = eddy_loop_remote(loop);
  static struct rec keep;
  eddy_sleep(loop, &keep.op, eddy_now(loop) + 1000 * EDDY_SECOND, rec_cb);
  for (int i = 0; i < 1000; i++) { // each ends a wait that would take for ever
    eddy_remote_wake(remote);
    eddy_loop_step(loop, EDDY_NEVER);
  }
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wake_and_post, NULL), 0);
  UNTIL(loop, delivered == kPosts);
  pthread_join(thread, NULL);
  for (int i = 0; i < 10; i++) eddy_loop_step(loop, 0);
  eddy_time_t end = eddy_update_now(loop) + 30 * EDDY_MILLISECOND;
  int turns = 0;
  for (; eddy_update_now(loop) < end; turns++) eddy_loop_step(loop, end);
  CHECK(turns <= 4);
  eddy_remote_release(remote);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(none_is_lost)};
  return RUN_TESTS(tests);
}
