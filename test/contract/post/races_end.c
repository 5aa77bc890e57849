// Rule 14 and 11: threads post while the loop is drained and closed; each post is either delivered once
// or refused, and the remote outlives the loop.
#include "rule_tools.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ROUNDS = 200, POSTS = 64 };

struct sender {
  eddy_op_t ops[POSTS];
  atomic_int accepted;
  eddy_remote_t *remote;
};

static int delivered, cancelled;

static void receive(eddy_op_t *op, int64_t result) {
  (void)op;
  delivered++;
  cancelled += result == EDDY_ECANCELED;
}

static void *post_until_closed(void *argument) {
  struct sender *sender = argument;
  for (int i = 0; i < POSTS; i++) {
    if (eddy_post(sender->remote, &sender->ops[i], receive) == EDDY_ECLOSED) break;
    atomic_fetch_add(&sender->accepted, 1);
  }
  eddy_remote_stop(sender->remote);
  eddy_remote_wake(sender->remote);
  eddy_remote_release(sender->remote);
  return NULL;
}

static void rule_14_post_races_the_end(void **state) {
  (void)state;
  static struct sender senders[2];
  for (int round = 0; round < ROUNDS; round++) {
    eddy_loop_t *loop = test_loop();
    pthread_t threads[2];
    delivered = 0;
    memset(senders, 0, sizeof senders);
    for (int i = 0; i < 2; i++) {
      senders[i].remote = eddy_loop_remote(loop);
      assert_int_equal(pthread_create(&threads[i], NULL, post_until_closed, &senders[i]), 0);
    }
    for (int i = 0; i < round % 8; i++) eddy_loop_step(loop, 0);
    assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    assert_int_equal(delivered, senders[0].accepted + senders[1].accepted);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_14_post_races_the_end)};
  return RUN_TESTS(tests);
}
