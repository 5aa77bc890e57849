// Rounds of all that uses events and threads of the system leave none of them: what one round leaves would be there as
// many times as there are rounds. (Fixtures do not count events, for others keep some: handle_count.h.)
#include "needs.h"

#if HAS_WINDOWS

#include "peer.h"

#include <handle_count.h>

#include <windows.h>

#undef close

enum { WARM = 5, ROUNDS = 40 };

static int64_t nothing(void *argument) {
  (void)argument;
  return 0;
}

// A loop in the hands of a host, a timer finer than the tick, an object that is waited for and one whose wait is
// cancelled, a pipe that a thread serves, work, and sockets.
static void everything(void) {
  eddy_loop_t *loop = test_loop();
  struct rec sleep = {0}, told = {0}, never = {0}, read = {0}, work = {0};
  HANDLE set = CreateEventW(NULL, TRUE, TRUE, NULL), unset = CreateEventW(NULL, TRUE, FALSE, NULL),
         ends[2];
  eddy_fd_t *fds[2];
  eddy_stream_t *pipe, *stream;
  char byte;
  eddy_buf_t in = {&byte, 1};
  assert_true(eddy_loop_native_handle(loop) != EDDY_NO_NATIVE);
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)set, &fds[0]), 0);
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)unset, &fds[1]), 0);
  assert_true(CreatePipe(&ends[0], &ends[1], NULL, 0));
  assert_int_equal(eddy_stream_adopt(loop, (eddy_native_t)(intptr_t)ends[0], &pipe), 0);
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_sleep(loop, &sleep.op, eddy_update_now(loop) + 300 * EDDY_MICROSECOND, rec_cb);
  eddy_fd_poll(fds[0], &told.op, EDDY_READABLE, 0, rec_cb);
  eddy_fd_poll(fds[1], &never.op, EDDY_READABLE, 0, rec_cb);
  eddy_stream_read(pipe, &read.op, &in, 1, rec_cb);
  eddy_work(loop, &work.op, nothing, NULL, rec_cb);
  TURN_UNTIL(loop, sleep.finals && told.finals && work.finals);
  eddy_cancel(&never.op);
  DWORD size;
  WriteFile(ends[1], "x", 1, &size, NULL);
  TURN_UNTIL(loop, never.finals && read.finals);
  CloseHandle(ends[1]);
  peer_close(&peer);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  assert_int_equal(eddy_loop_close(loop), 0);
  CloseHandle(set);
  CloseHandle(unset);
}

static void none_is_left(void **state) {
  (void)state;
  int before = 0;
  for (int round = 0; round < WARM + ROUNDS; round++) {
    if (round == WARM) before = handles_open(1);
    everything();
  }
  int left = handles_open(1) - before;
  if (left >= ROUNDS / 2) fail_msg("%d handles are left by %d rounds", left, ROUNDS);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(none_is_left)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
