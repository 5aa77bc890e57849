// Connecting by name: nobody there, nobody accepting, too late, and to what no local stream can reach.
#include "local.h"

static void nobody_there(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, told;
  local_address(&addr);
  eddy_stream_t *stream = local_stream(loop);
  char byte;
  eddy_buf_t one = buffer(&byte, 1);
  struct rec connect = {0}, read = {0}, write = {0}, again = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  eddy_stream_read(stream, &read.op, &one, 1, rec_cb);
  eddy_stream_write(stream, &write.op, &one, 1, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, EDDY_ENOENT);
  assert_true(eddy_op_os_error(&connect.op) != 0);
  turns(loop, 2);
  assert_true(read.result < 0 && write.result < 0);
  eddy_stream_connect(stream, &again.op, &addr, rec_cb);
  turn_until(loop, &again.finals, 1);
  assert_int_equal(again.result, EDDY_EALREADY);
  assert_int_equal(eddy_stream_peer_address(stream, &told), EDDY_ENOTCONN);
  close_stream(loop, stream);
}

static void other_families(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr = {0};
  eddy_stream_t *stream = local_stream(loop);
  struct rec connect = {0};
  eddy_addr_loopback(&addr, EDDY_AF_INET, 1);
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, EDDY_EAFNOSUPPORT);
  close_stream(loop, stream);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  local_address(&addr);
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 2);
  assert_int_equal(connect.result, EDDY_EAFNOSUPPORT);
  close_stream(loop, stream);
}

enum { CROWD = 16 };

// A listener with a short queue that accepts nobody: the connects that find no room wait, can be cancelled and time
// out, and the others come in when it accepts.
static void no_room(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = NULL;
  eddy_listen_options_t options = {sizeof options, 0, 1, 0};
  local_address(&addr);
  assert_int_equal(eddy_listener_open(loop, &addr, &options, &listener), 0);
  static eddy_stream_t *crowd[CROWD];
  static struct rec connects[CROWD];
  memset(connects, 0, sizeof connects);
  for (int i = 0; i < CROWD; i++) {
    crowd[i] = local_stream(loop);
    if (i == CROWD - 2)
      eddy_op_set_deadline(&connects[i].op, eddy_now(loop) + 60 * EDDY_MILLISECOND);
    eddy_stream_connect(crowd[i], &connects[i].op, &addr, rec_cb);
  }
  turn_until(loop, &connects[CROWD - 2].finals, 1);
  assert_int_equal(connects[CROWD - 2].result, EDDY_ETIMEDOUT);
  assert_int_equal(connects[0].result, 0);
  assert_int_equal(connects[CROWD - 1].finals, 0);
  eddy_cancel(&connects[CROWD - 1].op);
  turn_until(loop, &connects[CROWD - 1].finals, 1);
  assert_int_equal(connects[CROWD - 1].result, EDDY_ECANCELED);
  eddy_stream_close(crowd[CROWD - 3], NULL, NULL); // while it waits
  turn_until(loop, &connects[CROWD - 3].finals, 1);
  assert_int_equal(connects[CROWD - 3].result, EDDY_ECANCELED);
  eddy_stream_t *taken[CROWD - 3];
  for (int i = 0; i < CROWD - 3; i++) {
    struct rec accept = {.then = take_accepted};
    eddy_listener_accept(listener, &accept.op, rec_cb);
    turn_until(loop, &accept.finals, 1);
    assert_int_equal(accept.result, 0);
    taken[i] = accept.context;
  }
  for (int i = 0; i < CROWD - 3; i++) {
    turn_until(loop, &connects[i].finals, 1);
    assert_int_equal(connects[i].result, 0);
    struct rec write = {0};
    eddy_buf_t out = buffer("in", 2);
    eddy_op_set_flags(&write.op, EDDY_OP_INLINE);
    if (eddy_stream_write(crowd[i], &write.op, &out, 1, rec_cb) == EDDY_PENDING)
      turn_until(loop, &write.finals, 1);
    assert_int_equal(eddy_op_result(&write.op), 2);
    eddy_stream_close(crowd[i], NULL, NULL);
    eddy_stream_close(taken[i], NULL, NULL);
  }
  close_stream(loop, crowd[CROWD - 2]);
  close_stream(loop, crowd[CROWD - 1]);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

static void bad_arguments(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream = local_stream(loop);
  eddy_addr_t told;
  char byte;
  eddy_buf_t one = buffer(&byte, 1);
  struct rec connect = {0}, read = {0};
  eddy_stream_connect(stream, &connect.op, NULL, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, EDDY_EINVAL);
  eddy_stream_read(stream, &read.op, &one, 1, rec_cb);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, EDDY_ENOTCONN);
  assert_int_equal(eddy_stream_peer_address(stream, &told), EDDY_ENOTCONN);
  assert_int_equal(eddy_stream_local_address(stream, &told), 0);
  assert_int_equal(told.length, 0);
  close_stream(loop, stream);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(nobody_there), FIXTURE_TEST(other_families),
                                     FIXTURE_TEST(no_room), FIXTURE_TEST(bad_arguments)};
  return RUN_TESTS(tests);
}
