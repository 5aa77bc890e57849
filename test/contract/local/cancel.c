// Cancels and deadlines on local streams: an op without effect says so, one with effect says how much.
#include "local.h"

static void reads(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  char room[16] = {0};
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec first = {0}, late = {0}, next = {0};
  eddy_stream_read(ends[0], &first.op, &in, 1, rec_cb);
  eddy_op_set_deadline(&late.op, eddy_now(loop) + 30 * EDDY_MILLISECOND);
  eddy_stream_read(ends[0], &late.op, &in, 1, rec_cb);
  eddy_stream_read(ends[0], &next.op, &in, 1, rec_cb);
  turns(loop, 3);
  eddy_cancel(&first.op);
  eddy_cancel(&first.op);
  turn_until(loop, &first.finals, 1);
  assert_int_equal(first.result, EDDY_ECANCELED);
  turn_until(loop, &late.finals, 1);
  assert_int_equal(late.result, EDDY_ETIMEDOUT);
  send_text(loop, ends[1], "kept"); // nothing was taken by those that were cancelled
  turn_until(loop, &next.finals, 1);
  assert_int_equal(next.result, 4);
  assert_string_equal(room, "kept");
  close_pair(loop, ends);
}

// Every cancel races with the bytes that arrive: they are in this read or in the next.
static void reads_that_race(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  for (int round = 0; round < 200; round++) {
    char byte = 0, out = (char)round;
    eddy_buf_t in = buffer(&byte, 1), data = buffer(&out, 1);
    struct rec read = {0}, write = {0};
    eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
    if (round & 1) eddy_loop_step(loop, 0);
    eddy_stream_write(ends[1], &write.op, &data, 1, rec_cb);
    if (round & 2) eddy_loop_step(loop, 0);
    eddy_cancel(&read.op);
    turn_until(loop, &read.finals, 1);
    turn_until(loop, &write.finals, 1);
    assert_int_equal(write.result, 1);
    if (read.result == EDDY_ECANCELED) {
      eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
      turn_until(loop, &read.finals, 2);
    }
    assert_int_equal(read.result, 1);
    assert_int_equal(byte, out);
  }
  close_pair(loop, ends);
}

// A write that blocks is cancelled: its count is what the peer can read at least, those behind it fail.
static void blocked_write(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  char *data = malloc(LOCAL_FILLED_BY), *got = malloc(LOCAL_FILLED_BY);
  pattern_fill(data, LOCAL_FILLED_BY, 0);
  struct rec write = {0}, behind = {0};
  eddy_buf_t out = buffer(data, LOCAL_FILLED_BY), more = buffer("more", 4);
  eddy_stream_write(ends[0], &write.op, &out, 1, rec_cb);
  eddy_stream_write(ends[0], &behind.op, &more, 1, rec_cb);
  turns(loop, 5);
  receive_all(loop, ends[1], got, 100000); // a part is gone for certain
  turns(loop, 5);
  assert_int_equal(write.finals, 0);
  assert_true(eddy_stream_queued(ends[0]) < LOCAL_FILLED_BY);
  eddy_cancel(&write.op);
  turn_until(loop, &write.finals, 1);
  turn_until(loop, &behind.finals, 1);
  assert_int_equal(write.result, EDDY_ECANCELED);
  assert_true(write.transferred > 0 && write.transferred < LOCAL_FILLED_BY);
  assert_int_equal(behind.result, EDDY_ECANCELED);
  assert_int_equal(behind.transferred, 0);
  assert_int_equal(eddy_stream_queued(ends[0]), 0);
  close_stream(loop, ends[0]);
  uint64_t total = 100000;
  for (;;) {
    eddy_buf_t in = buffer(got, LOCAL_FILLED_BY);
    struct rec read = {0};
    eddy_stream_read(ends[1], &read.op, &in, 1, rec_cb);
    turn_until(loop, &read.finals, 1);
    if (read.result <= 0) break;
    pattern_check(got, (size_t)read.result, total);
    total += (uint64_t)read.result;
  }
  assert_true(total >= write.transferred);
  close_stream(loop, ends[1]);
  free(data);
  free(got);
}

// One that is queued behind a blocked one is cancelled without a trace.
static void queued_write(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  char *data = calloc(1, LOCAL_FILLED_BY);
  struct rec first = {0}, second = {0}, third = {0};
  eddy_buf_t out = buffer(data, LOCAL_FILLED_BY), b = buffer("b", 1), c = buffer("c", 1);
  eddy_stream_write(ends[0], &first.op, &out, 1, rec_cb);
  eddy_op_set_deadline(&second.op, eddy_now(loop) + 30 * EDDY_MILLISECOND);
  eddy_stream_write(ends[0], &second.op, &b, 1, rec_cb);
  eddy_stream_write(ends[0], &third.op, &c, 1, rec_cb);
  turn_until(loop, &second.finals, 1);
  assert_int_equal(second.result, EDDY_ETIMEDOUT);
  assert_int_equal(second.transferred, 0);
  assert_int_equal(first.finals, 0);
  receive_all(loop, ends[1], data, LOCAL_FILLED_BY);
  expect_text(loop, ends[1], "c");
  turn_until(loop, &third.finals, 1);
  assert_int_equal(first.result, LOCAL_FILLED_BY);
  assert_int_equal(third.result, 1);
  close_pair(loop, ends);
  free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(reads), FIXTURE_TEST(reads_that_race),
                                     FIXTURE_TEST(blocked_write), FIXTURE_TEST(queued_write)};
  return RUN_TESTS(tests);
}
