// A ring's memory is not inherited, so a child may get other memory at the same addresses. Closing or
// renewing the loop there must not take that away.
#include "needs.h"

#if HAS_FORK

#include "trap.h"

#include <sys/mman.h>

enum { kPages = 3000 };

static char *pages[kPages];

static void child(void *context) {
  void **arguments = context;
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  // They go where there is room, holes first.
  for (int i = 0; i < kPages; i++) {
    pages[i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages[i] != MAP_FAILED);
    pages[i][0] = (char)i;
  }
  eddy_loop_t *loop = arguments[0];
  if (arguments[1])
    CHECK_EQ(eddy_loop_after_fork(loop), 0);
  else
    CHECK_EQ(eddy_loop_close(loop), 0);
  for (int i = 0; i < kPages; i++) CHECK_EQ(pages[i][0], (char)i);
}

static void close_keeps_the_childs_memory(void **state) {
  eddy_loop_t *loop = LOOP(state);
  pool_of(loop, 64, 4096);
  eddy_loop_step(loop, 0);
  void *arguments[] = {loop, NULL};
  run_child(child, arguments);
}

static void after_fork_keeps_the_childs_memory(void **state) {
  eddy_loop_t *loop = LOOP(state);
  pool_of(loop, 64, 4096);
  eddy_loop_step(loop, 0);
  void *arguments[] = {loop, loop};
  run_child(child, arguments);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(close_keeps_the_childs_memory),
                                     FIXTURE_TEST(after_fork_keeps_the_childs_memory)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no fork here");
#endif
