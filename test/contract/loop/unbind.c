// Rule 11: eddy_loop_unbind lets go of a loop, which any thread may take up then, while the first one lives on.
#include "needs.h"
#include "peer.h"
#include "rule_child.h"

static eddy_loop_t *loop;
static eddy_stream_t *stream;
static struct rec read_rec;
static char room[16];
static eddy_buf_t into;

static void *in_thread(void *(*body)(void *), void *argument) {
  pthread_t thread;
  void *result;
  assert_int_equal(pthread_create(&thread, NULL, body, argument), 0);
  pthread_join(thread, &result);
  return result;
}

static void *reads_on(void *argument) {
  peer_send_any(argument, "for you", 7);
  turn_until(loop, &read_rec.finals, 1);
  return (void *)(intptr_t)eddy_loop_unbind(loop);
}

// There and back: what was pending ends in the thread that runs the loop.
static void pending_ops_move(void **state) {
  loop = LOOP(state);
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  into = buffer(room, sizeof room);
  for (int i = 0; i < 3; i++) {
    read_rec = (struct rec){0};
    eddy_stream_read(stream, &read_rec.op, &into, 1, rec_cb);
    eddy_loop_step(loop, 0);
    assert_int_equal(eddy_loop_unbind(loop), 0);
    assert_null(in_thread(reads_on, &peer));
    assert_int_equal(read_rec.result, 7);
    read_rec = (struct rec){0};
    eddy_stream_read(stream, &read_rec.op, &into, 1, rec_cb); // it is this thread's again
    peer_send(&peer, "and me", 6);
    turn_until(loop, &read_rec.finals, 1);
    assert_int_equal(read_rec.result, 6);
  }
  close_stream(loop, stream);
  peer_close(&peer);
}

static void again_and_before_the_first_run(void **state) {
  loop = LOOP(state);
  assert_int_equal(eddy_loop_unbind(loop), 0);
  assert_int_equal(eddy_loop_unbind(loop), 0);
  struct rec yield = {0};
  eddy_yield(loop, &yield.op, rec_cb);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(yield.finals, 1);
  assert_int_equal(eddy_loop_inside(loop), 0);
}

// As rec_cb, without what all records share.
static void count_cb(eddy_op_t *op, int64_t result) {
  (void)result;
  ((struct rec *)(void *)op)->finals++;
}

static int turn; // whose turn it is, told without making anything visible

static void *relays(void *argument) {
  int self = *(int *)argument;
  for (int i = 0; i < 50; i++) {
    while (__atomic_load_n(&turn, __ATOMIC_RELAXED) != self) sched_yield();
    struct rec yield = {0};
    eddy_yield(loop, &yield.op, count_cb);
    if (eddy_loop_run(loop) != 0 || !yield.finals || eddy_loop_unbind(loop) != 0) return argument;
    __atomic_store_n(&turn, !self, __ATOMIC_RELEASE);
  }
  return NULL;
}

// The call itself makes one thread's writes visible to the other; a thread sanitizer would tell.
static void handed_over_without_a_lock(void **state) {
  loop = LOOP(state);
  assert_int_equal(eddy_loop_unbind(loop), 0);
  int selves[] = {0, 1};
  pthread_t threads[2];
  turn = 0;
  for (int i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, relays, &selves[i]), 0);
  for (int i = 0; i < 2; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
}

static void unbinds(eddy_op_t *op, int64_t result) {
  (void)result;
  eddy_loop_unbind(op->data);
}

static void inside(void *unused) {
  (void)unused;
  static eddy_op_t op;
  op.data = test_loop();
  eddy_yield(op.data, &op, unbinds);
  eddy_loop_run(op.data);
}

static void *lets_go(void *argument) {
  eddy_loop_unbind(argument);
  return NULL;
}

static void by_another_thread(void *unused) {
  (void)unused;
  eddy_loop_t *mine = test_loop();
  eddy_loop_step(mine, 0);
  in_thread(lets_go, mine);
}

static int told[2];

static void *takes_it_and_stays(void *argument) {
  eddy_loop_step(argument, 0);
  if (write(told[1], "", 1) != 1) return argument;
  for (;;) usleep(100000);
  return NULL;
}

static void used_after_it(void *unused) {
  (void)unused;
  eddy_loop_t *mine = test_loop();
  pthread_t thread;
  char byte;
  eddy_loop_step(mine, 0);
  eddy_loop_unbind(mine);
  if (pipe(told) == 0 && pthread_create(&thread, NULL, takes_it_and_stays, mine) == 0 &&
      read(told[0], &byte, 1) == 1)
    (void)eddy_now(mine);
}

static void misuse(void **state) {
  (void)state;
  expect_abort("inside a callback", inside, NULL, "eddy_loop_unbind inside a callback");
  expect_abort("by another thread", by_another_thread, NULL, "wrong thread");
  expect_abort("used after another took it", used_after_it, NULL, "wrong thread");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(pending_ops_move),
      FIXTURE_TEST(again_and_before_the_first_run),
      FIXTURE_TEST(handed_over_without_a_lock),
      FIXTURE_TEST(misuse),
  };
  return RUN_TESTS(tests);
}
