// A yield completes with the ready ops of the next turn, in start order, and starves nobody.
#include "rule_tools.h"

static eddy_loop_t *the_loop;
static int wanted = 1;

static void again(struct rec *rec, int64_t result) {
  (void)result;
  if (wanted) eddy_yield(the_loop, &rec->op, rec_cb);
}

static void yields_in_order(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec r[10] = {0};
  for (int i = 0; i < 10; i++) eddy_yield(loop, &r[i].op, rec_cb);
  eddy_cancel(&r[3].op); // too late: it is on its way
  assert_int_equal(eddy_loop_step(loop, EDDY_NEVER), 0);
  for (int i = 0; i < 10; i++) {
    assert_int_equal(r[i].result, 0);
    if (i) assert_true(r[i - 1].order < r[i].order);
  }
}

// While something is always ready, I/O, timers and posts still get their turn.
static void yields_starve_nobody(void **state) {
  the_loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(the_loop, PEER_TCP, &stream);
  char data[4];
  eddy_buf_t buf = buffer(data, 4);
  eddy_remote_t *remote = eddy_loop_remote(the_loop);
  wanted = 1;
  struct rec spin = {.then = again}, read = {0}, sleep = {0}, post = {0};
  eddy_yield(the_loop, &spin.op, rec_cb);
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  eddy_sleep(the_loop, &sleep.op, eddy_now(the_loop) + EDDY_MILLISECOND, rec_cb);
  turns(the_loop, 3);
  peer_send(&peer, "x", 1);
  turns(the_loop, 20);
  assert_int_equal(read.result, 1);
  eddy_post(remote, &post.op, rec_cb);
  turns(the_loop, 1);
  assert_int_equal(post.finals, 1);
  turn_until(the_loop, &sleep.finals, 1);
  wanted = 0;
  eddy_stream_close(stream, NULL, NULL);
  eddy_loop_run(the_loop);
  assert_true(spin.finals >= 24);
  eddy_remote_release(remote);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(yields_in_order),
                                     FIXTURE_TEST(yields_starve_nobody)};
  return RUN_TESTS(tests);
}
