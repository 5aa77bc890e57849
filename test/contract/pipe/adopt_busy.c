// Adopting or watching a handle on which somebody else's call blocks, on Windows: the system lets no question about it
// through, and the loop does not wait for that.
#include "needs.h"

#if HAS_WINDOWS

#include "local.h"

#include <pthread.h>

#undef getsockopt

static DWORD WINAPI file_type(HANDLE handle);
static int WSAAPI option(SOCKET socket, int level, int name, char *value, int *size);
// What the library calls for GetFileType and getsockopt. Wine answers while a call blocks; Windows waits, as these do.
void *__imp_GetFileType = (void *)file_type;
void *__imp_getsockopt = (void *)option;

static HANDLE gate; // not there: open

static FARPROC past_the_gate(const char *library, const char *name) {
  if (gate) WaitForSingleObject(gate, 5000);
  return GetProcAddress(GetModuleHandleA(library), name);
}

static DWORD WINAPI file_type(HANDLE handle) {
  __typeof__(&GetFileType) real = (void *)past_the_gate("kernel32.dll", "GetFileType");
  return real(handle);
}

static int WSAAPI option(SOCKET socket, int level, int name, char *value, int *size) {
  __typeof__(&getsockopt) real = (void *)past_the_gate("ws2_32.dll", "getsockopt");
  return real(socket, level, name, value, size);
}

static int adopt(eddy_loop_t *loop, HANDLE handle, eddy_stream_t **stream) {
  *stream = NULL;
  return eddy_stream_adopt(loop, (eddy_native_t)(intptr_t)handle, stream);
}

static void no_answer(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE in, out, opened = CreateEventW(NULL, TRUE, FALSE, NULL);
  eddy_stream_t *stream, *ends[2];
  assert_true(CreatePipe(&in, &out, NULL, 0));
  gate = opened;
  assert_int_equal(adopt(loop, in, &stream), EDDY_EBUSY);
  assert_null(stream);
  DWORD flags;
  assert_true(GetHandleInformation(in, &flags)); // still the caller's
  SetEvent(opened);
  assert_int_equal(adopt(loop, in, &ends[0]), 0);
  assert_int_equal(adopt(loop, out, &ends[1]), 0);
  send_text(loop, ends[1], "later");
  expect_text(loop, ends[0], "later");
  close_pair(loop, ends);
  Sleep(20); // the first question is answered, to nobody
  gate = NULL;
  CloseHandle(opened);
}

// The caller closes the handle, and the loop ends, before there is an answer.
static void the_loop_ends_before(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  HANDLE in, out, opened = CreateEventW(NULL, TRUE, FALSE, NULL);
  eddy_stream_t *stream;
  assert_true(CreatePipe(&in, &out, NULL, 0));
  gate = opened;
  assert_int_equal(adopt(loop, in, &stream), EDDY_EBUSY);
  CloseHandle(in);
  CloseHandle(out);
  assert_int_equal(eddy_loop_close(loop), 0);
  SetEvent(opened);
  Sleep(20);
  gate = NULL;
  CloseHandle(opened);
}

static void *read_one(void *handle) {
  char byte;
  DWORD size = 0;
  ReadFile(handle, &byte, 1, &size, NULL);
  return size == 1 ? handle : NULL;
}

// With a real reader: whatever the system does, the call returns, and the reader keeps its byte.
static void a_reader(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE in, out;
  eddy_stream_t *stream;
  pthread_t thread;
  void *got = NULL;
  DWORD size;
  assert_true(CreatePipe(&in, &out, NULL, 0));
  pthread_create(&thread, NULL, read_one, in);
  Sleep(50);
  int adopted = adopt(loop, in, &stream);
  assert_true(adopted == 0 || adopted == EDDY_EBUSY);
  assert_true(WriteFile(out, "x", 1, &size, NULL));
  pthread_join(thread, &got);
  assert_ptr_equal(got, in);
  if (adopted != 0) {
    eddy_time_t limit = eddy_update_now(loop) + 10 * EDDY_SECOND;
    while ((adopted = adopt(loop, in, &stream)) == EDDY_EBUSY && eddy_update_now(loop) < limit)
      Sleep(1);
  }
  assert_int_equal(adopted, 0);
  assert_true(WriteFile(out, "y", 1, &size, NULL));
  expect_text(loop, stream, "y");
  close_stream(loop, stream);
  CloseHandle(out);
}

// Those who take no pipes do not wait for one either.
static void others_do_not_wait(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE in, out, opened = CreateEventW(NULL, TRUE, FALSE, NULL);
  eddy_fd_t *fd = NULL;
  eddy_listener_t *listener = NULL;
  pthread_t thread;
  DWORD size;
  assert_true(CreatePipe(&in, &out, NULL, 0));
  pthread_create(&thread, NULL, read_one, in);
  Sleep(50);
  gate = opened;
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)in, &fd), EDDY_EBUSY);
  assert_int_equal(eddy_listener_adopt(loop, (eddy_native_t)(intptr_t)in, &listener), EDDY_EBUSY);
  SetEvent(opened);
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)in, &fd), EDDY_ENOTSOCK);
  assert_int_equal(eddy_listener_adopt(loop, (eddy_native_t)(intptr_t)in, &listener),
                   EDDY_ENOTSOCK);
  assert_null(fd);
  assert_null(listener);
  Sleep(20); // the first questions are answered, to nobody
  gate = NULL;
  assert_true(WriteFile(out, "x", 1, &size, NULL));
  pthread_join(thread, NULL);
  CloseHandle(in);
  CloseHandle(out);
  CloseHandle(opened);
}

// What is no file is refused without a wait for it, which would take an event's signal.
static void objects(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE event = CreateEventW(NULL, FALSE, TRUE, NULL);
  eddy_stream_t *stream;
  assert_int_equal(adopt(loop, event, &stream), EDDY_ENOTSOCK);
  assert_int_equal(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
  CloseHandle(event);
  assert_int_equal(adopt(loop, event, &stream), EDDY_EBADF);
}

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
  const struct CMUnitTest tests[] = {LOOP_TEST(no_answer), LOOP_TEST(the_loop_ends_before),
                                     LOOP_TEST(a_reader), LOOP_TEST(others_do_not_wait),
                                     FIXTURE_TEST(objects)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has pipes that are no sockets");
#endif
