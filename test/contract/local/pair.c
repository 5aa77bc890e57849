// A pair of local streams: bytes both ways, in order, of any size; nobody has a name.
#include "local.h"

static void echo(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  send_text(loop, ends[0], "there");
  expect_text(loop, ends[1], "there");
  send_text(loop, ends[1], "and back");
  expect_text(loop, ends[0], "and back");
  close_pair(loop, ends);
}

static void unnamed(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  for (int i = 0; i < 2; i++) {
    eddy_addr_t addr;
    assert_int_equal(eddy_stream_peer_address(ends[i], &addr), 0);
    assert_int_equal(addr.family, EDDY_AF_UNIX);
    assert_int_equal(addr.length, 0);
    assert_int_equal(eddy_stream_local_address(ends[i], &addr), 0);
    assert_int_equal(addr.family, EDDY_AF_UNIX);
    assert_int_equal(addr.length, 0);
    assert_ptr_equal(eddy_stream_loop(ends[i]), loop);
    assert_true(eddy_stream_native(ends[i]) != EDDY_NO_NATIVE);
  }
  struct rec connect = {0};
  eddy_addr_t somewhere;
  local_address(&somewhere);
  eddy_stream_connect(ends[0], &connect.op, &somewhere, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, EDDY_EISCONN);
  close_pair(loop, ends);
}

enum { BIG = 3 << 20, READ = 50021 };

struct sink {
  struct rec read;
  eddy_stream_t *stream;
  char *room;
  uint64_t got;
};

static void go_on(struct rec *rec, int64_t result) {
  struct sink *sink = rec->context;
  if (result <= 0) return;
  pattern_check(sink->room, (size_t)result, sink->got);
  sink->got += (uint64_t)result;
  eddy_buf_t in = buffer(sink->room, READ);
  eddy_stream_read(sink->stream, &rec->op, &in, 1, rec_cb);
}

// More than any buffer holds, as one write, as a vectored one and as many queued ones, while reads go on.
static void big_transfers_both_ways(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  char *data = malloc(BIG);
  pattern_fill(data, BIG, 0);
  struct sink sinks[2];
  for (int i = 0; i < 2; i++) {
    sinks[i] = (struct sink){.stream = ends[i], .room = malloc(READ)};
    sinks[i].read = (struct rec){.then = go_on, .context = &sinks[i]};
    eddy_buf_t in = buffer(sinks[i].room, READ);
    eddy_stream_read(ends[i], &sinks[i].read.op, &in, 1, rec_cb);
  }
  struct rec whole = {0}, parts[16] = {0}, vectored = {0};
  eddy_buf_t out = buffer(data, BIG);
  eddy_stream_write(ends[0], &whole.op, &out, 1, rec_cb);
  const size_t part = BIG / 32;
  for (int i = 0; i < 16; i++) {
    eddy_buf_t piece = buffer(data + (size_t)i * part, part);
    eddy_stream_write(ends[1], &parts[i].op, &piece, 1, rec_cb);
  }
  eddy_buf_t rest[17];
  for (int i = 0; i < 16; i++) rest[i] = buffer(data + BIG / 2 + (size_t)i * part, part);
  rest[16] = buffer(data, 0);
  eddy_stream_write(ends[1], &vectored.op, rest, 17, rec_cb);
  TURN_UNTIL(loop, sinks[0].got == BIG && sinks[1].got == BIG);
  TURN_UNTIL(loop, whole.finals && vectored.finals);
  assert_int_equal(whole.result, BIG);
  assert_int_equal(vectored.result, BIG / 2);
  for (int i = 0; i < 16; i++) assert_int_equal(parts[i].result, (int64_t)part);
  for (int i = 1; i < 16; i++) assert_true(parts[i].order > parts[i - 1].order);
  assert_true(vectored.order > parts[15].order);
  assert_int_equal(eddy_stream_queued(ends[0]), 0);
  assert_int_equal(eddy_stream_queued(ends[1]), 0);
  close_pair(loop, ends);
  for (int i = 0; i < 2; i++) free(sinks[i].room);
  free(data);
}

// Zero bytes are a write that completes in its turn, and no end of the stream for the reader.
static void empty_writes_in_order(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  struct rec first = {0}, empty = {0}, last = {0}, read = {0};
  char room[8] = {0};
  eddy_buf_t a = buffer("a", 1), nothing = buffer(room, 0), b = buffer("b", 1),
             in = buffer(room, 8);
  eddy_stream_write(ends[0], &empty.op, &nothing, 1, rec_cb);
  turn_until(loop, &empty.finals, 1);
  assert_int_equal(empty.result, 0);
  eddy_stream_read(ends[1], &read.op, &in, 1, rec_cb);
  turns(loop, 3);
  assert_int_equal(read.finals, 0);
  eddy_stream_write(ends[0], &first.op, &a, 1, rec_cb);
  eddy_stream_write(ends[0], &empty.op, &nothing, 1, rec_cb);
  eddy_stream_write(ends[0], &last.op, &b, 1, rec_cb);
  turn_until(loop, &last.finals, 1);
  assert_true(first.order < empty.order && empty.order < last.order);
  turn_until(loop, &read.finals, 1);
  if (read.result == 1) expect_text(loop, ends[1], "b");
  assert_int_equal(room[0], 'a');
  close_pair(loop, ends);
}

// EDDY_OP_INLINE: what ends at once has no callback.
static void inline_ends(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  struct rec write = {0}, read = {0};
  char room[8] = {0};
  eddy_buf_t out = buffer("inline", 6), in = buffer(room, sizeof room);
  eddy_op_set_flags(&write.op, EDDY_OP_INLINE);
  eddy_op_set_flags(&read.op, EDDY_OP_INLINE);
  int wrote = eddy_stream_write(ends[0], &write.op, &out, 1, rec_cb);
  if (wrote == EDDY_PENDING) turn_until(loop, &write.finals, 1);
  assert_int_equal(eddy_op_result(&write.op), 6);
  int got = eddy_stream_read(ends[1], &read.op, &in, 1, rec_cb);
  if (got == EDDY_PENDING) turn_until(loop, &read.finals, 1);
  assert_int_equal(eddy_op_result(&read.op), 6);
  assert_int_equal(write.calls, wrote == EDDY_PENDING);
  assert_int_equal(read.calls, got == EDDY_PENDING);
  assert_string_equal(room, "inline");
  close_pair(loop, ends);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(echo), FIXTURE_TEST(unnamed), FIXTURE_TEST(big_transfers_both_ways),
      FIXTURE_TEST(empty_writes_in_order), FIXTURE_TEST(inline_ends)};
  return RUN_TESTS(tests);
}
