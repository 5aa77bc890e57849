// Whatever ends readiness for good ends all that is queued, not the heads alone: a socket closed below its handle, and
// an AFD poll that the system refuses.
#include "needs.h"

#if HAS_WINDOWS

#include "peer.h"

#include <windows.h>
#include <winternl.h>

#undef close

// In the place of the system's: the library asks it for ntdll's calls.
typedef NTSTATUS NTAPI control_call(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, ULONG,
                                    PVOID, ULONG, PVOID, ULONG);
static control_call *control;
static LONG refusal; // an NTSTATUS; 0: none

static NTSTATUS NTAPI refuse(HANDLE helper, HANDLE event, PIO_APC_ROUTINE apc, PVOID context,
                             PIO_STATUS_BLOCK status, ULONG code, PVOID in, ULONG in_size,
                             PVOID out, ULONG out_size) {
  const LONGLONG *timeout = in;
  if (refusal && code == 0x12024 && *timeout) return refusal; // a poll that waits
  return control(helper, event, apc, context, status, code, in, in_size, out, out_size);
}

static FARPROC WINAPI find(HMODULE module, LPCSTR name) {
  static HMODULE ntdll;
  FARPROC found = NULL;
  ANSI_STRING ansi = {(USHORT)strlen(name), (USHORT)(strlen(name) + 1), (PCHAR)name};
  typedef NTSTATUS NTAPI address_call(HMODULE, const ANSI_STRING *, ULONG, void **);
  extern __declspec(dllimport) address_call LdrGetProcedureAddress;
  if (!ntdll) ntdll = GetModuleHandleA("ntdll.dll");
  void *at = NULL;
  if (LdrGetProcedureAddress(module, &ansi, 0, &at) < 0) return NULL;
  if (module == ntdll && strcmp(name, "NtDeviceIoControlFile") == 0) {
    control = (control_call *)(uintptr_t)at;
    at = (void *)(uintptr_t)refuse;
  }
  memcpy(&found, &at, sizeof found);
  return found;
}
void *__imp_GetProcAddress = (void *)(uintptr_t)find;

enum { EACH = 3 };

struct queued {
  struct peer peer;
  eddy_stream_t *stream;
  eddy_listener_t *listener;
  eddy_addr_t address;
  struct rec read[EACH], write[EACH], wait[EACH], accept[EACH], many;
  char in[EACH];
};

// The lanes are full: nothing arrives, and the peer does not read.
static void queue_all(eddy_loop_t *loop, struct queued *q) {
  static char bulk[16 << 20];
  *q = (struct queued){0};
  q->peer = peer_open(loop, PEER_TCP, &q->stream);
  assert_int_equal(eddy_addr_loopback(&q->address, EDDY_AF_INET, 0), 0);
  assert_int_equal(eddy_listener_open(loop, &q->address, NULL, &q->listener), 0);
  eddy_listener_address(q->listener, &q->address);
  for (int i = 0; i < EACH; i++) {
    eddy_buf_t in = {&q->in[i], 1}, out = {bulk, sizeof bulk};
    eddy_stream_read(q->stream, &q->read[i].op, &in, 1, rec_cb);
    eddy_stream_write(q->stream, &q->write[i].op, &out, 1, rec_cb);
    eddy_stream_wait(q->stream, &q->wait[i].op, i ? EDDY_READABLE : EDDY_DISCONNECT, rec_cb);
    eddy_listener_accept(q->listener, &q->accept[i].op, rec_cb);
  }
  eddy_listener_accept_many(q->listener, &q->many.op, 0, rec_cb);
}

static void settle_down(eddy_loop_t *loop) {
  for (int i = 0; i < 100; i++) eddy_loop_step(loop, eddy_update_now(loop) + EDDY_MILLISECOND);
}

static void stream_ended(eddy_loop_t *loop, struct queued *q, int64_t with) {
  for (int i = 0; i < EACH; i++) {
    TURN_UNTIL(loop, q->read[i].finals == 1 && q->write[i].finals == 1 && q->wait[i].finals == 1);
    assert_int_equal(q->read[i].result, with);
    assert_int_equal(q->wait[i].result, with);
    assert_int_equal(q->write[i].result, i ? EDDY_ECANCELED : with); // behind one that failed
  }
}

static void accepts_ended(eddy_loop_t *loop, struct queued *q, int64_t with) {
  for (int i = 0; i < EACH; i++) {
    TURN_UNTIL(loop, q->accept[i].finals == 1);
    assert_int_equal(q->accept[i].result, with);
  }
  TURN_UNTIL(loop, q->many.finals == 1);
  assert_int_equal(q->many.result, with);
}

static void closed_below(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct queued q;
  queue_all(loop, &q);
  settle_down(loop);
  assert_int_equal(q.read[0].calls + q.write[EACH - 1].calls + q.wait[0].calls, 0);
  closesocket((SOCKET)eddy_stream_native(q.stream));
  stream_ended(loop, &q, EDDY_ECANCELED);
  assert_int_equal(q.accept[0].calls + q.many.calls, 0);
  closesocket((SOCKET)eddy_listener_native(q.listener));
  accepts_ended(loop, &q, EDDY_ECANCELED);
  peer_close(&q.peer);
  eddy_stream_close(q.stream, NULL, NULL);
  eddy_listener_close(q.listener, NULL, NULL);
  all_ended(loop);
}

static void refused_for_good(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct queued q;
  queue_all(loop, &q);
  refusal = (LONG)0xC0000008; // INVALID_HANDLE
  stream_ended(loop, &q, EDDY_EBADF);
  accepts_ended(loop, &q, EDDY_EBADF);
  refusal = 0;
  peer_close(&q.peer);
  eddy_stream_close(q.stream, NULL, NULL);
  eddy_listener_close(q.listener, NULL, NULL);
  all_ended(loop);
}

// Accepts get over a lack of resources; the multishot one is told of it and goes on.
static void refused_for_a_while(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct queued q;
  queue_all(loop, &q);
  refusal = (LONG)0xC000009A; // INSUFFICIENT_RESOURCES
  stream_ended(loop, &q, EDDY_ENOBUFS);
  for (int i = 0; i < EACH; i++) {
    TURN_UNTIL(loop, q.accept[i].finals == 1);
    assert_int_equal(q.accept[i].result, EDDY_ENOBUFS);
  }
  TURN_UNTIL(loop, q.many.mores > 0);
  assert_int_equal(q.many.last_more, EDDY_ENOBUFS);
  refusal = 0;
  int told = q.many.mores;
  struct peer peer = peer_connect(&q.address);
  TURN_UNTIL(loop, q.many.mores > told && q.many.last_more == 0);
  assert_int_equal(q.many.finals, 0);
  peer_close(&peer);
  // The stream's own lanes are not broken: what comes is read.
  struct rec read = {0};
  eddy_buf_t in = {q.in, 1};
  eddy_stream_read(q.stream, &read.op, &in, 1, rec_cb);
  settle_down(loop);
  peer_send(&q.peer, "x", 1);
  TURN_UNTIL(loop, read.finals == 1);
  assert_int_equal(read.result, 1);
  peer_close(&q.peer);
  eddy_stream_close(q.stream, NULL, NULL);
  eddy_listener_close(q.listener, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(closed_below), FIXTURE_TEST(refused_for_good),
                                     FIXTURE_TEST(refused_for_a_while)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
