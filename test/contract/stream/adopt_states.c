// A socket is adopted in the state in which it is: never connected, bound, connecting, listening, over.
#include "peer.h"

// What was never connected is idle, and connects like a stream that was opened.
static void connects(eddy_loop_t *loop, int native, const eddy_addr_t *to,
                     const eddy_addr_t *from) {
  eddy_stream_t *stream = NULL;
  eddy_addr_t told;
  char byte = 0;
  eddy_buf_t in = buffer(&byte, 1);
  struct rec early = {0}, connect = {0}, read = {0};
  assert_int_equal(eddy_stream_adopt(loop, native, &stream), 0);
  assert_int_equal(eddy_stream_native(stream), native);
  assert_int_equal(eddy_stream_peer_address(stream, &told), EDDY_ENOTCONN);
  eddy_stream_read(stream, &early.op, &in, 1, rec_cb);
  turn_until(loop, &early.finals, 1);
  assert_int_equal(early.result, EDDY_ENOTCONN);
  eddy_stream_connect(stream, &connect.op, to, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, 0);
  assert_int_equal(eddy_stream_local_address(stream, &told), 0);
  if (from) assert_true(eddy_addr_equal(&told, from));
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  turns(loop, 2);
  assert_int_equal(read.calls, 0);
  close_stream(loop, stream);
  assert_int_equal(read.result, EDDY_ECANCELED);
}

static void never_connected(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, own;
  int listening = raw_listen(&addr, 4);
  connects(loop, raw_socket(EDDY_AF_INET), &addr, NULL);
  struct sockaddr_in native = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int bound = raw_socket(EDDY_AF_INET);
  assert_int_equal(bind(bound, (struct sockaddr *)&native, sizeof native), 0);
  raw_address(bound, 0, &own);
  connects(loop, bound, &addr, &own);
  close(listening);
}

static void still_connecting(void **state) {
  NEEDS(CONNECTING_TOLD);
  eddy_loop_t *loop = LOOP(state);
  struct full_listener full;
  full_listener_open(&full);
  struct sockaddr_in to;
  assert_true(eddy_addr_to_native(&full.addr, &to, sizeof to) > 0);
  int native = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(native, (struct sockaddr *)&to, sizeof to), -1);
  eddy_stream_t *stream = NULL;
  eddy_listener_t *listener = NULL;
  assert_int_equal(eddy_stream_adopt(loop, native, &stream), EDDY_EALREADY);
  assert_null(stream);
  assert_int_equal(eddy_listener_adopt(loop, native, &listener), EDDY_EINVAL);
  close(native);
  full_listener_close(&full);
}

// As the header says what to do about it.
static void waited_for(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  int listening = raw_listen(&addr, 4);
  struct sockaddr_in to;
  assert_true(eddy_addr_to_native(&addr, &to, sizeof to) > 0);
  int native = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  connect(native, (struct sockaddr *)&to, sizeof to);
  eddy_fd_t *fd = NULL;
  struct rec poll = {0};
  assert_int_equal(eddy_fd_open(loop, native, &fd), 0);
  eddy_fd_poll(fd, &poll.op, EDDY_WRITABLE, 0, rec_cb);
  turn_until(loop, &poll.finals, 1);
  eddy_fd_close(fd, NULL, NULL);
  eddy_stream_t *stream = NULL;
  eddy_addr_t told;
  assert_int_equal(eddy_stream_adopt(loop, native, &stream), 0);
  assert_int_equal(eddy_stream_peer_address(stream, &told), 0);
  assert_true(eddy_addr_equal(&told, &addr));
  close_stream(loop, stream);
  close(listening);
}

static int64_t read_once(eddy_loop_t *loop, eddy_stream_t *stream) {
  char byte;
  eddy_buf_t in = buffer(&byte, 1);
  struct rec read = {0};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  turn_until(loop, &read.finals, 1);
  return read.result;
}

// What was connected and is not any more has no peer that the system could name; it is not idle for that.
static void over(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  int listening = raw_listen(&addr, 4);
  for (int resets = 0; resets < 2; resets++) {
    int native = raw_connect(&addr), peer = raw_accept(listening);
    if (resets)
      raw_reset(peer);
    else
      close(peer);
    struct pollfd told = {native, POLLIN, 0};
    assert_int_equal(poll(&told, 1, 10000), 1);
    eddy_stream_t *stream = NULL;
    struct rec connect = {0};
    assert_int_equal(eddy_stream_adopt(loop, native, &stream), 0);
    int64_t got = read_once(loop, stream);
    if (resets && !HAS_CONNECTING_TOLD)
      assert_true(got < 0); // Windows names it as it likes
    else
      assert_int_equal(got, resets ? EDDY_ECONNRESET : 0);
    eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
    turn_until(loop, &connect.finals, 1);
    assert_int_equal(connect.result, EDDY_EISCONN);
    close_stream(loop, stream);
  }
  close(listening);
}

static void expect_served(eddy_loop_t *loop, eddy_listener_t *listener) {
  eddy_addr_t addr;
  assert_int_equal(eddy_listener_address(listener, &addr), 0);
  struct rec accept = {.then = take_accepted};
  eddy_listener_accept(listener, &accept.op, rec_cb);
  struct peer peer = peer_connect(&addr);
  assert_true(peer.fd >= 0);
  turn_until(loop, &accept.finals, 1);
  assert_int_equal(accept.result, 0);
  eddy_stream_close(accept.context, NULL, NULL);
  peer_close(&peer);
}

static void bound_ones_listen(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct sockaddr_in native = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int bound = raw_socket(EDDY_AF_INET);
  assert_int_equal(bind(bound, (struct sockaddr *)&native, sizeof native), 0);
  eddy_listener_t *listener = NULL;
  assert_int_equal(eddy_listener_adopt(loop, bound, &listener), 0);
  expect_served(loop, listener);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

static void others_do_not(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = NULL;
  int unbound = raw_socket(EDDY_AF_INET), accepts = raw_listen(&addr, 4);
  int client = raw_connect(&addr), server = raw_accept(accepts);
  assert_int_equal(eddy_listener_adopt(loop, unbound, &listener), EDDY_EINVAL);
  assert_int_equal(eddy_listener_adopt(loop, client, &listener), EDDY_EINVAL);
  assert_int_equal(eddy_listener_adopt(loop, server, &listener), EDDY_EINVAL);
  assert_null(listener);
  raw_send(client, "x", 1); // they are what they were
  char byte;
  raw_receive(server, &byte, 1);
  int fds[] = {unbound, accepts, client, server};
  for (int i = 0; i < COUNT(fds); i++) close(fds[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(never_connected),   FIXTURE_TEST(still_connecting),
      FIXTURE_TEST(waited_for),        FIXTURE_TEST(over),
      FIXTURE_TEST(bound_ones_listen), FIXTURE_TEST(others_do_not)};
  return RUN_TESTS(tests);
}
