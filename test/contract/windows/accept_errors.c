// What accept() says of a shortage, and of a connection that has failed, ends no listener: Windows has no limit of
// descriptors that a test could set, so Winsock's codes are put in its place.
#include "needs.h"

#if HAS_WINDOWS

#include "peer.h"

#include <winsock2.h>

#undef accept
#undef close

static int times, calls;
static DWORD code;

typedef SOCKET WSAAPI accept_call(SOCKET, struct sockaddr *, int *);
static accept_call *real;

static SOCKET WSAAPI fails(SOCKET fd, struct sockaddr *address, int *length) {
  if (!real) {
    FARPROC found = GetProcAddress(GetModuleHandleA("ws2_32.dll"), "accept");
    memcpy(&real, &found, sizeof real);
  }
  calls++;
  if (times == 0) return real(fd, address, length);
  times--;
  SetLastError(code);
  return INVALID_SOCKET;
}
void *__imp_accept = (void *)(uintptr_t)fails;

static eddy_listener_t *listens(eddy_loop_t *loop, eddy_addr_t *addr) {
  eddy_listener_t *listener;
  eddy_addr_loopback(addr, EDDY_AF_INET, 0);
  assert_int_equal(eddy_listener_open(loop, addr, NULL, &listener), 0);
  eddy_listener_address(listener, addr);
  return listener;
}

static const struct {
  DWORD code;
  int64_t error;
} shortages[] = {{WSAEMFILE, EDDY_EMFILE},
                 {WSAENOBUFS, EDDY_ENOBUFS},
                 {ERROR_NOT_ENOUGH_MEMORY, EDDY_ENOMEM},
                 {WSAENETDOWN, EDDY_ENETDOWN}}; // Winsock itself, on Windows

// Each kind of accept, and one back-off for all: no more calls than there are times to wait for.
static void shortage(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int i = 0; i < COUNT(shortages); i++) {
    eddy_addr_t addr;
    eddy_listener_t *listener = listens(loop, &addr);
    struct rec one = {0}, next = {.then = take_accepted}, many = {0};
    code = shortages[i].code;
    times = 2;
    calls = 0;
    eddy_listener_accept(listener, &one.op, rec_cb);
    eddy_listener_accept_next(listener, &next.op, rec_cb);
    struct peer peer = peer_connect(&addr);
    eddy_time_t begun = eddy_update_now(loop);
    TURN_UNTIL(loop, one.finals && next.finals);
    assert_int_equal(one.result, shortages[i].error);
    assert_int_equal(next.result, 0);
    assert_int_equal(calls, 3);
    assert_true(eddy_update_now(loop) - begun >= 200 * EDDY_MILLISECOND); // a back-off after each
    eddy_stream_close(next.context, NULL, NULL);
    peer_close(&peer);

    times = 1;
    eddy_listener_accept_many(listener, &many.op, 0, rec_cb);
    peer = peer_connect(&addr);
    TURN_UNTIL(loop, many.mores == 2);
    assert_int_equal(times, 0);
    assert_int_equal(many.finals, 0);
    assert_int_equal(many.last_more, 0);
    eddy_listener_close(listener, NULL, NULL);
    TURN_UNTIL(loop, many.finals == 1);
    assert_int_equal(many.result, EDDY_ECANCELED);
    peer_close(&peer);
    all_ended(loop);
  }
}

// One that failed before it was accepted is passed over.
static void failed_connections(void **state) {
  eddy_loop_t *loop = LOOP(state);
  const DWORD codes[] = {WSAECONNRESET, WSAECONNABORTED, WSAENETRESET};
  for (int i = 0; i < COUNT(codes); i++) {
    eddy_addr_t addr;
    eddy_listener_t *listener = listens(loop, &addr);
    struct rec one = {.then = take_accepted};
    code = codes[i];
    times = 1;
    eddy_listener_accept(listener, &one.op, rec_cb);
    struct peer peer = peer_connect(&addr);
    TURN_UNTIL(loop, one.finals);
    assert_int_equal(one.result, 0);
    eddy_stream_close(one.context, NULL, NULL);
    eddy_listener_close(listener, NULL, NULL);
    peer_close(&peer);
    all_ended(loop);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(shortage), FIXTURE_TEST(failed_connections)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
