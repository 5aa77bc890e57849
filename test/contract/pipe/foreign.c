// Pipe handles that somebody else has made, on Windows: overlapped ones, and those whose calls block.
#include "needs.h"

#if HAS_WINDOWS

#include "local.h"

static eddy_stream_t *adopt(eddy_loop_t *loop, HANDLE handle) {
  eddy_stream_t *stream = NULL;
  assert_int_equal(eddy_stream_adopt(loop, (eddy_native_t)(intptr_t)handle, &stream), 0);
  assert_int_equal(eddy_stream_native(stream), (eddy_native_t)(intptr_t)handle);
  return stream;
}

static void named_ends(HANDLE ends[2], DWORD flags) {
  eddy_addr_t addr;
  char name[128];
  local_address(&addr);
  memcpy(name, addr.bytes, addr.length);
  name[addr.length] = 0;
  ends[0] =
      CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | flags, PIPE_TYPE_BYTE, 1, 4096, 4096, 0, NULL);
  ends[1] = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, flags, NULL);
  assert_true(ends[0] != INVALID_HANDLE_VALUE && ends[1] != INVALID_HANDLE_VALUE);
}

// A read end and a write end, both blocking.
static void one_way(eddy_loop_t *loop, eddy_stream_t *ends[2]) {
  HANDLE in, out;
  assert_true(CreatePipe(&in, &out, NULL, 0));
  ends[0] = adopt(loop, in);
  ends[1] = adopt(loop, out);
}

static void overlapped(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE handles[2];
  eddy_stream_t *ends[2], *again = NULL;
  named_ends(handles, FILE_FLAG_OVERLAPPED);
  for (int i = 0; i < 2; i++) ends[i] = adopt(loop, handles[i]);
  send_text(loop, ends[0], "there");
  expect_text(loop, ends[1], "there");
  send_text(loop, ends[1], "back");
  expect_text(loop, ends[0], "back");
  // A handle stays with its port.
  eddy_loop_t *other = test_loop();
  int refused = eddy_stream_adopt(other, (eddy_native_t)(intptr_t)handles[0], &again);
  assert_true(refused < 0);
  assert_null(again);
  assert_int_equal(eddy_loop_close(other), 0);
  close_pair(loop, ends);
}

static void blocking(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  one_way(loop, ends);
  enum { BIG = 1 << 20 };
  char *data = malloc(BIG), *got = malloc(BIG);
  pattern_fill(data, BIG, 0);
  eddy_buf_t out = buffer(data, BIG);
  struct rec write = {0};
  eddy_stream_write(ends[1], &write.op, &out, 1, rec_cb);
  receive_all(loop, ends[0], got, BIG);
  pattern_check(got, BIG, 0);
  turn_until(loop, &write.finals, 1);
  assert_int_equal(write.result, BIG);
  send_text(loop, ends[1], "end");
  close_stream(loop, ends[1]);
  expect_text(loop, ends[0], "end");
  assert_int_equal(read_result(loop, ends[0]), 0);
  close_stream(loop, ends[0]);
  free(data);
  free(got);
}

// A call that blocks is broken off; what comes later is not lost.
static void blocking_read_cancelled(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  one_way(loop, ends);
  for (int round = 0; round < 40; round++) {
    char byte = 0;
    eddy_buf_t in = buffer(&byte, 1);
    struct rec read = {0};
    eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
    if (round & 1) turn_for(loop, 5 * EDDY_MILLISECOND);
    eddy_cancel(&read.op);
    turn_until(loop, &read.finals, 1);
    assert_int_equal(read.result, EDDY_ECANCELED);
  }
  send_text(loop, ends[1], "kept");
  expect_text(loop, ends[0], "kept");
  close_pair(loop, ends);
}

static void blocking_write_cancelled(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  one_way(loop, ends);
  char *data = calloc(1, LOCAL_FILLED_BY);
  eddy_buf_t out = buffer(data, LOCAL_FILLED_BY);
  struct rec write = {0}, behind = {0};
  eddy_stream_write(ends[1], &write.op, &out, 1, rec_cb);
  eddy_stream_write(ends[1], &behind.op, &out, 1, rec_cb);
  turn_for(loop, 20 * EDDY_MILLISECOND);
  assert_int_equal(write.finals, 0);
  eddy_cancel(&write.op);
  turn_until(loop, &behind.finals, 1);
  assert_int_equal(write.result, EDDY_ECANCELED);
  assert_int_equal(behind.result, EDDY_ECANCELED);
  close_pair(loop, ends);
  free(data);
}

static void blocking_closed(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int round = 0; round < 20; round++) {
    eddy_stream_t *ends[2];
    one_way(loop, ends);
    char byte, *data = calloc(1, LOCAL_FILLED_BY);
    eddy_buf_t in = buffer(&byte, 1), out = buffer(data, LOCAL_FILLED_BY);
    struct rec read = {0}, wait = {0}, write = {0};
    if (round % 3) eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
    if (round % 3 != 1) eddy_stream_wait(ends[0], &wait.op, EDDY_READABLE, rec_cb);
    if (round & 1) turn_for(loop, 3 * EDDY_MILLISECOND);
    close_stream(loop, ends[0]);
    if (round % 3) assert_int_equal(read.result, EDDY_ECANCELED);
    if (round % 3 != 1) assert_int_equal(wait.result, EDDY_ECANCELED);
    eddy_stream_write(ends[1], &write.op, &out, 1, rec_cb);
    turn_until(loop, &write.finals, 1);
    assert_int_equal(write.result, EDDY_EPIPE);
    close_stream(loop, ends[1]);
    free(data);
  }
}

static void keep(struct rec *rec, int64_t result) {
  eddy_lease_t *lease = rec->context;
  if (eddy_op_more(&rec->op) && result > 0) eddy_op_take_lease(&rec->op, lease);
}

static void blocking_pool_read(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  one_way(loop, ends);
  eddy_pool_t *pool = open_pool(loop, 4, 4096);
  eddy_lease_t lease = {0};
  struct rec read = {.then = keep, .context = &lease}, wait = {0};
  eddy_stream_read_pool(ends[0], &read.op, pool, 1, rec_cb);
  eddy_stream_wait(ends[0], &wait.op, EDDY_READABLE, rec_cb);
  turn_for(loop, 5 * EDDY_MILLISECOND);
  assert_int_equal(eddy_pool_free(pool), 4); // no buffer while nothing comes
  for (int round = 1; round <= 5; round++) {
    send_text(loop, ends[1], "chunk");
    turn_until(loop, &read.mores, round);
    assert_int_equal(lease.size, 5);
    assert_memory_equal(lease.data, "chunk", 5);
    assert_int_equal(eddy_pool_give(pool, lease.id), 0);
  }
  eddy_cancel(&wait.op);
  close_stream(loop, ends[1]);
  turn_until(loop, &read.finals, 1);
  turn_until(loop, &wait.finals, 1);
  assert_int_equal(read.result, 0);
  close_stream(loop, ends[0]);
  eddy_pool_close(pool, NULL, NULL);
}

// Both ways over one blocking handle: a read that waits does not hold back the write that its answer depends on.
static void blocking_both_ways(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE handles[2];
  eddy_stream_t *ends[2];
  named_ends(handles, 0);
  for (int i = 0; i < 2; i++) ends[i] = adopt(loop, handles[i]);
  for (int round = 0; round < 20; round++) {
    char answer[8] = {0}, question[8] = {0};
    eddy_buf_t in = buffer(answer, 6), asked = buffer(question, 8);
    struct rec read = {0}, serve = {0};
    eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
    eddy_stream_read(ends[1], &serve.op, &asked, 1, rec_cb);
    if (round & 1) turn_for(loop, 5 * EDDY_MILLISECOND);
    send_text(loop, ends[0], "what?");
    turn_until(loop, &serve.finals, 1);
    assert_string_equal(question, "what?");
    send_text(loop, ends[1], "this.");
    turn_until(loop, &read.finals, 1);
    assert_string_equal(answer, "this.");
  }
  close_pair(loop, ends);
}

static int under_wine(void) {
  return GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != NULL;
}

// Names are UTF-8 here and UTF-16 there.
static void names(void **state) {
  eddy_loop_t *loop = LOOP(state);
  char text[EDDY_ADDR_TEXT];
  wchar_t wide[64];
  eddy_addr_t addr;
  eddy_listener_t *listener = NULL;
  snprintf(text, sizeof text, "unix:\\\\.\\pipe\\eddy-\xc3\xa9-\xf0\x9f\x90\x9a-%lu",
           GetCurrentProcessId());
  _snwprintf(wide, 64, L"\\\\.\\pipe\\eddy-\u00e9-\U0001f41a-%lu", GetCurrentProcessId());
  assert_int_equal(eddy_addr_parse(&addr, text, 0), 0);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  struct rec accept = {.then = take_accepted};
  eddy_listener_accept(listener, &accept.op, rec_cb);
  HANDLE handle = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED, NULL);
  assert_true(handle != INVALID_HANDLE_VALUE);
  turn_until(loop, &accept.finals, 1);
  eddy_stream_t *ends[2] = {adopt(loop, handle), accept.context};
  send_text(loop, ends[0], "named");
  expect_text(loop, ends[1], "named");
  close_pair(loop, ends);
  eddy_listener_close(listener, NULL, NULL);

  assert_int_equal(eddy_addr_parse(&addr, "unix:\\\\.\\pipe\\eddy-\xc3", 0), 0); // cut short
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), EDDY_EINVAL);
  eddy_stream_t *stream = local_stream(loop);
  struct rec connect = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, EDDY_EINVAL);
  close_stream(loop, stream);
}

// A path is a Unix socket's, where the system has them.
static void paths(void **state) {
  eddy_loop_t *loop = LOOP(state);
  char folder[64], text[EDDY_ADDR_TEXT];
  eddy_addr_t addr;
  eddy_listener_t *listener = NULL;
  DWORD length = GetTempPathA(sizeof folder, folder);
  assert_true(length > 0 && length < sizeof folder);
  snprintf(text, sizeof text, "unix:%seddy-%lu", folder, GetCurrentProcessId());
  assert_int_equal(eddy_addr_parse(&addr, text, 0), 0);
  int opened = eddy_listener_open(loop, &addr, NULL, &listener);
  if (opened == 0) {
    eddy_stream_t *ends[2];
    local_connect(loop, listener, &addr, ends);
    send_text(loop, ends[0], "a socket");
    expect_text(loop, ends[1], "a socket");
    close_pair(loop, ends);
    eddy_listener_close(listener, NULL, NULL);
    assert_int_equal(GetFileAttributesA((const char *)addr.bytes), INVALID_FILE_ATTRIBUTES);
  } else {
    assert_true(under_wine());
    assert_int_equal(opened, EDDY_EAFNOSUPPORT);
    eddy_stream_t *stream = local_stream(loop);
    struct rec connect = {0};
    eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
    turn_until(loop, &connect.finals, 1);
    assert_int_equal(connect.result, EDDY_EAFNOSUPPORT);
    close_stream(loop, stream);
  }
}

static void refusals(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream = NULL;
  HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL), in, out;
  int file = open("/dev/null", O_RDONLY);
  assert_int_equal(eddy_stream_adopt(loop, (eddy_native_t)(intptr_t)event, &stream), EDDY_ENOTSOCK);
  assert_int_equal(eddy_stream_adopt(loop, file, &stream), EDDY_ENOTSOCK);
  assert_null(stream);
  close(file);
  int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  assert_int_equal(eddy_stream_adopt(loop, datagrams, &stream), EDDY_ENOTSOCK);
  close(datagrams);
  CloseHandle(event);
  // No option of a socket, no name, no half-close, and it cannot be given away.
  assert_true(CreatePipe(&in, &out, NULL, 0));
  stream = adopt(loop, in);
  int64_t value;
  eddy_addr_t addr;
  struct rec op = {0};
  assert_int_equal(eddy_stream_set_option(stream, EDDY_OPT_NODELAY, 1), EDDY_ENOTSOCK);
  assert_int_equal(eddy_stream_get_option(stream, EDDY_OPT_NODELAY, &value), EDDY_ENOTSOCK);
  assert_int_equal(eddy_stream_peer_address(stream, &addr), 0);
  assert_int_equal(addr.length, 0);
  eddy_stream_release(stream, &op.op, rec_cb);
  turn_until(loop, &op.finals, 1);
  assert_int_equal(op.result, EDDY_ENOTSUP);
  CloseHandle(out);
  assert_int_equal(read_result(loop, stream), 0);
  close_stream(loop, stream);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(overlapped),
                                     FIXTURE_TEST(blocking),
                                     FIXTURE_TEST(blocking_read_cancelled),
                                     FIXTURE_TEST(blocking_write_cancelled),
                                     FIXTURE_TEST(blocking_closed),
                                     FIXTURE_TEST(blocking_pool_read),
                                     FIXTURE_TEST(blocking_both_ways),
                                     FIXTURE_TEST(names),
                                     FIXTURE_TEST(paths),
                                     FIXTURE_TEST(refusals)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has pipes that are no sockets");
#endif
