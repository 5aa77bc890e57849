// The peer of a local stream is gone: reads end after what has arrived, writes fail with EDDY_EPIPE.
#include "local.h"

static int64_t write_result(eddy_loop_t *loop, eddy_stream_t *stream) {
  eddy_buf_t out = buffer("x", 1);
  struct rec write = {0};
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  turn_until(loop, &write.finals, 1);
  return write.result;
}

static void reads_end(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  send_text(loop, ends[0], "before");
  close_stream(loop, ends[0]);
  expect_text(loop, ends[1], "before");
  assert_int_equal(read_result(loop, ends[1]), 0);
  assert_int_equal(read_result(loop, ends[1]), 0); // again and again
  assert_int_equal(write_result(loop, ends[1]), EDDY_EPIPE);
  assert_int_equal(write_result(loop, ends[1]), EDDY_EPIPE);
  close_stream(loop, ends[1]);
}

static void pending_read_ends(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  char byte;
  eddy_buf_t in = buffer(&byte, 1);
  struct rec read = {0}, second = {0};
  eddy_stream_read(ends[1], &read.op, &in, 1, rec_cb);
  eddy_stream_read(ends[1], &second.op, &in, 1, rec_cb);
  turns(loop, 3);
  close_stream(loop, ends[0]);
  turn_until(loop, &second.finals, 1);
  assert_int_equal(read.result, 0);
  assert_int_equal(second.result, 0);
  close_stream(loop, ends[1]);
}

static void peer_closes_during_a_write(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  char *data = calloc(1, LOCAL_FILLED_BY);
  eddy_buf_t out = buffer(data, LOCAL_FILLED_BY), more = buffer("x", 1);
  struct rec write = {0}, behind = {0};
  eddy_stream_write(ends[0], &write.op, &out, 1, rec_cb);
  eddy_stream_write(ends[0], &behind.op, &more, 1, rec_cb);
  turns(loop, 5);
  char some[100];
  receive_all(loop, ends[1], some, sizeof some);
  assert_int_equal(write.finals, 0);
  close_stream(loop, ends[1]);
  turn_until(loop, &behind.finals, 1);
  assert_true(write.result == EDDY_EPIPE || write.result == EDDY_ECONNRESET);
  assert_true(write.transferred < LOCAL_FILLED_BY);
  assert_int_equal(behind.result, EDDY_ECANCELED);
  int64_t next = write_result(loop, ends[0]);
  assert_int_equal(next, EDDY_EPIPE);
  close_stream(loop, ends[0]);
  free(data);
}

// Half-close: Unix sockets have it; a named pipe says that it does not, and stays as it was.
static void half_close(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  struct rec shut = {0};
  eddy_stream_shutdown(ends[0], &shut.op, EDDY_SHUT_WRITE, rec_cb);
  turn_until(loop, &shut.finals, 1);
  if (HALF_CLOSE) {
    assert_int_equal(shut.result, 0);
    assert_int_equal(read_result(loop, ends[1]), 0);
    assert_int_equal(write_result(loop, ends[0]), EDDY_EPIPE);
  } else {
    assert_int_equal(shut.result, EDDY_ENOTSUP);
    eddy_stream_shutdown(ends[0], &shut.op, EDDY_SHUT_READ, rec_cb);
    turn_until(loop, &shut.finals, 2);
    assert_int_equal(shut.result, EDDY_ENOTSUP);
    send_text(loop, ends[0], "still");
    expect_text(loop, ends[1], "still");
  }
  send_text(loop, ends[1], "back");
  expect_text(loop, ends[0], "back");
  close_pair(loop, ends);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(reads_end), FIXTURE_TEST(pending_read_ends),
                                     FIXTURE_TEST(peer_closes_during_a_write),
                                     FIXTURE_TEST(half_close)};
  return RUN_TESTS(tests);
}
