// Rule 8: close cancels what is pending, then completes; the handle is closing from the call on.
#include "rule_tools.h"

#include <errno.h>

static void rule_8_pending_ops_end_before_the_close_op(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  static char data[1 << 24];
  eddy_buf_t in = buffer(data, 1), out = buffer(data, sizeof data);
  struct rec r[5] = {0}, closed = {0}, late = {0};
  eddy_stream_read(stream, &r[0].op, &in, 1, rec_cb);
  eddy_stream_read(stream, &r[1].op, &in, 1, rec_cb);
  eddy_stream_write(stream, &r[2].op, &out, 1, rec_cb);
  eddy_stream_shutdown(stream, &r[3].op, EDDY_SHUT_WRITE, rec_cb);
  eddy_stream_wait(stream, &r[4].op, EDDY_PRIORITY, rec_cb);
  eddy_loop_step(loop, 0);
  eddy_stream_close(stream, &closed.op, rec_cb);
  assert_int_equal(eddy_stream_read(stream, &late.op, &in, 1, rec_cb), EDDY_PENDING);
  eddy_addr_t addr;
  assert_int_equal(eddy_stream_peer_address(stream, &addr), 0); // getters still work
  assert_ptr_equal(eddy_stream_loop(stream), loop);
  (void)eddy_stream_queued(stream);
  assert_int_equal(eddy_stream_set_option(stream, EDDY_OPT_NODELAY, 1), EDDY_ECLOSED);
  eddy_cancel(&closed.op); // no way back
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(closed.result, 0);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(r[i].finals, 1);
    assert_int_equal(r[i].result, EDDY_ECANCELED);
    assert_true(r[i].order < closed.order);
  }
  assert_int_equal(late.result, EDDY_ECLOSED);
  assert_true(late.order < closed.order);
  assert_true(peer_receive_rest(&peer) >= 0);
  peer_close(&peer);
}

static eddy_stream_t *doomed;
static struct rec refused, after;

static void release_and_close(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  eddy_stream_release(doomed, &refused.op, rec_cb);
  eddy_stream_close(doomed, &after.op, rec_cb);
}

static void rule_8_a_refused_release_ends_before_the_close_op(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct peer peer = peer_open(loop, PEER_TCP, &doomed);
  struct rec yield = {.then = release_and_close};
  refused = after = (struct rec){0};
  eddy_yield(loop, &yield.op, rec_cb);
  eddy_op_set_deadline(&refused.op, 1);
  turn_until(loop, &after.finals, 1);
  assert_int_equal(refused.result, EDDY_ETIMEDOUT);
  assert_true(refused.order < after.order);
  peer_close(&peer);
}

static void rule_8_close_without_op(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *idle;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[4];
  eddy_buf_t buf = buffer(data, 4);
  struct rec read = {0};
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  assert_int_equal(eddy_stream_close(stream, NULL, NULL), EDDY_PENDING);
  assert_int_equal(eddy_loop_alive(loop), 1);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(read.result, EDDY_ECANCELED);
  assert_int_equal(peer_receive_rest(&peer), 0); // the descriptor is closed
  peer_close(&peer);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET6, &idle), 0);
  eddy_stream_close(idle, NULL, NULL);
  assert_int_equal(eddy_loop_run(loop), 0);
}

static void rule_8_close_reset(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec closed = {0};
  eddy_stream_close_reset(stream, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  char data[4];
  assert_int_equal(peer_receive_any(&peer, data, 4), EDDY_ECONNRESET);
  peer_close(&peer);
}

static void rule_8_every_kind_of_handle_closes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_pool_t *pool;
  eddy_fd_t *fd;
  eddy_stream_t *stream;
  int ends[2];
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(eddy_fd_open(loop, ends[0], &fd), 0);
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  struct rec accept = {0}, poll = {0}, read = {0}, closed[4] = {0};
  eddy_listener_accept_many(listener, &accept.op, 0, rec_cb);
  eddy_fd_poll(fd, &poll.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  turns(loop, 2);
  eddy_listener_close(listener, &closed[0].op, rec_cb);
  eddy_fd_close(fd, &closed[1].op, rec_cb);
  eddy_pool_close(pool, &closed[2].op, rec_cb); // ends the read of a stream that stays
  turn_until(loop, &closed[2].finals, 1);
  assert_int_equal(read.result, EDDY_ECANCELED);
  assert_true(read.order < closed[2].order);
  eddy_stream_close(stream, &closed[3].op, rec_cb);
  for (int i = 0; i < 4; i++) {
    turn_until(loop, &closed[i].finals, 1);
    assert_int_equal(closed[i].result, 0);
  }
  assert_int_equal(accept.result, EDDY_ECANCELED);
  assert_int_equal(poll.result, EDDY_ECANCELED);
  assert_true(accept.order < closed[0].order && poll.order < closed[1].order);
  close(ends[0]);
  close(ends[1]);
  peer_close(&peer);
}

static eddy_native_t taken;

static void take_native(struct rec *rec, int64_t result) {
  if (result == 0) taken = eddy_op_take_native(&rec->op);
}

static void rule_8_release_yields_the_descriptor(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[4];
  eddy_buf_t buf = buffer(data, 4);
  struct rec read = {0}, busy = {0}, release = {.then = take_native}, again = {0};
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  eddy_stream_release(stream, &busy.op, rec_cb);
  turn_until(loop, &busy.finals, 1);
  assert_int_equal(busy.result, EDDY_EBUSY);
  peer_send(&peer, "ab", 2);
  turn_until(loop, &read.finals, 1); // nothing was changed
  assert_int_equal(read.result, 2);
  eddy_native_t native = eddy_stream_native(stream);
  eddy_stream_release(stream, &release.op, rec_cb);
  turn_until(loop, &release.finals, 1);
  assert_int_equal(release.result, 0);
  assert_int_equal(taken, native);
  assert_int_equal(eddy_stream_adopt(loop, taken, &stream), 0);
  peer_send(&peer, "cd", 2);
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  turn_until(loop, &read.finals, 2);
  assert_memory_equal(data, "cd", 2);
  eddy_stream_release(stream, &again.op, rec_cb); // not taken: closed
  turn_until(loop, &again.finals, 1);
  assert_int_equal(peer_receive_rest(&peer), 0);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(rule_8_pending_ops_end_before_the_close_op),
      FIXTURE_TEST(rule_8_a_refused_release_ends_before_the_close_op),
      FIXTURE_TEST(rule_8_close_without_op),
      FIXTURE_TEST(rule_8_close_reset),
      FIXTURE_TEST(rule_8_every_kind_of_handle_closes),
      FIXTURE_TEST(rule_8_release_yields_the_descriptor)};
  return RUN_TESTS(tests);
}
