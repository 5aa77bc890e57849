// A child whose sandbox refuses new kernel objects: after_fork says so, the loop can still be closed, and
// that closes nothing but its own descriptors.
#include "needs.h"

#if HAS_FORK

#include "trap.h"

static void child(void *context) {
  eddy_loop_t *loop = context;
  CHECK_EQ(dup2(open("/dev/null", O_RDONLY), 0), 0);
  DENY(EPERM, SYS_io_uring_setup, SYS_epoll_create1);
  int before = open_descriptors();
  CHECK_EQ(eddy_loop_after_fork(loop), EDDY_EPERM);
  CHECK_EQ(eddy_loop_close(loop), 0);
  CHECK(fcntl(0, F_GETFD) >= 0);
  CHECK_EQ(open_descriptors(), before - (in_ring_run() ? 3 : 2)); // a set, a wake-up, a ring
}

static void only_its_own_are_closed(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_loop_step(loop, 0);
  run_child(child, loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(only_its_own_are_closed)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no fork here");
#endif
