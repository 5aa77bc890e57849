// Rule 14: closing a loop that holds something gives EDDY_EBUSY and changes nothing.
#include "peer.h"

static void rule_14_close_of_a_busy_loop(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  eddy_remote_t *remote = eddy_loop_remote(loop);
  struct rec sleep = {0}, post = {0};
  eddy_sleep(loop, &sleep.op, EDDY_NEVER, rec_cb);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  eddy_cancel(&sleep.op);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY); // its callback is still to come
  eddy_loop_run(loop);
  assert_int_equal(sleep.finals, 1);

  eddy_post(remote, &post.op, rec_cb);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  eddy_loop_run(loop);
  assert_int_equal(post.result, 0); // posts are still taken
  assert_int_equal(eddy_post(remote, &post.op, rec_cb), EDDY_PENDING);
  eddy_loop_run(loop);

  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  eddy_stream_close(stream, NULL, NULL);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY); // closing, not closed
  eddy_loop_run(loop);

  eddy_op_set_flags(&sleep.op, EDDY_OP_UNREF);
  eddy_sleep(loop, &sleep.op, EDDY_NEVER, rec_cb);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY); // unref'd ops count here
  eddy_cancel(&sleep.op);
  turn_until(loop, &sleep.finals, 2);
  assert_int_equal(eddy_loop_close(loop), 0);
  eddy_remote_release(remote);
}

// A connection that an accept has offered inline is no reason to refuse, but a refusal leaves it there.
static void rule_14_a_refused_close_keeps_an_offer(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec first = {.then = take_accepted}, accept = {0};
  eddy_listener_accept(listener, &first.op, rec_cb);
  struct peer one = peer_connect(&addr), other = peer_connect(&addr);
  turn_until(loop, &first.finals, 1); // from here on the listener is known to be ready
  eddy_stream_close(first.context, NULL, NULL);
  eddy_op_set_flags(&accept.op, EDDY_OP_INLINE);
  if (eddy_listener_accept(listener, &accept.op, rec_cb) == EDDY_DONE) {
    assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY); // for the listener
    eddy_stream_t *stream = eddy_op_take_stream(&accept.op);
    assert_non_null(stream);
    eddy_stream_close(stream, NULL, NULL);
  } else {
    assert_false(driver_is(loop, EDDY_DRIVER_EPOLL)); // so this is tested at all
    turn_until(loop, &accept.finals, 1);
  }
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
  assert_int_equal(eddy_loop_close(loop), 0);
  peer_close(&one);
  peer_close(&other);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_14_close_of_a_busy_loop),
                                     FIXTURE_TEST(rule_14_a_refused_close_keeps_an_offer)};
  return RUN_TESTS(tests);
}
