// The thread of a blocking pipe may be just before its call when it is to be broken off, and hears nothing. It is told
// again without the loop's help, which sleeps in a host's hands.
#include "needs.h"

#if HAS_WINDOWS

#include "local.h"

#include <stdatomic.h>

static BOOL WINAPI miss_some(HANDLE thread);
// What the library calls for CancelSynchronousIo.
void *__imp_CancelSynchronousIo = (void *)miss_some;

static atomic_int misses, calls;

static BOOL WINAPI miss_some(HANDLE thread) {
  atomic_fetch_add(&calls, 1);
  if (atomic_load(&misses) > 0 && atomic_fetch_sub(&misses, 1) > 0) {
    SetLastError(ERROR_NOT_FOUND);
    return FALSE;
  }
  BOOL(WINAPI * real)(HANDLE);
  FARPROC found = GetProcAddress(GetModuleHandleA("kernel32.dll"), "CancelSynchronousIo");
  memcpy(&real, &found, sizeof real);
  return real(thread);
}

enum { MISSED = 4, ROUNDS = 6 };

// As a host does that trusts the loop's word alone; ten seconds stand for "for ever".
static void host_until(eddy_loop_t *loop, const int *flag) {
  HANDLE event = (HANDLE)(intptr_t)eddy_loop_native_handle(loop);
  while (!*flag) {
    eddy_time_t next = eddy_loop_next_deadline(loop);
    if (next == EDDY_NEVER) assert_int_equal(WaitForSingleObject(event, 10000), WAIT_OBJECT_0);
    eddy_loop_step(loop, 0);
  }
}

static void ends(eddy_loop_t *loop, eddy_stream_t *streams[2]) {
  HANDLE handles[2];
  assert_true(CreatePipe(&handles[0], &handles[1], NULL, 0));
  for (int i = 0; i < 2; i++)
    assert_int_equal(eddy_stream_adopt(loop, (eddy_native_t)(intptr_t)handles[i], &streams[i]), 0);
}

static void cancelled_in_a_host(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *streams[2];
  ends(loop, streams);
  eddy_loop_native_handle(loop);
  for (int round = 0; round < ROUNDS; round++) {
    char byte;
    eddy_buf_t in = buffer(&byte, 1);
    struct rec read = {0};
    eddy_stream_read(streams[0], &read.op, &in, 1, rec_cb);
    eddy_loop_flush(loop);
    Sleep(20); // it blocks now
    atomic_store(&misses, MISSED);
    eddy_cancel(&read.op);
    eddy_loop_flush(loop);
    host_until(loop, &read.finals);
    assert_int_equal(read.result, EDDY_ECANCELED);
    assert_true(atomic_load(&misses) <= 0);
  }
  // Told, it is left alone.
  Sleep(50);
  int before = atomic_load(&calls);
  Sleep(50);
  assert_int_equal(atomic_load(&calls), before);
  close_pair(loop, streams);
}

// A close waits for it, and a read gives way to a write.
static void closed_in_a_host(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int round = 0; round < ROUNDS; round++) {
    eddy_stream_t *streams[2];
    ends(loop, streams);
    char byte;
    eddy_buf_t in = buffer(&byte, 1);
    struct rec read = {0}, end = {0};
    eddy_stream_read(streams[0], &read.op, &in, 1, rec_cb);
    eddy_loop_native_handle(loop);
    eddy_loop_flush(loop);
    Sleep(20);
    atomic_store(&misses, MISSED);
    eddy_stream_close(streams[0], &end.op, rec_cb);
    eddy_loop_flush(loop);
    host_until(loop, &end.finals);
    assert_int_equal(read.result, EDDY_ECANCELED);
    atomic_store(&misses, 0);
    close_stream(loop, streams[1]);
  }
}

static void gives_way_in_a_host(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  char name[128];
  local_address(&addr);
  memcpy(name, addr.bytes, addr.length);
  name[addr.length] = 0;
  HANDLE handle =
      CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 4096, 4096, 0, NULL);
  HANDLE peer = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  assert_true(handle != INVALID_HANDLE_VALUE && peer != INVALID_HANDLE_VALUE);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_adopt(loop, (eddy_native_t)(intptr_t)handle, &stream), 0);
  eddy_loop_native_handle(loop);
  char answer = 0, question[2] = "?", got = 0;
  DWORD size;
  eddy_buf_t in = buffer(&answer, 1), out = buffer(question, 1);
  struct rec read = {0};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  for (int round = 0; round < ROUNDS; round++) {
    struct rec write = {0};
    eddy_loop_flush(loop);
    Sleep(20);
    atomic_store(&misses, MISSED);
    eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
    eddy_loop_flush(loop);
    host_until(loop, &write.finals);
    assert_int_equal(write.result, 1);
    assert_true(ReadFile(peer, &got, 1, &size, NULL));
    assert_int_equal(got, '?');
  }
  atomic_store(&misses, 0);
  assert_int_equal(read.finals, 0);
  assert_true(WriteFile(peer, "!", 1, &size, NULL));
  host_until(loop, &read.finals);
  assert_int_equal(answer, '!');
  close_stream(loop, stream);
  CloseHandle(peer);
}

// The system's pool keeps threads and handles of its own, so these are not counted here.

static int loop_teardown(void **state) {
  struct fixture *fixture = *state;
  if (fixture_failed(fixture)) return 0;
  int64_t held = eddy_loop_drain(fixture->loop, eddy_update_now(fixture->loop) + 5 * EDDY_SECOND);
  int closed = eddy_loop_close(fixture->loop);
  free(fixture);
  return held || closed ? -1 : 0;
}

#define LOOP_TEST(function) FIXTURE_TEST_ENDS(function, loop_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {LOOP_TEST(cancelled_in_a_host), LOOP_TEST(closed_in_a_host),
                                     LOOP_TEST(gives_way_in_a_host)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has pipes that are no sockets");
#endif
