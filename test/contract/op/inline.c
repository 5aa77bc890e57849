// Rule 2: EDDY_OP_INLINE lets a one-shot op end inside its start call, without a callback and without
// overtaking others.
#include "rule_tools.h"

static struct rec inline_rec(void) {
  struct rec rec = {0};
  eddy_op_set_flags(&rec.op, EDDY_OP_INLINE);
  return rec;
}

static void rule_2_inline_write(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec wrote = inline_rec();
  eddy_buf_t buf = buffer((char[]){"hello"}, 5);
  for (int i = 0; i < 10; i++) {
    int before = wrote.calls;
    int started = eddy_stream_write(stream, &wrote.op, &buf, 1, rec_cb);
    if (started == EDDY_DONE) {
      assert_int_equal(eddy_op_pending(&wrote.op), 0);
    } else {
      turn_until(loop, &wrote.finals, before + 1);
    }
    assert_int_equal(eddy_op_result(&wrote.op), 5);
    assert_int_equal(eddy_op_transferred(&wrote.op), 5);
    turns(loop, 2);
    assert_int_equal(wrote.calls, started == EDDY_DONE ? before : before + 1);
  }
  eddy_stream_close(stream, NULL, NULL);
  turns(loop, 3);
  assert_int_equal(peer_receive_rest(&peer), 50);
  peer_close(&peer);
}

// Errors too are immediate ends.
static void rule_2_inline_errors(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *idle;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &idle), 0);
  struct rec rec = inline_rec(), closed = {0};
  char data[4];
  eddy_buf_t buf = buffer(data, 4);
  assert_int_equal(eddy_stream_read(stream, &rec.op, NULL, 0, rec_cb), EDDY_DONE);
  assert_int_equal(eddy_op_result(&rec.op), EDDY_EINVAL);
  assert_int_equal(eddy_stream_read(idle, &rec.op, &buf, 1, rec_cb), EDDY_DONE);
  assert_int_equal(eddy_op_result(&rec.op), EDDY_ENOTCONN);
  eddy_op_set_deadline(&rec.op, 1);
  assert_int_equal(eddy_stream_read(stream, &rec.op, &buf, 1, rec_cb), EDDY_DONE);
  assert_int_equal(eddy_op_result(&rec.op), EDDY_ETIMEDOUT);
  eddy_stream_close(stream, &closed.op, rec_cb);
  assert_int_equal(eddy_stream_read(stream, &rec.op, &buf, 1, rec_cb), EDDY_DONE);
  assert_int_equal(eddy_op_result(&rec.op), EDDY_ECLOSED);
  eddy_stream_close(idle, NULL, NULL);
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(rec.calls, 0);
  peer_close(&peer);
}

static void rule_2_inline_never_overtakes_queued_ops(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char first[1], second[1];
  eddy_buf_t one = buffer(first, 1), two = buffer(second, 1);
  struct rec plain = {0}, quick = inline_rec();
  eddy_stream_read(stream, &plain.op, &one, 1, rec_cb);
  eddy_loop_step(loop, 0);
  peer_send(&peer, "ab", 2);
  assert_int_equal(eddy_stream_read(stream, &quick.op, &two, 1, rec_cb), EDDY_PENDING);
  turn_until(loop, &quick.finals, 1);
  assert_int_equal(first[0], 'a');
  assert_int_equal(second[0], 'b');
  assert_true(plain.order < quick.order);
  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
}

// An older write whose callback is still to come is not overtaken either (rule 7: they finish in order).
static void rule_2_inline_never_overtakes_undelivered_ops(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec plain = {0}, quick = inline_rec();
  eddy_buf_t buf = buffer((char[]){"x"}, 1);
  eddy_stream_write(stream, &plain.op, &buf, 1, rec_cb);
  int started = eddy_stream_write(stream, &quick.op, &buf, 1, rec_cb);
  int plain_finished = plain.finals;
  turn_until(loop, &plain.finals, 1);
  if (started == EDDY_PENDING) turn_until(loop, &quick.finals, 1);
  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
  if (started == EDDY_DONE) assert_int_equal(plain_finished, 1);
}

static void rule_2_inline_is_ignored_by_multishot_close_and_post(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_pool_t *pool;
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec tick = inline_rec(), accepts = inline_rec(), reads = inline_rec(), post = inline_rec(),
             closed = inline_rec(), hook = inline_rec();
  eddy_remote_t *remote = eddy_loop_remote(loop);
  assert_int_equal(eddy_tick(loop, &tick.op, 0, 0, 0, rec_cb), EDDY_PENDING); // EINVAL
  assert_int_equal(eddy_listener_accept_many(listener, &accepts.op, 0, rec_cb), EDDY_PENDING);
  assert_int_equal(eddy_stream_read_pool(stream, &reads.op, pool, 0, rec_cb), EDDY_PENDING);
  assert_int_equal(eddy_hook_idle(loop, &hook.op, rec_cb), EDDY_PENDING);
  assert_int_equal(eddy_post(remote, &post.op, rec_cb), EDDY_PENDING);
  assert_int_equal(eddy_stream_close(stream, &closed.op, rec_cb), EDDY_PENDING);
  eddy_listener_close(listener, NULL, NULL);
  eddy_pool_close(pool, NULL, NULL);
  eddy_cancel(&hook.op);
  eddy_loop_run(loop);
  assert_int_equal(tick.result, EDDY_EINVAL);
  assert_int_equal(accepts.finals, 1);
  assert_int_equal(reads.finals, 1);
  assert_int_equal(post.finals, 1);
  assert_int_equal(closed.finals, 1);
  assert_int_equal(hook.finals, 1);
  eddy_remote_release(remote);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(rule_2_inline_write), FIXTURE_TEST(rule_2_inline_errors),
      FIXTURE_TEST(rule_2_inline_never_overtakes_queued_ops),
      FIXTURE_TEST(rule_2_inline_never_overtakes_undelivered_ops),
      FIXTURE_TEST(rule_2_inline_is_ignored_by_multishot_close_and_post)};
  return RUN_TESTS(tests);
}
