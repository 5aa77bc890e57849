// Rule 11: a loop whose thread has ended may be drained, closed or run by another thread. Its owner is told by a number,
// not by an address, which the next thread may have again.
#include "peer.h"
#include "rule_child.h"

static eddy_loop_t *loop;
static eddy_stream_t *stream;
static struct rec sleep_rec, read_rec;
static char room[16];
static eddy_buf_t into;
static struct peer peer;

static void *in_thread(void *(*body)(void *), void *argument) {
  pthread_t thread;
  void *result;
  assert_int_equal(pthread_create(&thread, NULL, body, argument), 0);
  pthread_join(thread, &result);
  return result;
}

static void *runs(void *unused) {
  (void)unused;
  eddy_loop_step(loop, 0); // from here on it is this thread's
  sleep_rec = (struct rec){0};
  eddy_sleep(loop, &sleep_rec.op, 0, rec_cb);
  return (void *)(intptr_t)eddy_loop_run(loop);
}

// Leaves a read pending on the loop.
static void *runs_and_reads(void *unused) {
  (void)unused;
  eddy_loop_step(loop, 0);
  peer = peer_open(loop, PEER_TCP, &stream);
  into = buffer(room, sizeof room);
  read_rec = (struct rec){0};
  eddy_stream_read(stream, &read_rec.op, &into, 1, rec_cb);
  eddy_loop_step(loop, 0);
  return NULL;
}

static void *drains(void *unused) {
  (void)unused;
  return (void *)(intptr_t)eddy_loop_drain(loop, EDDY_NEVER);
}

static void *closes(void *unused) {
  (void)unused;
  return (void *)(intptr_t)eddy_loop_close(loop);
}

static void *opens(void *unused) {
  (void)unused;
  loop = test_loop();
  return NULL;
}

static void closed_by_another(void **state) {
  (void)state;
  loop = test_loop();
  in_thread(runs, NULL);
  assert_int_equal(sleep_rec.finals, 1);
  assert_int_equal(eddy_loop_close(loop), 0);
}

static void drained_by_another(void **state) {
  (void)state;
  loop = test_loop();
  in_thread(runs_and_reads, NULL);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  assert_int_equal(eddy_loop_drain(loop, EDDY_NEVER), 0);
  assert_int_equal(read_rec.finals, 1);
  assert_true(read_rec.result == EDDY_ECANCELED);
  assert_int_equal(eddy_loop_close(loop), 0);
  peer_close(&peer);
}

static void drained_and_closed_by_a_third(void **state) {
  (void)state;
  loop = test_loop();
  in_thread(runs_and_reads, NULL);
  assert_null(in_thread(drains, NULL));
  assert_int_equal(read_rec.finals, 1);
  assert_null(in_thread(closes, NULL));
  peer_close(&peer);
}

// What was pending goes on, with nothing lost.
static void run_by_another(void **state) {
  (void)state;
  loop = test_loop();
  in_thread(runs_and_reads, NULL);
  peer_send(&peer, "later", 5);
  turn_until(loop, &read_rec.finals, 1);
  assert_int_equal(read_rec.result, 5);
  assert_memory_equal(room, "later", 5);
  read_rec = (struct rec){0};
  eddy_stream_read(stream, &read_rec.op, &into, 1, rec_cb);
  peer_send(&peer, "more", 4);
  turn_until(loop, &read_rec.finals, 1);
  assert_int_equal(read_rec.result, 4);
  struct rec write = {0};
  eddy_buf_t out = buffer(room, 4);
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  turn_until(loop, &write.finals, 1);
  assert_int_equal(write.result, 4);
  close_stream(loop, stream);
  peer_close(&peer);
  assert_int_equal(eddy_loop_close(loop), 0);
}

// Thread after thread, most of them at the address of the one before.
static void run_by_one_after_the_other(void **state) {
  (void)state;
  loop = test_loop();
  for (int i = 0; i < 20; i++) {
    assert_null(in_thread(runs, NULL));
    assert_int_equal(sleep_rec.finals, 1);
    assert_int_equal(sleep_rec.result, 0);
  }
  assert_int_equal(eddy_loop_close(loop), 0);
}

// As its creator, before the first run.
static void taken_over_before_the_first_run(void **state) {
  (void)state;
  in_thread(opens, NULL);
  struct rec yield = {0};
  eddy_yield(loop, &yield.op, rec_cb);
  in_thread(runs, NULL);
  assert_int_equal(yield.finals, 1);
  assert_int_equal(eddy_loop_close(loop), 0);
}

static void *one_loop_each(void *unused) {
  (void)unused;
  eddy_loop_t *own = test_loop();
  eddy_loop_step(own, 0);
  return own;
}

// A thread lets go of its own loops alone.
static void others_stay_with_their_threads(void **state) {
  eddy_loop_t *mine = LOOP(state);
  eddy_loop_step(mine, 0);
  eddy_loop_t *left[3];
  for (int i = 0; i < 3; i++) left[i] = in_thread(one_loop_each, NULL);
  struct rec yield = {0};
  eddy_yield(mine, &yield.op, rec_cb);
  assert_int_equal(eddy_loop_run(mine), 0);
  for (int i = 0; i < 3; i++) assert_int_equal(eddy_loop_close(left[i]), 0);
}

static void *asks(void *unused) {
  (void)unused;
  (void)eddy_now(loop);
  return NULL;
}

static void *taken_over(void *unused) {
  (void)unused;
  eddy_loop_step(loop, 0);
  in_thread(asks, NULL);
  return NULL;
}

static void two_at_once(void *unused) {
  (void)unused;
  loop = test_loop();
  in_thread(runs, NULL);
  in_thread(taken_over, NULL);
}

static void the_new_owner_is_the_only_one(void **state) {
  (void)state;
  expect_abort("a third thread", two_at_once, NULL, "wrong thread");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(closed_by_another),
      FIXTURE_TEST(drained_by_another),
      FIXTURE_TEST(drained_and_closed_by_a_third),
      FIXTURE_TEST(run_by_another),
      FIXTURE_TEST(run_by_one_after_the_other),
      FIXTURE_TEST(taken_over_before_the_first_run),
      FIXTURE_TEST(others_stay_with_their_threads),
      FIXTURE_TEST(the_new_owner_is_the_only_one),
  };
  return RUN_TESTS(tests);
}
