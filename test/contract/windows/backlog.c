// What listen() is asked for: Windows takes 200 for a long queue, and more only as SOMAXCONN_HINT says it.
#include "needs.h"

#if HAS_WINDOWS

#include "peer.h"

#include <winsock2.h>

#undef listen

static int asked;

static int WSAAPI note(SOCKET fd, int backlog) {
  (void)fd;
  asked = backlog;
  return 0;
}
void *__imp_listen = (void *)(uintptr_t)note;

static int asked_for(eddy_loop_t *loop, uint32_t backlog) {
  eddy_addr_t addr;
  eddy_listener_t *listener;
  eddy_listen_options_t options = {.size = sizeof options, .backlog = backlog};
  eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
  assert_int_equal(eddy_listener_open(loop, &addr, &options, &listener), 0);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
  return asked;
}

static void hints(void **state) {
  eddy_loop_t *loop = LOOP(state);
  assert_int_equal(asked_for(loop, 1), 1);
  assert_int_equal(asked_for(loop, 199), 199);
  assert_int_equal(asked_for(loop, 200), -200);
  assert_int_equal(asked_for(loop, 1000), -1000);
  assert_int_equal(asked_for(loop, 70000), -65535);
  assert_int_equal(asked_for(loop, UINT32_MAX), -65535);
  assert_int_equal(asked_for(loop, 0), -65535); // as long as it takes
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(hints)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
