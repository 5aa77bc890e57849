// Rule 8: a handle may be closed inside every kind of callback it has, with and without a close op.
#include "rule_tools.h"

static eddy_loop_t *loop;
static eddy_stream_t *stream;
static eddy_listener_t *listener;
static eddy_pool_t *pool;
static eddy_fd_t *fd;
static struct rec closed;
static int with_op, want_more;

static void close_it(struct rec *rec, int64_t result) {
  (void)result;
  if (closed.context || eddy_op_more(&rec->op) != want_more) return;
  closed.context = &closed; // once
  eddy_op_t *op = with_op ? &closed.op : NULL;
  eddy_cb cb = with_op ? rec_cb : NULL;
  if (listener)
    eddy_listener_close(listener, op, cb);
  else if (fd)
    eddy_fd_close(fd, op, cb);
  else
    eddy_stream_close(stream, op, cb);
}

// Runs to the end of the handle; everything of it has ended then.
static void finish(struct rec *recs, int count) {
  eddy_time_t limit = eddy_update_now(loop) + 10 * EDDY_SECOND;
  while (eddy_loop_step(loop, eddy_now(loop) + 20 * EDDY_MILLISECOND))
    if (eddy_update_now(loop) > limit) fail_msg("not closed");
  assert_non_null(closed.context);
  assert_int_equal(closed.finals, with_op);
  for (int i = 0; i < count; i++) {
    assert_int_equal(recs[i].finals, 1);
    if (with_op) assert_true(recs[i].order < closed.order);
  }
}

static void reset(void **state, int round) {
  loop = LOOP(state);
  with_op = round;
  want_more = 0;
  listener = NULL;
  fd = NULL;
  closed = (struct rec){0};
}

static char room[1 << 20];

static void rule_8_closed_inside_one_shot_callbacks(void **state) {
  eddy_buf_t in = buffer(room, 1), big = buffer(room, sizeof room);
  for (int kind = 0; kind < 9; kind++) {
    for (int round = 0; round < 2; round++) {
      reset(state, round);
      struct peer peer = peer_open(loop, PEER_TCP, &stream);
      peer_send(&peer, "abcd", 4);
      struct rec r[4] = {{.then = kind < 8 ? close_it : NULL}};
      eddy_op_t *op = &r[0].op;
      if (kind == 0) eddy_stream_read(stream, op, &in, 1, rec_cb);
      if (kind == 1) eddy_stream_write(stream, op, &in, 1, rec_cb);
      if (kind == 2) eddy_stream_wait(stream, op, EDDY_READABLE, rec_cb);
      if (kind == 3) eddy_stream_wait_uncongested(stream, op, rec_cb);
      if (kind == 4) eddy_stream_shutdown(stream, op, EDDY_SHUT_WRITE, rec_cb);
      if (kind == 5) eddy_stream_read(stream, op, NULL, 0, rec_cb); // its error
      if (kind == 6) {                                              // its cancel
        eddy_stream_wait(stream, op, EDDY_PRIORITY, rec_cb);
        eddy_cancel(op);
      }
      if (kind == 7) { // its deadline
        eddy_op_set_deadline(op, eddy_now(loop) + EDDY_MILLISECOND);
        eddy_stream_wait(stream, op, EDDY_PRIORITY, rec_cb);
      }
      if (kind == 8) eddy_stream_wait(stream, op, EDDY_PRIORITY, rec_cb);
      // Others of every lane, to be cancelled by the close; the last of them closes in round 8.
      if (kind == 8) r[1].then = close_it;
      eddy_stream_read(stream, &r[1].op, &in, 1, rec_cb);
      eddy_stream_write(stream, &r[2].op, &big, 1, rec_cb);
      eddy_stream_wait(stream, &r[3].op, EDDY_PRIORITY, rec_cb);
      finish(r, 4);
      peer_receive_rest(&peer);
      peer_close(&peer);
    }
  }
}

static void rule_8_closed_inside_connect_callbacks(void **state) {
  eddy_addr_t addr, nobody;
  for (int round = 0; round < 4; round++) {
    reset(state, round & 1);
    eddy_listener_t *open = listen_loopback(loop, &addr);
    eddy_listener_close(listen_loopback(loop, &nobody), NULL, NULL);
    turns(loop, 2);
    assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
    struct rec r[3] = {{.then = close_it}};
    eddy_buf_t buf = buffer(room, 1);
    eddy_stream_connect(stream, &r[0].op, round & 2 ? &nobody : &addr, rec_cb);
    eddy_stream_read(stream, &r[1].op, &buf, 1, rec_cb);
    eddy_stream_write(stream, &r[2].op, &buf, 1, rec_cb);
    finish(r, 3);
    eddy_listener_close(open, NULL, NULL);
  }
}

static void rule_8_closed_inside_listener_callbacks(void **state) {
  eddy_addr_t addr;
  for (int round = 0; round < 6; round++) {
    reset(state, round & 1);
    want_more = round < 2;
    listener = listen_loopback(loop, &addr);
    struct peer clients[3];
    for (int i = 0; i < 3; i++) {
      clients[i] = peer_connect(&addr);
      assert_true(clients[i].fd >= 0);
    }
    struct rec r[2] = {{.then = close_it}};
    if (round < 4)
      eddy_listener_accept_many(listener, &r[0].op, 0, rec_cb);
    else
      eddy_listener_accept(listener, &r[0].op, rec_cb);
    eddy_listener_accept(listener, &r[1].op, rec_cb);
    if (round == 2 || round == 3) eddy_cancel(&r[0].op); // inside the final callback
    finish(r, 2);
    for (int i = 0; i < 3; i++) peer_close(&clients[i]);
  }
}

static void rule_8_closed_inside_poll_callbacks(void **state) {
  for (int round = 0; round < 6; round++) {
    reset(state, round & 1);
    want_more = round < 2;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(eddy_fd_open(loop, ends[1], &fd), 0);
    struct rec r[3] = {{.then = close_it}};
    eddy_fd_poll(fd, &r[0].op, EDDY_WRITABLE, round < 4 ? EDDY_POLL_REPEAT : 0, rec_cb);
    eddy_fd_poll(fd, &r[1].op, EDDY_WRITABLE, EDDY_POLL_REPEAT, rec_cb);
    eddy_fd_poll(fd, &r[2].op, EDDY_PRIORITY, 0, rec_cb);
    if (round == 2 || round == 3) eddy_cancel(&r[0].op);
    finish(r, 3);
    close(ends[0]);
    close(ends[1]);
  }
}

static void rule_8_closed_inside_pool_read_callbacks(void **state) {
  for (int round = 0; round < 4; round++) {
    reset(state, round & 1);
    want_more = round < 2;
    eddy_pool_options_t options = {.size = sizeof options, .buffer_size = 64, .buffers = 8};
    assert_int_equal(eddy_pool_open(loop, &options, &pool), 0);
    struct peer peer = peer_open(loop, PEER_TCP, &stream);
    peer_send(&peer, room, 300);
    peer_close(&peer);
    struct rec r[1] = {{.then = close_it}};
    eddy_stream_read_pool(stream, &r[0].op, pool, 0, rec_cb);
    finish(r, 1);
    assert_int_equal(eddy_pool_free(pool), 8); // what was not delivered went back
    if (want_more) assert_int_equal(r[0].mores, 1);
    eddy_pool_close(pool, NULL, NULL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_8_closed_inside_one_shot_callbacks),
                                     FIXTURE_TEST(rule_8_closed_inside_connect_callbacks),
                                     FIXTURE_TEST(rule_8_closed_inside_listener_callbacks),
                                     FIXTURE_TEST(rule_8_closed_inside_poll_callbacks),
                                     FIXTURE_TEST(rule_8_closed_inside_pool_read_callbacks)};
  return RUN_TESTS(tests);
}
