// Failures that Windows has at bad times only, each put in the place of a call, come out of eddy's by their names, with
// the system's code beside them.
#include "needs.h"

#if HAS_WINDOWS

#include "tcp.h"

#include <winsock2.h>

#undef accept

static DWORD refusal; // of one call, or 0
static enum { SOCKETS, ACCEPTS, THREADS, PORTS } refused;
static int accepts; // how many times it was asked since

static FARPROC function_of(const char *library, const char *name) {
  return GetProcAddress(GetModuleHandleA(library), name);
}

#define REAL(library, name) ((__typeof__(&name))(void *)function_of(library, #name))
#define INSTEAD(name) void *__imp_##name = (void *)(uintptr_t)instead_of_##name

static SOCKET WSAAPI instead_of_WSASocketW(int family, int type, int protocol,
                                           WSAPROTOCOL_INFOW *info, GROUP group, DWORD flags) {
  if (!refusal || refused != SOCKETS)
    return REAL("ws2_32.dll", WSASocketW)(family, type, protocol, info, group, flags);
  SetLastError(refusal);
  return INVALID_SOCKET;
}
INSTEAD(WSASocketW);

static SOCKET WSAAPI instead_of_accept(SOCKET socket, struct sockaddr *addr, int *length) {
  accepts++;
  if (!refusal || refused != ACCEPTS) return REAL("ws2_32.dll", accept)(socket, addr, length);
  SetLastError(refusal);
  return INVALID_SOCKET;
}
INSTEAD(accept);

static HANDLE WINAPI instead_of_CreateThread(SECURITY_ATTRIBUTES *security, SIZE_T stack,
                                             LPTHREAD_START_ROUTINE run, void *argument,
                                             DWORD flags, DWORD *id) {
  if (!refusal || refused != THREADS)
    return REAL("kernel32.dll", CreateThread)(security, stack, run, argument, flags, id);
  SetLastError(refusal);
  return NULL;
}
INSTEAD(CreateThread);

static HANDLE WINAPI instead_of_CreateIoCompletionPort(HANDLE handle, HANDLE port, ULONG_PTR key,
                                                       DWORD threads) {
  if (!refusal || refused != PORTS)
    return REAL("kernel32.dll", CreateIoCompletionPort)(handle, port, key, threads);
  SetLastError(refusal);
  return NULL;
}
INSTEAD(CreateIoCompletionPort);

static void no_socket(void **state) {
  static const struct {
    DWORD code;
    int error;
  } rows[] = {{WSANOTINITIALISED, EDDY_ENETDOWN},
              {WSAEPROVIDERFAILEDINIT, EDDY_ENETDOWN},
              {WSAEINVALIDPROVIDER, EDDY_ENETDOWN},
              {WSAEPROCLIM, EDDY_EAGAIN},
              {WSAEMFILE, EDDY_EMFILE}};
  for (int i = 0; i < COUNT(rows); i++) {
    eddy_addr_t addr;
    eddy_listener_t *listener;
    eddy_stream_t *stream;
    eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
    refused = SOCKETS;
    refusal = rows[i].code;
    assert_int_equal(eddy_listener_open(LOOP(state), &addr, NULL, &listener), rows[i].error);
    assert_int_equal(eddy_last_os_error(), rows[i].code);
    assert_int_equal(eddy_stream_open(LOOP(state), addr.family, &stream), rows[i].error);
    assert_int_equal(eddy_last_os_error(), rows[i].code);
    refusal = 0;
  }
}

static int64_t nothing(void *argument) { return argument != NULL; }

static void no_thread(void **state) {
  static const DWORD codes[] = {ERROR_COMMITMENT_LIMIT, ERROR_PAGEFILE_QUOTA,
                                ERROR_WORKING_SET_QUOTA};
  for (int i = 0; i < COUNT(codes); i++) {
    eddy_workers_t *workers;
    assert_int_equal(eddy_workers_open(NULL, &workers), 0);
    struct rec work = {0};
    refused = THREADS;
    refusal = codes[i];
    eddy_work_in(workers, LOOP(state), &work.op, nothing, NULL, rec_cb);
    eddy_loop_run(LOOP(state));
    refusal = 0;
    assert_int_equal(work.finals, 1);
    assert_int_equal(work.result, EDDY_ENOMEM);
    assert_int_equal(eddy_op_os_error(&work.op), codes[i]);
    assert_int_equal(eddy_workers_close(workers), 0);
  }
}

static void no_port(void **state) {
  (void)state;
  eddy_loop_t *loop;
  refused = PORTS;
  refusal = ERROR_NOT_ENOUGH_QUOTA;
  assert_int_equal(eddy_loop_open(NULL, &loop), EDDY_ENOBUFS);
  assert_int_equal(eddy_last_os_error(), ERROR_NOT_ENOUGH_QUOTA);
  refusal = 0;
}

// The listener rests: were it the fault of one connection, the loop would turn without a pause.
static void winsock_ended_below_a_listener(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  static struct rec accept; // outlives this function when an assertion fails
  eddy_listener_accept_many(listener, &accept.op, 0, rec_cb);
  turns(loop, 3);
  refused = ACCEPTS;
  refusal = WSANOTINITIALISED;
  accepts = 0;
  int peer = raw_connect(&addr);
  assert_true(peer >= 0);
  turn_until(loop, &accept.mores, 1);
  assert_int_equal(accept.last_more, EDDY_ENETDOWN);
  eddy_time_t until = eddy_update_now(loop) + 30 * EDDY_MILLISECOND;
  while (eddy_update_now(loop) < until) eddy_loop_step(loop, until);
  assert_in_range(accepts, 1, 100);
  eddy_cancel(&accept.op);
  eddy_listener_close(listener, NULL, NULL);
  refusal = 0;
  close(peer);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(no_socket), FIXTURE_TEST(no_thread),
                                     FIXTURE_TEST(no_port),
                                     FIXTURE_TEST(winsock_ended_below_a_listener)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
