// A duplicate of a closed stream's descriptor lives on elsewhere. The loop hears nothing of it any more,
// and does not spin; the same for one whose handle was closed.
#include "needs.h"

#if HAS_POSIX_FILES

#include "trap.h"

static void no_stale_events(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  int peer = tcp_peer(loop, &stream);
  int copy = dup((int)eddy_stream_native(stream));
  char room[16], got[16];
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec read = {0}, closed = {0}, timer = {0};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  eddy_loop_step(loop, 0);
  eddy_stream_close(stream, &closed.op, rec_cb);
  UNTIL(loop, closed.finals);
  CHECK_EQ(read.result, EDDY_ECANCELED);

  // The memory of the handle gets a new owner, which must not be taken for the old one.
  eddy_stream_t *other;
  int other_peer = tcp_peer(loop, &other);
  struct rec other_read = {0};
  eddy_stream_read(other, &other_read.op, &in, 1, rec_cb);
  eddy_sleep(loop, &timer.op, eddy_update_now(loop) + 40 * EDDY_MILLISECOND, rec_cb);
  int turns = 0;
  while (!timer.finals) {
    if (turns < 10) CHECK_EQ(write(peer, "x", 1), 1);
    eddy_loop_step(loop, EDDY_NEVER);
    turns++;
  }
  CHECK(turns <= 5);
  CHECK_EQ(other_read.calls, 0);
  CHECK(patient_recv(copy, got, sizeof got, MSG_DONTWAIT) > 0); // nothing was stolen

  CHECK_EQ(write(other_peer, "y", 1), 1);
  UNTIL(loop, other_read.finals);
  close(copy);
  close(peer);
  close(other_peer);
}

static void not_of_a_closed_poll_either(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int ends[2];
  CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
  int copy = dup(ends[0]);
  eddy_fd_t *fd;
  CHECK_EQ(eddy_fd_open(loop, ends[0], &fd), 0);
  struct rec poll = {0}, timer = {0};
  eddy_fd_poll(fd, &poll.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  eddy_loop_step(loop, 0);
  eddy_fd_close(fd, NULL, NULL);
  int number = ends[0];
  close(ends[0]); // legal as soon as close has returned
  int reused[2];
  CHECK_EQ(pipe2(reused, O_CLOEXEC), 0);
  CHECK_EQ(reused[0], number);
  CHECK_EQ(eddy_fd_open(loop, reused[0], &fd), 0);
  struct rec fresh = {0};
  eddy_fd_poll(fd, &fresh.op, EDDY_READABLE, 0, rec_cb);
  CHECK_EQ(write(ends[1], "x", 1), 1);
  eddy_sleep(loop, &timer.op, eddy_update_now(loop) + 20 * EDDY_MILLISECOND, rec_cb);
  int turns = 0;
  for (; !timer.finals; turns++) eddy_loop_step(loop, EDDY_NEVER);
  CHECK(turns <= 6);
  CHECK_EQ(poll.calls, 1);
  CHECK_EQ(poll.result, EDDY_ECANCELED);
  CHECK_EQ(fresh.calls, 0);
  CHECK_EQ(write(reused[1], "y", 1), 1);
  UNTIL(loop, fresh.finals);
  CHECK_EQ(fresh.result, EDDY_READABLE);
  eddy_fd_close(fd, NULL, NULL);
  eddy_loop_step(loop, 0);
  close(copy);
  close(ends[1]);
  close(reused[0]);
  close(reused[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(no_stale_events),
                                     FIXTURE_TEST(not_of_a_closed_poll_either)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("the lowest free number is given to the next descriptor by POSIX only");
#endif
