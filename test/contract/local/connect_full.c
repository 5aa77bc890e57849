// A connect to a Unix listener whose queue is full waits for room there; no readiness tells of that (connect(2)).
#include "local.h"
#include "needs.h"

enum { ENOUGH = 64 };

static int full[ENOUGH], count;

// Connects until there is no room.
static void fill(const void *address, socklen_t length) {
  for (count = 0; count < ENOUGH; count++) {
    full[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(full[count] >= 0);
    if (connect(full[count], address, length) == 0) continue;
    assert_int_equal(errno, EAGAIN);
    close(full[count]);
    return;
  }
  fail_msg("the queue of a listener with room for one took %d", ENOUGH);
}

static void waits_for_room(void **state) {
  NEEDS(UNIX_SOCKETS);
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  uint8_t native[128];
  assert_int_equal(eddy_addr_parse(&addr, path_name(), 0), 0);
  int length = eddy_addr_to_native(&addr, native, sizeof native);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(listener, (const struct sockaddr *)native, (socklen_t)length), 0);
  assert_int_equal(listen(listener, 0), 0);
  fill(native, (socklen_t)length);

  struct rec connects[3] = {{.then = NULL}};
  eddy_stream_t *streams[3];
  for (int i = 0; i < 3; i++) streams[i] = local_stream(loop);
  eddy_stream_connect(streams[0], &connects[0].op, &addr, rec_cb);
  eddy_op_set_deadline(&connects[1].op, eddy_update_now(loop) + 30 * EDDY_MILLISECOND);
  eddy_stream_connect(streams[1], &connects[1].op, &addr, rec_cb);
  eddy_stream_connect(streams[2], &connects[2].op, &addr, rec_cb);
  eddy_cancel(&connects[2].op);
  turn_until(loop, &connects[1].finals, 1);
  turn_until(loop, &connects[2].finals, 1);
  assert_int_equal(connects[1].result, EDDY_ETIMEDOUT);
  assert_int_equal(connects[2].result, EDDY_ECANCELED);
  assert_int_equal(connects[0].finals, 0);
  int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  assert_true(accepted >= 0);
  turn_until(loop, &connects[0].finals, 1);
  assert_int_equal(connects[0].result, 0);
  send_text(loop, streams[0], "in");
  for (int i = 0; i < 3; i++) close_stream(loop, streams[i]);
  for (int i = 0; i < count; i++) close(full[i]);
  close(accepted);
  close(listener);
  unlink((const char *)addr.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(waits_for_room)};
  return RUN_TESTS(tests);
}
