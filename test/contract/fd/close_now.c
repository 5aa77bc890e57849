// eddy_fd_close has deregistered the descriptor when it returns: its number may be closed and be another file's at once,
// with an op pending or none, and with a duplicate of the old file elsewhere or none.
#include "needs.h"
#include "tcp.h"

#if HAS_POSIX_FILES

static void one(eddy_loop_t *loop, int pending, int duplicated, int repeated) {
  int first[2], second[2];
  eddy_fd_t *fd, *again;
  struct rec old = {0}, poll = {0};
  assert_int_equal(pipe2(first, O_CLOEXEC | O_NONBLOCK), 0);
  int copy = duplicated ? dup(first[0]) : -1;
  assert_int_equal(eddy_fd_open(loop, first[0], &fd), 0);
  eddy_fd_poll(fd, &old.op, EDDY_READABLE, 0, rec_cb);
  turns(loop, 3); // registered
  if (!pending) {
    char byte;
    assert_int_equal(write(first[1], "x", 1), 1);
    turn_until(loop, &old.finals, 1);
    assert_int_equal(read(first[0], &byte, 1), 1);
  }
  eddy_fd_close(fd, NULL, NULL);
  close(first[0]);
  assert_int_equal(pipe2(second, O_CLOEXEC | O_NONBLOCK), 0);
  assert_int_equal(second[0], first[0]);
  assert_int_equal(eddy_fd_open(loop, second[0], &again), 0);
  eddy_fd_poll(again, &poll.op, EDDY_READABLE, repeated ? EDDY_POLL_REPEAT : 0, rec_cb);
  eddy_loop_step(loop, 0);
  ssize_t sent = duplicated ? write(first[1], "old", 3) : 0;
  (void)sent;
  close(first[1]);
  turns(loop, 3);
  assert_int_equal(poll.calls, 0); // nothing of the old file
  assert_int_equal(write(second[1], "x", 1), 1);
  turn_until(loop, &poll.calls, 1); // and all of the new one
  assert_int_equal(repeated ? poll.last_more : poll.result, EDDY_READABLE);
  assert_int_equal(old.finals, 1);
  eddy_fd_close(again, NULL, NULL);
  close(second[0]);
  close(second[1]);
  if (duplicated) close(copy);
  all_ended(loop);
}

static void the_number_is_free(void **state) {
  for (int bits = 0; bits < 8; bits++) one(LOOP(state), bits & 1, bits & 2, bits & 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(the_number_is_free)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("the lowest free number is given to the next descriptor by POSIX only");
#endif
