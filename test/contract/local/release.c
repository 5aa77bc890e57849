// Giving a local stream to another loop: a Unix socket goes, a pipe that is bound to a port says that it cannot.
#include "local.h"

static void release(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  char byte;
  eddy_buf_t in = buffer(&byte, 1);
  struct rec read = {0}, busy = {0}, given = {0};
  eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
  eddy_stream_release(ends[0], &busy.op, rec_cb);
  turn_until(loop, &busy.finals, 1);
  assert_int_equal(busy.result, EDDY_EBUSY);
  eddy_cancel(&read.op);
  turn_until(loop, &read.finals, 1);
  if (!CAN_RELEASE) {
    eddy_stream_release(ends[0], &given.op, rec_cb);
    turn_until(loop, &given.finals, 1);
    assert_int_equal(given.result, EDDY_ENOTSUP);
    send_text(loop, ends[0], "unchanged");
    expect_text(loop, ends[1], "unchanged");
    close_pair(loop, ends);
    return;
  }
  eddy_loop_t *second = test_loop();
  eddy_native_t native = eddy_stream_native(ends[0]);
  eddy_stream_release(ends[0], &given.op, rec_cb);
  // Not taken by the callback it is closed with it: a duplicate lives on.
  int kept = dup((int)native);
  turn_until(loop, &given.finals, 1);
  assert_int_equal(given.result, 0);
  eddy_stream_t *moved = NULL;
  assert_int_equal(eddy_stream_adopt(second, kept, &moved), 0);
  send_text(second, moved, "from the other loop");
  expect_text(loop, ends[1], "from the other loop");
  close_stream(second, moved);
  assert_int_equal(eddy_loop_close(second), 0);
  close_stream(loop, ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(release)};
  return RUN_TESTS(tests);
}
