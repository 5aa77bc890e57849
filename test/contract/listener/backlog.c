// The backlog goes to the kernel; the default is what the system allows.
#include "needs.h"

#if HAS_QUEUE_LENGTH

#include "tcp.h"

static uint32_t limit_with(eddy_loop_t *loop, uint32_t backlog) {
  eddy_listen_options_t options = {.size = sizeof options, .backlog = backlog};
  eddy_listener_t *listener;
  eddy_addr_t addr;
  eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
  assert_int_equal(eddy_listener_open(loop, &addr, &options, &listener), 0);
  uint32_t limit;
  accept_queue(eddy_listener_native(listener), &limit);
  eddy_listener_close(listener, NULL, NULL);
  return limit;
}

static void backlog_reaches_the_kernel(void **state) {
  unsigned most = 0;
  FILE *file = fopen("/proc/sys/net/core/somaxconn", "r");
  if (!file) skip();
  assert_int_equal(fscanf(file, "%u", &most), 1);
  fclose(file);
  eddy_loop_t *loop = LOOP(state);
  assert_int_equal(limit_with(loop, 7), 7 < most ? 7 : most);
  assert_int_equal(limit_with(loop, 0), most);
  assert_int_equal(limit_with(loop, UINT32_MAX), most);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(backlog_reaches_the_kernel)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("the length of an accept queue is not told here");
#endif
