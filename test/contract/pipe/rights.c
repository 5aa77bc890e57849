// Pipe handles of one direction or with few rights, on Windows, and names that no pipe can have.
#include "needs.h"

#if HAS_WINDOWS

#include "local.h"

static void name_of(char name[128]) {
  eddy_addr_t addr;
  local_address(&addr);
  memcpy(name, addr.bytes, addr.length);
  name[addr.length] = 0;
}

static HANDLE server(const char *name, DWORD open, DWORD mode) {
  HANDLE handle = CreateNamedPipeA(name, open | FILE_FLAG_OVERLAPPED, mode, 1, 4096, 4096, 0, NULL);
  assert_true(handle != INVALID_HANDLE_VALUE);
  return handle;
}

static HANDLE client(const char *name, DWORD rights) {
  HANDLE handle = CreateFileA(name, rights, 0, NULL, OPEN_EXISTING, 0, NULL);
  assert_true(handle != INVALID_HANDLE_VALUE);
  return handle;
}

static eddy_stream_t *adopt(eddy_loop_t *loop, HANDLE handle) {
  eddy_stream_t *stream = NULL;
  assert_int_equal(eddy_stream_adopt(loop, (eddy_native_t)(intptr_t)handle, &stream), 0);
  return stream;
}

static int64_t write_result(eddy_loop_t *loop, eddy_stream_t *stream, const char *text) {
  eddy_buf_t out = buffer((void *)(uintptr_t)text, strlen(text));
  struct rec write = {0};
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  turn_until(loop, &write.finals, 1);
  return write.result;
}

static void count_turn(eddy_op_t *op, int64_t result) {
  if (result == 0 && eddy_op_more(op)) ++*(int *)op->data;
}

// Nothing to read is no end: waits stay, and the loop sleeps. A write that fails tells of the end.
static void only_written(eddy_loop_t *loop, eddy_stream_t *out, HANDLE peer) {
  struct rec gone = {0}, in = {0}, room = {0}, pool_read = {0}, end = {0};
  int rounds = 0;
  eddy_op_t hook = {.data = &rounds};
  eddy_stream_wait(out, &gone.op, EDDY_DISCONNECT, rec_cb);
  eddy_stream_wait(out, &in.op, EDDY_READABLE, rec_cb);
  eddy_stream_wait(out, &room.op, EDDY_WRITABLE, rec_cb);
  turn_until(loop, &room.finals, 1);
  assert_int_equal(room.result, EDDY_WRITABLE);
  turns(loop, 3);
  eddy_hook_before_wait(loop, &hook, count_turn);
  turn_for(loop, 100 * EDDY_MILLISECOND);
  eddy_cancel(&hook);
  assert_true(rounds < 40);
  assert_int_equal(gone.finals + in.finals, 0);

  assert_int_equal(read_result(loop, out), EDDY_EACCES);
  eddy_pool_t *pool = open_pool(loop, 2, 64);
  eddy_stream_read_pool(out, &pool_read.op, pool, 0, rec_cb);
  turn_until(loop, &pool_read.finals, 1);
  assert_int_equal(pool_read.result, EDDY_EACCES);
  assert_int_equal(eddy_pool_free(pool), 2);

  assert_int_equal(write_result(loop, out, "hello"), 5);
  char got[8] = {0};
  DWORD size = 0;
  assert_true(ReadFile(peer, got, sizeof got, &size, NULL));
  assert_string_equal(got, "hello");
  assert_int_equal(gone.finals + in.finals, 0);
  CloseHandle(peer);
  assert_int_equal(write_result(loop, out, "nobody"), EDDY_EPIPE);
  turn_until(loop, &gone.finals, 1);
  turn_until(loop, &in.finals, 1);
  assert_true(gone.result & EDDY_DISCONNECT);
  close_stream(loop, out);
  eddy_pool_close(pool, &end.op, rec_cb);
  turn_until(loop, &end.finals, 1);
}

static void an_overlapped_end_for_writing(void **state) {
  char name[128];
  name_of(name);
  HANDLE handle = server(name, PIPE_ACCESS_OUTBOUND, PIPE_TYPE_BYTE);
  HANDLE peer = client(name, GENERIC_READ);
  only_written(LOOP(state), adopt(LOOP(state), handle), peer);
}

static void a_blocking_end_for_writing(void **state) {
  HANDLE in, out;
  assert_true(CreatePipe(&in, &out, NULL, 0));
  only_written(LOOP(state), adopt(LOOP(state), out), in);
}

// Writes are refused, and nothing says that there is room for them.
static void only_read(eddy_loop_t *loop, eddy_stream_t *in, HANDLE peer) {
  struct rec room = {0}, some = {0}, gone = {0}, pool_read = {0}, end = {0};
  DWORD size;
  eddy_stream_wait(in, &room.op, EDDY_WRITABLE, rec_cb);
  eddy_stream_wait(in, &some.op, EDDY_READABLE | EDDY_WRITABLE, rec_cb);
  eddy_stream_wait(in, &gone.op, EDDY_DISCONNECT, rec_cb);
  turn_for(loop, 30 * EDDY_MILLISECOND);
  assert_int_equal(room.finals + some.finals + gone.finals, 0);
  assert_int_equal(write_result(loop, in, "no"), EDDY_EACCES);
  assert_int_equal(room.finals + some.finals + gone.finals, 0);
  assert_true(WriteFile(peer, "abc", 3, &size, NULL));
  turn_until(loop, &some.finals, 1);
  assert_int_equal(some.result, EDDY_READABLE);
  expect_text(loop, in, "abc");
  eddy_pool_t *pool = open_pool(loop, 2, 64);
  eddy_stream_read_pool(in, &pool_read.op, pool, 0, rec_cb);
  turns(loop, 3);
  assert_true(WriteFile(peer, "def", 3, &size, NULL));
  turn_until(loop, &pool_read.mores, 1);
  assert_int_equal(pool_read.last_more, 3);
  CloseHandle(peer);
  turn_until(loop, &pool_read.finals, 1);
  assert_int_equal(pool_read.result, 0);
  turn_until(loop, &gone.finals, 1);
  assert_true(gone.result & EDDY_DISCONNECT);
  eddy_cancel(&room.op);
  turn_until(loop, &room.finals, 1);
  close_stream(loop, in);
  eddy_pool_close(pool, &end.op, rec_cb);
  turn_until(loop, &end.finals, 1);
}

static void an_overlapped_end_for_reading(void **state) {
  char name[128];
  name_of(name);
  HANDLE handle = server(name, PIPE_ACCESS_INBOUND, PIPE_TYPE_BYTE);
  HANDLE peer = client(name, GENERIC_WRITE);
  only_read(LOOP(state), adopt(LOOP(state), handle), peer);
}

static void a_blocking_end_for_reading(void **state) {
  HANDLE in, out;
  assert_true(CreatePipe(&in, &out, NULL, 0));
  only_read(LOOP(state), adopt(LOOP(state), in), out);
}

// A client of a server of one direction gets a stream of the other.
static void clients_of_one_way_servers(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int reads = 0; reads < 2; reads++) {
    eddy_addr_t addr;
    char name[128];
    local_address(&addr);
    memcpy(name, addr.bytes, addr.length);
    name[addr.length] = 0;
    HANDLE peer = CreateNamedPipeA(name, reads ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND,
                                   PIPE_TYPE_BYTE, 1, 4096, 4096, 0, NULL);
    assert_true(peer != INVALID_HANDLE_VALUE);
    eddy_stream_t *stream = local_stream(loop);
    struct rec connect = {0};
    eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
    turn_until(loop, &connect.finals, 1);
    assert_int_equal(connect.result, 0);
    if (reads)
      only_read(loop, stream, peer);
    else
      only_written(loop, stream, peer);
  }
}

static int adopted_with(eddy_loop_t *loop, DWORD type, DWORD rights) {
  char name[128];
  name_of(name);
  HANDLE whole = server(name, PIPE_ACCESS_DUPLEX, type), self = GetCurrentProcess(), weak = NULL;
  HANDLE peer = client(name, GENERIC_READ | GENERIC_WRITE);
  assert_true(DuplicateHandle(self, whole, self, &weak, rights, FALSE, 0));
  eddy_stream_t *stream = NULL;
  int refused = eddy_stream_adopt(loop, (eddy_native_t)(intptr_t)weak, &stream);
  DWORD size;
  if (refused == 0) {
    assert_true(WriteFile(peer, "0123456789", 10, &size, NULL));
    expect_text(loop, stream, "0123");
    expect_text(loop, stream, "456789");
    close_stream(loop, stream);
  } else {
    assert_null(stream);
    CloseHandle(weak);
  }
  CloseHandle(peer);
  CloseHandle(whole);
  return refused;
}

// Messages are never taken for bytes: what can neither be changed nor asked is refused.
static void modes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  const DWORD messages = PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE;
  const DWORD all = GENERIC_READ | GENERIC_WRITE, least = FILE_READ_DATA | SYNCHRONIZE;
  assert_int_equal(adopted_with(loop, messages, all), 0);
  assert_int_equal(adopted_with(loop, messages, least | FILE_WRITE_ATTRIBUTES), 0);
  assert_int_equal(adopted_with(loop, messages, least | FILE_READ_ATTRIBUTES), EDDY_ENOTSUP);
  assert_int_equal(adopted_with(loop, messages, least), EDDY_ENOTSUP);
  assert_int_equal(adopted_with(loop, PIPE_TYPE_BYTE, all), 0);
  assert_int_equal(adopted_with(loop, PIPE_TYPE_BYTE, least | FILE_READ_ATTRIBUTES), 0);
  assert_int_equal(adopted_with(loop, PIPE_TYPE_BYTE, least), EDDY_ENOTSUP);
}

static void a_nul_in_a_name(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *whole = local_listen(loop, &addr), *listener = NULL;
  const size_t length = addr.length;
  addr.bytes[length] = 0; // behind the name of the one that listens
  memcpy(addr.bytes + length + 1, "tail", 4);
  for (size_t more = 1; more <= 5; more += 4) {
    addr.length = (uint16_t)(length + more);
    assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), EDDY_EINVAL);
    assert_null(listener);
    eddy_stream_t *stream = local_stream(loop);
    struct rec connect = {0};
    eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
    turn_until(loop, &connect.finals, 1);
    assert_int_equal(connect.result, EDDY_EINVAL);
    close_stream(loop, stream);
  }
  eddy_listener_close(whole, NULL, NULL);
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
  const struct CMUnitTest tests[] = {LOOP_TEST(an_overlapped_end_for_writing),
                                     LOOP_TEST(a_blocking_end_for_writing),
                                     LOOP_TEST(an_overlapped_end_for_reading),
                                     LOOP_TEST(a_blocking_end_for_reading),
                                     LOOP_TEST(clients_of_one_way_servers),
                                     FIXTURE_TEST(modes),
                                     FIXTURE_TEST(a_nul_in_a_name)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has pipes that are no sockets");
#endif
