// A wait for a socket whose connect fails ends by AFD's own mask. WSAPoll of Windows 10 before 2004 says nothing of
// such a socket (documented by Microsoft), as the one here, so that a loop that asked it would turn for ever.
#include "needs.h"

#if HAS_WINDOWS

#include "peer.h"

#include <winsock2.h>

#undef socket
#undef connect
#undef close

static int asked;

// In the place of the system's.
int WSAAPI WSAPoll(LPWSAPOLLFD fds, ULONG count, INT timeout) {
  (void)timeout;
  asked++;
  for (ULONG i = 0; i < count; i++) fds[i].revents = 0;
  return 0;
}
void *__imp_WSAPoll = (void *)(uintptr_t)WSAPoll;

static SOCKET failing(void) {
  eddy_addr_t addr;
  struct sockaddr_in native;
  u_long on = 1;
  int listener = raw_listen(&addr, 1);
  closesocket((SOCKET)listener);
  SOCKET fd = socket(AF_INET, SOCK_STREAM, 0);
  ioctlsocket(fd, (long)FIONBIO, &on);
  eddy_addr_to_native(&addr, &native, sizeof native);
  assert_int_equal(connect(fd, (struct sockaddr *)&native, sizeof native), -1);
  return fd;
}

static void every_wait_ends(void **state) {
  eddy_loop_t *loop = LOOP(state);
  const uint32_t events[] = {EDDY_WRITABLE, EDDY_READABLE, EDDY_DISCONNECT, EDDY_PRIORITY,
                             EDDY_POLL_ERROR};
  for (int i = 0; i < COUNT(events); i++) {
    SOCKET fd = failing();
    eddy_fd_t *handle;
    struct rec poll = {0};
    assert_int_equal(eddy_fd_open(loop, (eddy_native_t)fd, &handle), 0);
    eddy_fd_poll(handle, &poll.op, events[i], 0, rec_cb);
    int turned = 0;
    asked = 0;
    while (!poll.finals && turned < 1000) {
      eddy_loop_step(loop, eddy_update_now(loop) + 5 * EDDY_SECOND);
      turned++;
    }
    assert_int_equal(poll.finals, 1);
    assert_true(turned < 10);
    assert_int_equal(asked, 0);
    assert_int_equal(poll.result, (events[i] & ~(uint32_t)EDDY_PRIORITY) | EDDY_POLL_ERROR);
    eddy_fd_close(handle, NULL, NULL);
    closesocket(fd);
  }
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(every_wait_ends)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
