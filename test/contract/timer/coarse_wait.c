// A kernel or sandbox without epoll_pwait2: waits are in milliseconds then, rounded up. Deadlines are
// never early, and the rest of a millisecond is never spent spinning.
#include "needs.h"

#if HAS_SECCOMP

#include "trap.h"

static void timers(eddy_loop_t *loop) {
  for (int i = 1; i <= 40; i++) {
    struct rec timer = {0};
    eddy_time_t due = eddy_update_now(loop) + (eddy_time_t)i * 137 * EDDY_MICROSECOND;
    eddy_sleep(loop, &timer.op, due, rec_cb);
    int turns = 0;
    for (; !timer.finals; turns++) eddy_loop_step(loop, EDDY_NEVER);
    CHECK(eddy_update_now(loop) >= due);
    CHECK(turns <= 3);
  }
}

static void refused(void *error) {
  DENY(*(int *)error, SYS_epoll_pwait2);
  CHECK_EQ(syscall(SYS_epoll_pwait2, -1, NULL, 0, NULL, NULL, 8), -1);
  CHECK_EQ(errno, *(int *)error);
  eddy_loop_t *loop = open_with(NULL);
  timers(loop);
  eddy_stream_t *stream;
  int peer = tcp_peer(loop, &stream);
  char room[8];
  struct rec read = {0}, late = {0};
  eddy_buf_t in = buffer(room, sizeof room);
  eddy_op_set_deadline(&late.op, eddy_now(loop) + 1500 * EDDY_MICROSECOND);
  eddy_stream_wait(stream, &late.op, EDDY_DISCONNECT, rec_cb);
  UNTIL(loop, late.finals);
  CHECK_EQ(late.result, EDDY_ETIMEDOUT);
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  CHECK_EQ(write(peer, "x", 1), 1);
  UNTIL(loop, read.finals);
  CHECK_EQ(read.result, 1);
  end_loop(loop);
}

static void by_enosys(void **state) {
  (void)state;
  run_child(refused, &(int){ENOSYS});
}

static void by_eperm(void **state) {
  (void)state;
  run_child(refused, &(int){EPERM});
}

static void with_the_fine_wait_too(void **state) { timers(LOOP(state)); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(by_enosys), cmocka_unit_test(by_eperm),
                                     FIXTURE_TEST(with_the_fine_wait_too)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no seccomp filters here");
#endif
