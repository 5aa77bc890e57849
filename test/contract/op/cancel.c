// Rule 5: cancel is a wish, legal in every state; what has no effect reports EDDY_ECANCELED and loses nothing.
#include "rule_tools.h"

static void rule_5_cancel_in_every_state(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec rec = {0};
  eddy_cancel(&rec.op); // idle
  eddy_sleep(loop, &rec.op, EDDY_NEVER, rec_cb);
  eddy_cancel(&rec.op);
  eddy_cancel(&rec.op); // on its way
  eddy_loop_run(loop);
  eddy_cancel(&rec.op); // idle again
  assert_int_equal(rec.calls, 1);
  assert_int_equal(rec.result, EDDY_ECANCELED);
  assert_int_equal(eddy_op_os_error(&rec.op), 0);
  turns(loop, 3);
  assert_int_equal(rec.calls, 1);
}

static void cancel_self(struct rec *rec, int64_t result) {
  (void)result;
  eddy_cancel(&rec->op);
}

static void rule_5_cancel_inside_the_own_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec once = {.then = cancel_self}, tick = {.then = cancel_self};
  eddy_yield(loop, &once.op, rec_cb);
  eddy_tick(loop, &tick.op, 0, 1, EDDY_TICK_BURST, rec_cb);
  eddy_loop_run(loop);
  assert_int_equal(once.result, 0);
  assert_int_equal(once.calls, 1);
  assert_int_equal(tick.mores, 1);
  assert_int_equal(tick.result, EDDY_ECANCELED);
}

static void rule_5_cancelled_reads_lose_no_bytes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec r[3] = {0};
  char data[3][4] = {{0}};
  eddy_buf_t bufs[3];
  for (int i = 0; i < 3; i++) {
    bufs[i] = buffer(data[i], 2);
    eddy_stream_read(stream, &r[i].op, &bufs[i], 1, rec_cb);
  }
  eddy_loop_step(loop, 0);
  eddy_cancel(&r[1].op); // one in the middle
  turn_until(loop, &r[1].finals, 1);
  assert_int_equal(r[1].result, EDDY_ECANCELED);
  assert_int_equal(r[1].transferred, 0);
  eddy_cancel(&r[0].op); // the one the kernel may have
  turn_until(loop, &r[0].finals, 1);
  assert_int_equal(r[0].result, EDDY_ECANCELED);
  peer_send(&peer, "ab", 2);
  turn_until(loop, &r[2].finals, 1);
  assert_int_equal(r[2].result, 2);
  assert_memory_equal(data[2], "ab", 2);
  assert_int_equal(data[0][0] | data[1][0], 0);
  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
}

// What has happened already is reported, whatever is asked for afterwards.
static void rule_5_cancel_after_completion_keeps_the_result(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char first[2] = {0}, second[2] = {0};
  eddy_buf_t one = buffer(first, 2), two = buffer(second, 2);
  struct rec read = {0}, next = {0};
  peer_send(&peer, "ab", 2);
  eddy_stream_read(stream, &read.op, &one, 1, rec_cb);
  eddy_loop_flush(loop);
  eddy_cancel(&read.op);
  turn_until(loop, &read.finals, 1);
  eddy_stream_read(stream, &next.op, &two, 1, rec_cb);
  if (read.result == 2) { // the bytes are in exactly one of the two
    assert_memory_equal(first, "ab", 2);
    peer_send(&peer, "cd", 2);
    turn_until(loop, &next.finals, 1);
    assert_memory_equal(second, "cd", 2);
  } else {
    assert_int_equal(read.result, EDDY_ECANCELED);
    turn_until(loop, &next.finals, 1);
    assert_memory_equal(second, "ab", 2);
  }
  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
}

static void rule_5_a_cancelled_accept_leaks_no_connection(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  for (int round = 0; round < 20; round++) {
    struct rec accept = {.then = take_accepted}, next = {.then = take_accepted};
    eddy_listener_accept(listener, &accept.op, rec_cb);
    if (round & 1) eddy_loop_step(loop, 0);
    struct peer client = peer_connect(&addr);
    assert_true(client.fd >= 0);
    if (round & 2) eddy_loop_flush(loop);
    eddy_cancel(&accept.op);
    turn_until(loop, &accept.finals, 1);
    eddy_stream_t *stream = accept.context;
    if (!stream) { // then the connection is still in the queue
      assert_int_equal(accept.result, EDDY_ECANCELED);
      eddy_listener_accept(listener, &next.op, rec_cb);
      turn_until(loop, &next.finals, 1);
      stream = next.context;
    }
    assert_non_null(stream);
    eddy_stream_close(stream, NULL, NULL);
    turns(loop, 3);
    assert_int_equal(peer_receive_rest(&client), 0);
    peer_close(&client);
  }
  eddy_listener_close(listener, NULL, NULL);
}

static void rule_5_the_first_reason_wins(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[2];
  eddy_buf_t buf = buffer(data, 2);
  struct rec late = {0}, early = {0};
  eddy_op_set_deadline(&late.op, eddy_update_now(loop) + EDDY_MILLISECOND);
  eddy_stream_read(stream, &late.op, &buf, 1, rec_cb);
  eddy_cancel(&late.op);
  usleep(2000); // its deadline passes before it is delivered
  turn_until(loop, &late.finals, 1);
  assert_int_equal(late.result, EDDY_ECANCELED);
  eddy_op_set_deadline(&early.op, eddy_update_now(loop) + EDDY_MILLISECOND);
  eddy_stream_read(stream, &early.op, &buf, 1, rec_cb);
  eddy_stream_close(stream, NULL, NULL);
  usleep(2000);
  turn_until(loop, &early.finals, 1);
  assert_int_equal(early.result, EDDY_ECANCELED);
  peer_close(&peer);
}

static void rule_5_a_cancelled_connect_ends_the_stream(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  struct rec connect = {0}, read = {0}, again = {0};
  char data[2];
  eddy_buf_t buf = buffer(data, 2);
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  eddy_cancel(&connect.op);
  turn_until(loop, &connect.finals, 1);
  if (connect.result != 0) {
    assert_int_equal(connect.result, EDDY_ECANCELED);
    turn_until(loop, &read.finals, 1);
    assert_int_equal(read.result, EDDY_ECANCELED);
    eddy_stream_read(stream, &again.op, &buf, 1, rec_cb);
    turn_until(loop, &again.finals, 1);
    assert_int_equal(again.result, EDDY_ENOTCONN);
  }
  eddy_stream_close(stream, NULL, NULL);
  turn_until(loop, &read.finals, 1);
  eddy_listener_close(listener, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_5_cancel_in_every_state),
                                     FIXTURE_TEST(rule_5_cancel_inside_the_own_callback),
                                     FIXTURE_TEST(rule_5_cancelled_reads_lose_no_bytes),
                                     FIXTURE_TEST(rule_5_cancel_after_completion_keeps_the_result),
                                     FIXTURE_TEST(rule_5_a_cancelled_accept_leaks_no_connection),
                                     FIXTURE_TEST(rule_5_the_first_reason_wins),
                                     FIXTURE_TEST(rule_5_a_cancelled_connect_ends_the_stream)};
  return RUN_TESTS(tests);
}
