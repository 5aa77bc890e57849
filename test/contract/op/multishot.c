// Rule 13: every payload comes with `more`, the final callback brings only the reason; what is not taken
// goes back, and a cancel delivers what was received.
#include "rule_tools.h"

static void rule_13_accept_many(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepts = {0}; // takes nothing
  eddy_listener_accept_many(listener, &accepts.op, 2, rec_cb);
  struct peer clients[10];
  for (int i = 0; i < 10; i++) {
    clients[i] = peer_connect(&addr);
    assert_true(clients[i].fd >= 0);
  }
  turn_until(loop, &accepts.mores, 10);
  turns(loop, 5);
  assert_int_equal(accepts.mores, 10);
  assert_int_equal(accepts.finals, 0);
  for (int i = 0; i < 10; i++) { // not taken: closed
    assert_int_equal(peer_receive_rest(&clients[i]), 0);
    peer_close(&clients[i]);
  }
  eddy_cancel(&accepts.op);
  turn_until(loop, &accepts.finals, 1);
  assert_int_equal(accepts.result, EDDY_ECANCELED);
  assert_null(eddy_op_take_stream(&accepts.op));
  eddy_listener_close(listener, NULL, NULL);
}

static uint64_t bytes;
static eddy_lease_t lease;
static int peeked, taken, taken_twice, keep;

static void look_at_lease(struct rec *rec, int64_t result) {
  eddy_lease_t seen;
  if (!eddy_op_more(&rec->op)) return;
  bytes += (uint64_t)result;
  peeked += eddy_op_peek_lease(&rec->op, &seen) && seen.size == (size_t)result;
  if (!keep) return;
  taken += eddy_op_take_lease(&rec->op, &lease);
  taken_twice += eddy_op_take_lease(&rec->op, &seen);
}

static void rule_13_read_pool(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  eddy_pool_options_t options = {.size = sizeof options, .buffer_size = 64, .buffers = 4};
  assert_int_equal(eddy_pool_open(loop, &options, &pool), 0);
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  bytes = 0;
  peeked = taken = taken_twice = keep = 0;
  struct rec reads = {.then = look_at_lease};
  eddy_stream_read_pool(stream, &reads.op, pool, 1, rec_cb);
  static char data[1000];
  peer_send(&peer, data, sizeof data);
  peer_half_close(&peer);
  turn_until(loop, &reads.finals, 1);
  assert_int_equal(reads.result, 0); // end of stream
  assert_int_equal(bytes, 1000);
  assert_int_equal(peeked, reads.mores);
  assert_true(reads.mores >= 16); // 64 bytes each at most
  assert_int_equal(eddy_pool_free(pool), 4);

  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
  // A lease that is kept outlives its stream and its pool's close.
  peer = peer_open(loop, PEER_TCP, &stream);
  keep = 1;
  peer_send(&peer, "keep", 4);
  eddy_stream_read_pool(stream, &reads.op, pool, 1, rec_cb);
  turn_until(loop, &taken, 1);
  assert_int_equal(taken_twice, 0);
  peer_send(&peer, data, 200); // its credit is used up
  turns(loop, 5);
  assert_int_equal(taken, 1);
  assert_int_equal(eddy_pool_free(pool), 3);
  struct rec closed = {0};
  eddy_stream_close(stream, NULL, NULL);
  eddy_pool_close(pool, &closed.op, rec_cb);
  turn_until(loop, &reads.finals, 2);
  turn_until(loop, &closed.finals, 1);
  assert_memory_equal(lease.data, "keep", 4);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  assert_int_equal(eddy_pool_give(pool, lease.id), 0);
  peer_close(&peer);
}

static void rule_13_leases_are_given_back_once(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  peeked = taken = taken_twice = 0;
  keep = 1;
  struct rec reads = {.then = look_at_lease};
  eddy_stream_read_pool(stream, &reads.op, pool, 0, rec_cb);
  peer_send(&peer, "x", 1);
  turn_until(loop, &taken, 1);
  assert_int_equal(eddy_pool_give(pool, lease.id), 0);
  assert_int_equal(eddy_pool_give(pool, lease.id), EDDY_EINVAL);
  assert_int_equal(eddy_pool_give(pool, UINT64_MAX), EDDY_EINVAL);
  eddy_stream_close(stream, NULL, NULL);
  turn_until(loop, &reads.finals, 1);
  assert_int_equal(reads.result, EDDY_ECANCELED);
  eddy_pool_close(pool, NULL, NULL);
  peer_close(&peer);
}

// What the library received before a cancel is delivered, then the reason.
static void rule_13_cancel_delivers_what_was_received(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  for (int round = 0; round < 4; round++) {
    struct peer peer = peer_open(loop, PEER_TCP, &stream);
    bytes = 0;
    keep = 0;
    struct rec reads = {.then = look_at_lease}, rest = {0};
    char data[16];
    eddy_buf_t buf = buffer(data, sizeof data);
    eddy_stream_read_pool(stream, &reads.op, pool, 0, rec_cb);
    if (round & 1) turns(loop, 1);
    peer_send(&peer, "0123456789", 10);
    if (round & 2) eddy_loop_flush(loop);
    eddy_cancel(&reads.op);
    turn_until(loop, &reads.finals, 1);
    assert_int_equal(reads.result, EDDY_ECANCELED);
    if (bytes < 10) { // the rest is still in the stream
      eddy_stream_read(stream, &rest.op, &buf, 1, rec_cb);
      turn_until(loop, &rest.finals, 1);
      bytes += (uint64_t)rest.result;
    }
    assert_int_equal(bytes, 10);
    eddy_stream_close(stream, NULL, NULL);
    peer_close(&peer);
  }
  eddy_pool_close(pool, NULL, NULL);
}

static int drain_fd;

static void read_one_byte(struct rec *rec, int64_t result) {
  char byte;
  (void)result;
  if (eddy_op_more(&rec->op) && read(drain_fd, &byte, 1) != 1) rec->finals += 100;
}

static void rule_13_repeated_poll_is_level_style(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int ends[2];
  eddy_fd_t *fd;
  assert_int_equal(pipe(ends), 0);
  drain_fd = ends[0];
  assert_int_equal(eddy_fd_open(loop, ends[0], &fd), 0);
  struct rec poll = {.then = read_one_byte};
  eddy_fd_poll(fd, &poll.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  assert_int_equal(write(ends[1], "abcde", 5), 5);
  turn_until(loop, &poll.mores, 5); // a byte each turn, without an event in between
  turns(loop, 5);
  assert_int_equal(poll.mores, 5);
  assert_int_equal(poll.last_more, EDDY_READABLE);
  assert_int_equal(write(ends[1], "f", 1), 1);
  turn_until(loop, &poll.mores, 6);
  eddy_fd_close(fd, NULL, NULL);
  turn_until(loop, &poll.finals, 1);
  assert_int_equal(poll.finals, 1);
  assert_int_equal(poll.result, EDDY_ECANCELED);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_13_accept_many),
                                     FIXTURE_TEST(rule_13_read_pool),
                                     FIXTURE_TEST(rule_13_leases_are_given_back_once),
                                     FIXTURE_TEST(rule_13_cancel_delivers_what_was_received),
                                     FIXTURE_TEST(rule_13_repeated_poll_is_level_style)};
  return RUN_TESTS(tests);
}
