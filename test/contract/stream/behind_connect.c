// Rule 7: what is started on a connecting stream queues behind the connect, and fails with its error.
#include "rule_tools.h"

static void rule_7_queued_behind_a_connect(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  char in[5], echo[5];
  eddy_buf_t to = buffer(in, 5), out = buffer((char[]){"hello"}, 5), back = buffer(echo, 5);
  struct rec connect = {0}, write = {0}, wait = {0}, read = {0};
  struct rec accept = {.then = take_accepted}, got = {0}, sent = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  eddy_stream_read(stream, &read.op, &to, 1, rec_cb);
  eddy_stream_wait(stream, &wait.op, EDDY_READABLE, rec_cb);
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  eddy_listener_accept(listener, &accept.op, rec_cb);
  turn_until(loop, &accept.finals, 1);
  turn_until(loop, &write.finals, 1);
  eddy_stream_read(accept.context, &got.op, &back, 1, rec_cb);
  turn_until(loop, &got.finals, 1);
  assert_memory_equal(echo, "hello", 5);
  eddy_stream_write(accept.context, &sent.op, &back, 1, rec_cb);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(connect.result, 0);
  assert_int_equal(write.result, 5);
  assert_int_equal(read.result, 5);
  assert_true(connect.order < write.order && connect.order < read.order);
  eddy_stream_close(stream, NULL, NULL);
  eddy_stream_close(accept.context, NULL, NULL);
  turn_until(loop, &wait.finals, 1);
  eddy_listener_close(listener, NULL, NULL);
}

static void refused(eddy_loop_t *loop, const eddy_addr_t *addr, int reads, int waits) {
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  char data[5];
  eddy_buf_t buf = buffer(data, 5);
  struct rec connect = {0}, r[4] = {0};
  int count = 0;
  eddy_stream_connect(stream, &connect.op, addr, rec_cb);
  if (reads) eddy_stream_read(stream, &r[count++].op, &buf, 1, rec_cb);
  if (waits) eddy_stream_wait(stream, &r[count++].op, EDDY_READABLE, rec_cb);
  eddy_stream_write(stream, &r[count++].op, &buf, 1, rec_cb);
  eddy_stream_shutdown(stream, &r[count++].op, EDDY_SHUT_WRITE, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, EDDY_ECONNREFUSED);
  for (int i = 0; i < count; i++) {
    turn_until(loop, &r[i].finals, 1);
    if (r[i].result != EDDY_ECONNREFUSED)
      fail_msg("op %d behind the connect: %s", i, eddy_error_name(r[i].result));
    assert_true(connect.order < r[i].order);
  }
  eddy_stream_read(stream, &r[0].op, &buf, 1, rec_cb);
  turn_until(loop, &r[0].finals, 2);
  assert_int_equal(r[0].result, EDDY_ENOTCONN); // only close is left
  eddy_stream_close(stream, NULL, NULL);
}

static void rule_7_a_refused_connect_fails_its_queue(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_close(listen_loopback(loop, &addr), NULL, NULL);
  turns(loop, 3);
  refused(loop, &addr, 0, 0);
  refused(loop, &addr, 1, 0);
  refused(loop, &addr, 0, 1);
  refused(loop, &addr, 1, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_7_queued_behind_a_connect),
                                     FIXTURE_TEST(rule_7_a_refused_connect_fails_its_queue)};
  return RUN_TESTS(tests);
}
