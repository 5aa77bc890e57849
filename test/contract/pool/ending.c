// How pool reads end: the stream's end, cancel, close of the stream or of the pool, the wrong loop. Not
// a byte is lost by a cancel.
#include "peer.h"

static char got[4096];
static size_t have;
static eddy_stream_t *close_it;

static void collect(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  eddy_lease_t lease;
  assert_int_equal(eddy_op_peek_lease(&rec->op, &lease), 1);
  memcpy(got + have, lease.data, (size_t)result);
  have += (size_t)result;
  if (close_it) {
    eddy_stream_close(close_it, NULL, NULL);
    close_it = NULL;
  }
}

static void setup(eddy_loop_t *loop, eddy_stream_t **stream, struct peer *peer, eddy_pool_t **pool,
                  struct rec *read, size_t bytes) {
  *peer = peer_open(loop, PEER_TCP, stream);
  *pool = open_pool(loop, 32, 64);
  *read = (struct rec){.then = collect};
  have = 0;
  static char data[sizeof got];
  pattern_fill(data, bytes, 0);
  peer_send(peer, data, bytes);
  peer_settled(peer);
}

static void end_comes_last(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  struct peer peer;
  struct rec read;
  setup(loop, &stream, &peer, &pool, &read, 2000);
  peer_close(&peer);
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, 0);
  assert_int_equal(have, 2000);
  pattern_check(got, have, 0);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
}

// What was received before a cancel is delivered, what was not stays for the next read.
static void cancel_loses_nothing(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  struct peer peer;
  struct rec read, rest = {0};
  setup(loop, &stream, &peer, &pool, &read, 3000);
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  turn_until(loop, &read.mores, 1);
  eddy_cancel(&read.op);
  eddy_cancel(&read.op);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, EDDY_ECANCELED);
  while (have < 3000) {
    eddy_buf_t in = buffer(got + have, sizeof got - have);
    rest.finals = 0;
    eddy_stream_read(stream, &rest.op, &in, 1, rec_cb);
    turn_until(loop, &rest.finals, 1);
    assert_true(rest.result > 0);
    have += (size_t)rest.result;
  }
  pattern_check(got, 3000, 0);
  assert_int_equal(eddy_pool_free(pool), 32);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
  peer_close(&peer);
}

// Closing the stream drops what was received: no payload after it, at its end neither.
static void close_drops(void **state, int ended) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  struct peer peer;
  struct rec read;
  setup(loop, &stream, &peer, &pool, &read, 640);
  if (ended) peer_close(&peer);
  close_it = stream;
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.mores, 1);
  assert_int_equal(have, 64);
  all_ended(loop);
  assert_int_equal(eddy_pool_free(pool), 32);
  eddy_pool_close(pool, NULL, NULL);
  all_ended(loop);
  if (!ended) peer_close(&peer);
}

static void close_drops_on_an_open_stream(void **state) { close_drops(state, 0); }
static void close_drops_before_the_end(void **state) { close_drops(state, 1); }

static void pool_closed_while_reading(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  struct peer peer;
  struct rec read, queued = {0}, closed = {0}, late = {0}, plain = {0};
  setup(loop, &stream, &peer, &pool, &read, 10);
  eddy_stream_read_pool(stream, &read.op, pool, 1, rec_cb);
  eddy_stream_read_pool(stream, &queued.op, pool, 0, rec_cb);
  turn_until(loop, &read.mores, 1);
  eddy_pool_close(pool, &closed.op, rec_cb);
  eddy_stream_read_pool(stream, &late.op, pool, 0, rec_cb);
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(closed.result, 0);
  assert_int_equal(read.result, EDDY_ECANCELED);
  assert_int_equal(queued.result, EDDY_ECANCELED);
  assert_int_equal(late.finals, 1);
  assert_true(late.result == EDDY_ECLOSED || late.result == EDDY_ECANCELED);
  assert_true(read.order < closed.order && queued.order < closed.order);
  // The stream goes on without the pool.
  char room[4];
  eddy_buf_t in = buffer(room, 4);
  eddy_stream_read(stream, &plain.op, &in, 1, rec_cb);
  peer_send(&peer, "more", 4);
  turn_until(loop, &plain.finals, 1);
  assert_int_equal(plain.result, 4);
  close_stream(loop, stream);
  peer_close(&peer);
}

static void pool_of_another_loop(void **state) {
  eddy_loop_t *loop = LOOP(state), *other = test_loop();
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_pool_t *pool = open_pool(other, 2, 64);
  struct rec read = {0};
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, EDDY_EWRONGLOOP);
  assert_int_equal(read.mores, 0);
  eddy_pool_close(pool, NULL, NULL);
  all_ended(other);
  assert_int_equal(eddy_loop_close(other), 0);
  close_stream(loop, stream);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(end_comes_last),
                                     FIXTURE_TEST(cancel_loses_nothing),
                                     FIXTURE_TEST(close_drops_on_an_open_stream),
                                     FIXTURE_TEST(close_drops_before_the_end),
                                     FIXTURE_TEST(pool_closed_while_reading),
                                     FIXTURE_TEST(pool_of_another_loop)};
  return RUN_TESTS(tests);
}
