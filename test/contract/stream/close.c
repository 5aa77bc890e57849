// Closing: pending ops end first, then the close op; both sides may close at the same time; with a
// reset the peer sees one.
#include "peer.h"

static void pending_ops_end_first(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_pool_t *pool = open_pool(loop, 2, 256);
  static char block[8 << 20];
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room), out = buffer(block, sizeof block);
  struct rec ops[6] = {0}, closed = {0}, late = {0};
  eddy_stream_read_pool(stream, &ops[0].op, pool, 0, rec_cb);
  eddy_stream_read(stream, &ops[1].op, &in, 1, rec_cb);
  eddy_stream_write(stream, &ops[2].op, &out, 1, rec_cb);
  eddy_stream_shutdown(stream, &ops[3].op, EDDY_SHUT_WRITE, rec_cb);
  eddy_stream_wait(stream, &ops[4].op, EDDY_DISCONNECT, rec_cb);
  eddy_stream_wait_uncongested(stream, &ops[5].op, rec_cb);
  turns(loop, 3);
  eddy_stream_close(stream, &closed.op, rec_cb);
  eddy_stream_read(stream, &late.op, &in, 1, rec_cb);
  eddy_addr_t addr;
  assert_int_equal(eddy_stream_local_address(stream, &addr), 0); // getters still work
  assert_int_equal(eddy_stream_peer_address(stream, &addr), 0);
  assert_true(eddy_stream_native(stream) >= 0);
  assert_int_equal(eddy_stream_set_option(stream, EDDY_OPT_NODELAY, 1), EDDY_ECLOSED);
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(closed.result, 0);
  assert_int_equal(late.result, EDDY_ECLOSED);
  for (int i = 0; i < COUNT(ops); i++) {
    assert_int_equal(ops[i].finals, 1);
    if (i < 5) assert_int_equal(ops[i].result, EDDY_ECANCELED);
    assert_true(ops[i].order < closed.order);
  }
  assert_true(ops[2].transferred > 0 && ops[2].transferred < sizeof block);
  eddy_pool_close(pool, NULL, NULL);
  peer_close(&peer);
}

static void close_it(struct rec *rec, int64_t result) {
  (void)result;
  eddy_stream_close(rec->context, NULL, NULL);
}

static void from_its_own_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec first = {.then = close_it, .context = stream}, second = {0};
  eddy_stream_read(stream, &first.op, &in, 1, rec_cb);
  eddy_stream_read(stream, &second.op, &in, 1, rec_cb);
  peer_send(&peer, "x", 1);
  turn_until(loop, &second.finals, 1);
  assert_int_equal(first.result, 1);
  assert_int_equal(second.result, EDDY_ECANCELED);
  all_ended(loop);
  assert_int_equal(peer_drain(&peer), 0);
  peer_close(&peer);
}

static void both_sides_at_once(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int i = 0; i < 20; i++) {
    eddy_stream_t *a, *b;
    stream_pair(loop, &a, &b);
    char room[8];
    eddy_buf_t in = buffer(room, sizeof room);
    struct rec read_a = {0}, read_b = {0}, closed_a = {0}, closed_b = {0};
    eddy_stream_read(a, &read_a.op, &in, 1, rec_cb);
    eddy_stream_read(b, &read_b.op, &in, 1, rec_cb);
    if (i & 1) turns(loop, 2);
    eddy_stream_close(a, &closed_a.op, rec_cb);
    eddy_stream_close(b, &closed_b.op, rec_cb);
    all_ended(loop);
    assert_int_equal(read_a.result, EDDY_ECANCELED);
    assert_int_equal(read_b.result, EDDY_ECANCELED);
    assert_int_equal(closed_a.result + closed_b.result, 0);
  }
}

// FIN crosses FIN: each side reads to the end.
static void both_sides_shut(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *a, *b;
  stream_pair(loop, &a, &b);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room), bye = buffer((char[]){"bye"}, 3);
  struct rec shut[2] = {0}, read[2] = {0}, end[2] = {0}, write[2] = {0};
  eddy_stream_t *streams[2] = {a, b};
  for (int i = 0; i < 2; i++) {
    eddy_stream_write(streams[i], &write[i].op, &bye, 1, rec_cb);
    eddy_stream_shutdown(streams[i], &shut[i].op, EDDY_SHUT_WRITE, rec_cb);
    eddy_stream_read(streams[i], &read[i].op, &in, 1, rec_cb);
    eddy_stream_read(streams[i], &end[i].op, &in, 1, rec_cb);
  }
  all_ended(loop);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(write[i].result, 3);
    assert_int_equal(shut[i].result, 0);
    assert_int_equal(read[i].result, 3);
    assert_int_equal(end[i].result, 0);
  }
  close_stream(loop, a);
  close_stream(loop, b);
}

static void with_a_reset(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  static char block[8 << 20];
  eddy_buf_t out = buffer(block, sizeof block);
  struct rec write = {0}, closed = {0};
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  turns(loop, 3);
  eddy_stream_close_reset(stream, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(write.result, EDDY_ECANCELED);
  assert_int_equal(peer_drain(&peer), EDDY_ECONNRESET);
  peer_close(&peer);

  eddy_stream_t *a, *b;
  stream_pair(loop, &a, &b);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec read = {0};
  eddy_stream_read(b, &read.op, &in, 1, rec_cb);
  eddy_stream_close_reset(a, NULL, NULL);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, EDDY_ECONNRESET);
  assert_int_equal(eddy_op_os_error(&read.op), NATIVE_ECONNRESET);
  close_stream(loop, b);
}

// The time is longer than any test may take.
static void a_lingering_close_does_not_block(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int native = 0; native < 2; native++) {
    eddy_stream_t *stream;
    struct peer peer = peer_open(loop, PEER_TCP, &stream);
    static char block[8 << 20];
    eddy_buf_t out = buffer(block, sizeof block);
    struct rec write = {0}, closed = {0};
    struct linger linger = {1, 1000};
    if (native)
      assert_int_equal(
          eddy_stream_set_native_option(stream, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    else
      assert_int_equal(eddy_stream_set_option(stream, EDDY_OPT_LINGER, 1000), 0);
    eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
    turns(loop, 5);
    eddy_stream_close(stream, &closed.op, rec_cb);
    turn_until(loop, &closed.finals, 1);
    assert_int_equal(write.result, EDDY_ECANCELED);
    uint64_t arrived = 0;
    static char room[65536];
    for (int64_t got; (got = peer_receive_any(&peer, room, sizeof room)) != 0;
         arrived += (uint64_t)got)
      assert_true(got > 0);
    assert_true(arrived > 0 && arrived == write.transferred);
    peer_close(&peer);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(pending_ops_end_first), FIXTURE_TEST(from_its_own_callback),
      FIXTURE_TEST(both_sides_at_once),    FIXTURE_TEST(a_lingering_close_does_not_block),
      FIXTURE_TEST(both_sides_shut),       FIXTURE_TEST(with_a_reset)};
  return RUN_TESTS(tests);
}
