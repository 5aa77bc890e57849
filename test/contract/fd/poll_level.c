// A repeated poll is level style although the kernel's multishot poll and EPOLLET are edge style: reports
// go on while data stays, once a turn, and stop when it is gone.
#include "trap.h"

static int ends[2];
static char byte;

static void leave_it(struct rec *rec, int64_t result) {
  if (eddy_op_more(&rec->op)) CHECK_EQ(result, EDDY_READABLE);
}

static void take_one(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  CHECK_EQ(result, EDDY_READABLE);
  CHECK_EQ(read(ends[0], &byte, 1), 1);
}

static void reports_go_on_while_data_stays(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_fd_t *fd;
  CHECK_EQ(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
  CHECK_EQ(eddy_fd_open(loop, ends[0], &fd), 0);
  struct rec idle = {.then = leave_it};
  eddy_fd_poll(fd, &idle.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  for (int i = 0; i < 5; i++) eddy_loop_step(loop, 0);
  CHECK_EQ(idle.calls, 0);
  CHECK_EQ(write(ends[1], "x", 1), 1);
  for (int i = 0; i < 100; i++) eddy_loop_step(loop, 0);
  CHECK(idle.mores >= 30);
  CHECK(idle.mores <= 100);
  CHECK_EQ(read(ends[0], &byte, 1), 1);
  eddy_loop_step(loop, 0);
  eddy_loop_step(loop, 0);
  int seen = idle.mores;
  for (int i = 0; i < 10; i++) eddy_loop_step(loop, 0);
  CHECK_EQ(idle.mores, seen);
  eddy_cancel(&idle.op);
  UNTIL(loop, idle.finals);
  CHECK_EQ(idle.result, EDDY_ECANCELED);
  eddy_fd_close(fd, NULL, NULL);
  close(ends[0]);
  close(ends[1]);
}

// Three writes make one edge, a partial drain none.
static void a_partial_drain_is_reported_again(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_fd_t *fd;
  CHECK_EQ(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
  CHECK_EQ(eddy_fd_open(loop, ends[0], &fd), 0);
  struct rec drain = {.then = take_one};
  eddy_fd_poll(fd, &drain.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  eddy_loop_step(loop, 0);
  for (int i = 0; i < 100; i++) CHECK_EQ(write(ends[1], "x", 1), 1);
  int turns = 0;
  for (; drain.mores < 100; turns++) {
    CHECK(turns < 1000);
    eddy_loop_step(loop, EDDY_NEVER);
  }
  CHECK_EQ(write(ends[1], "xyz", 3), 3);
  UNTIL(loop, drain.mores == 103);
  eddy_cancel(&drain.op);
  UNTIL(loop, drain.finals);
  eddy_fd_close(fd, NULL, NULL);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(reports_go_on_while_data_stays),
                                     FIXTURE_TEST(a_partial_drain_is_reported_again)};
  return RUN_TESTS(tests);
}
