// Rule 14: closing a loop that holds something gives EDDY_EBUSY and changes nothing.
#include "rule_tools.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_14_close_of_a_busy_loop)};
  return RUN_TESTS(tests);
}
