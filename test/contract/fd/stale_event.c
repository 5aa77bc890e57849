// An event of a handle that has been closed is told by nobody to the next handle in the same memory: the kernel may keep
// the registration of a descriptor whose number was closed too early while a duplicate of it lives.
#include "needs.h"
#include "tcp.h"

#if HAS_POSIX_FILES

#include <sys/eventfd.h>

// Opens handles for `native` until one lies where the old one was.
static eddy_fd_t *open_at(eddy_loop_t *loop, int native, const eddy_fd_t *wanted) {
  eddy_time_t limit = eddy_update_now(loop) + 10 * EDDY_SECOND;
  while (eddy_update_now(loop) < limit) {
    eddy_fd_t *fd;
    assert_int_equal(eddy_fd_open(loop, native, &fd), 0);
    if (fd == wanted) return fd;
    eddy_fd_close(fd, NULL, NULL);
    turns(loop, 2);
  }
  return NULL;
}

static void not_to_the_next_owner(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int ends[2];
  eddy_fd_t *fd, *next;
  struct rec old = {0}, fresh = {0}, once = {0};
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  int copy = dup(ends[0]);
  assert_int_equal(eddy_fd_open(loop, ends[0], &fd), 0);
  eddy_fd_poll(fd, &old.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  turns(loop, 3);
  close(ends[0]); // too early: the kernel does not find it any more
  eddy_fd_close(fd, NULL, NULL);
  turn_until(loop, &old.finals, 1);
  turns(loop, 2);
  int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  next = open_at(loop, event, fd);
  if (!next) SKIP("the memory of handles is not used again");
  eddy_fd_poll(next, &fresh.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  eddy_fd_poll(next, &once.op, EDDY_READABLE, 0, rec_cb);
  turns(loop, 3);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(write(ends[1], "x", 1), 1);
    turns(loop, 3);
  }
  close(ends[1]);
  turns(loop, 3);
  assert_int_equal(fresh.calls + once.calls, 0);
  assert_int_equal(old.mores, 0);
  assert_int_equal(eventfd_write(event, 1), 0);
  turn_until(loop, &once.finals, 1);
  eddy_fd_close(next, NULL, NULL);
  all_ended(loop);
  close(event);
  close(copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(not_to_the_next_owner)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only POSIX keeps a registration for a duplicate");
#endif
