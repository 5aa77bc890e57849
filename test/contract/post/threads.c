// Rule 11: several threads post at once; each post is delivered once, in order per thread, and what was
// written before it is visible.
#include "rule_tools.h"

#include <pthread.h>

enum { THREADS = 3, POSTS = 2000 };

struct message {
  eddy_op_t op;
  int thread, number, payload; // plain memory: the post orders it
};

static struct message messages[THREADS][POSTS];
static int next_number[THREADS], wrong, delivered;
static eddy_loop_t *the_loop;
static eddy_remote_t *remote;

static void receive(eddy_op_t *op, int64_t result) {
  struct message *message = (struct message *)(void *)op;
  wrong += result != 0;
  wrong += message->number != next_number[message->thread]++;
  wrong += message->payload != message->number * 3 + message->thread;
  if (++delivered == THREADS * POSTS) eddy_loop_stop(message->op.data);
}

static void *poster(void *argument) {
  struct message *mine = argument;
  int thread = (int)((mine - messages[0]) / POSTS);
  for (int i = 0; i < POSTS; i++) {
    mine[i].op.data = the_loop;
    mine[i].thread = thread;
    mine[i].number = i;
    mine[i].payload = i * 3 + thread;
    if (eddy_post(remote, &mine[i].op, receive) != EDDY_PENDING) return mine;
    if (i % 64 == 0) usleep(100); // lets the loop fall asleep now and then
  }
  return NULL;
}

static void rule_11_posts_from_threads(void **state) {
  eddy_loop_t *loop = LOOP(state);
  memset(messages, 0, sizeof messages);
  memset(next_number, 0, sizeof next_number);
  wrong = delivered = 0;
  the_loop = loop;
  remote = eddy_loop_remote(loop);
  pthread_t threads[THREADS];
  struct rec sleep = {0};
  eddy_sleep(loop, &sleep.op, eddy_now(loop) + 60 * EDDY_SECOND, rec_cb);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, poster, messages[i]), 0);
  // Without a time-out of its own: only the posts wake it.
  assert_int_equal(eddy_loop_run(loop), 1);
  for (int i = 0; i < THREADS; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  assert_int_equal(delivered, THREADS * POSTS);
  assert_int_equal(wrong, 0);
  assert_int_equal(sleep.finals, 0);
  eddy_cancel(&sleep.op);
  turn_until(loop, &sleep.finals, 1);
  eddy_remote_release(remote);
}

static void *stopper(void *argument) {
  usleep(2000);
  eddy_remote_stop(argument);
  return NULL;
}

static void *waker(void *argument) {
  usleep(2000);
  eddy_remote_wake(argument);
  return NULL;
}

static void rule_11_stop_and_wake_from_a_thread(void **state) {
  eddy_loop_t *loop = LOOP(state);
  remote = eddy_loop_remote(loop);
  struct rec sleep = {0};
  eddy_sleep(loop, &sleep.op, eddy_now(loop) + 60 * EDDY_SECOND, rec_cb);
  for (int i = 0; i < 10; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, i & 1 ? stopper : waker, remote), 0);
    if (i & 1)
      assert_int_equal(eddy_loop_run(loop), 1);
    else
      assert_int_equal(eddy_loop_step(loop, EDDY_NEVER), 1);
    pthread_join(thread, NULL);
    turns(loop, 1); // what came twice is consumed
  }
  assert_int_equal(sleep.finals, 0);
  eddy_cancel(&sleep.op);
  turn_until(loop, &sleep.finals, 1);
  eddy_remote_release(remote);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_11_posts_from_threads),
                                     FIXTURE_TEST(rule_11_stop_and_wake_from_a_thread)};
  return RUN_TESTS(tests);
}
