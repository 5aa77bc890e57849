// Rule 10: errors are eddy's numbers, with the system's code beside; 0 is the end of a stream.
#include "rule_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

static char data[64];

static void expect_read(eddy_loop_t *loop, eddy_stream_t *stream, int64_t result, int native) {
  struct rec read = {0};
  eddy_buf_t buf = buffer(data, sizeof data);
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  turn_until(loop, &read.finals, 1);
  if (read.result != result)
    fail_msg("%s instead of %s", eddy_error_name(read.result), eddy_error_name(result));
  assert_int_equal(eddy_op_os_error(&read.op), native);
  assert_int_equal(eddy_op_result(&read.op), result);
}

static struct rec connect_to(eddy_loop_t *loop, const eddy_addr_t *addr) {
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, addr->family, &stream), 0);
  struct rec connect = {0}, closed = {0};
  eddy_stream_connect(stream, &connect.op, addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  eddy_stream_close(stream, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  return connect;
}

static void rule_10_connect_errors(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_close(listen_loopback(loop, &addr), NULL, NULL);
  turns(loop, 3);
  struct rec refused = connect_to(loop, &addr);
  assert_int_equal(refused.result, EDDY_ECONNREFUSED);
  assert_int_equal(eddy_op_os_error(&refused.op), NATIVE_ECONNREFUSED);
  assert_int_equal(eddy_addr_parse(&addr, "224.0.0.1", 9), 0); // no stream to a multicast address
  struct rec unreachable = connect_to(loop, &addr);
  assert_int_equal(unreachable.result, EDDY_ENETUNREACH);
  assert_int_equal(eddy_op_os_error(&unreachable.op), NATIVE_ENETUNREACH);
}

static void rule_10_end_of_stream_is_0(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  int peer = raw_peer(loop, &stream);
  raw_write(peer, "abc", 3);
  shutdown(peer, SHUT_WR);
  expect_read(loop, stream, 3, 0);
  expect_read(loop, stream, 0, 0);
  expect_read(loop, stream, 0, 0); // and stays
  eddy_stream_close(stream, NULL, NULL);
  close(peer);
}

static void rule_10_reset(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_addr_t addr;
  int peer = raw_peer(loop, &stream);
  raw_reset(peer);
  expect_read(loop, stream, EDDY_ECONNRESET, NATIVE_ECONNRESET);
  assert_int_equal(eddy_stream_peer_address(stream, &addr), 0); // known after a reset too
  eddy_stream_close(stream, NULL, NULL);
}

static void rule_10_broken_pipe_without_a_signal(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  int peer = raw_peer(loop, &stream);
  struct rec shut = {0}, write = {0}, again = {0};
  eddy_buf_t buf = buffer(data, 1);
  eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  eddy_stream_write(stream, &write.op, &buf, 1, rec_cb);
  eddy_stream_shutdown(stream, &again.op, EDDY_SHUT_WRITE, rec_cb);
  turn_until(loop, &write.finals, 1);
  turn_until(loop, &again.finals, 1);
  assert_int_equal(write.result, EDDY_EPIPE);
  assert_int_equal(again.result, EDDY_EPIPE);
  eddy_stream_close(stream, NULL, NULL);
  close(peer);

  // The peer is gone: the kernel's EPIPE, after its reset has come, and no SIGPIPE.
  peer = raw_peer(loop, &stream);
  raw_reset(peer);
  int64_t last = 0;
  for (int i = 0; i < 3; i++) {
    struct rec w = {0};
    eddy_stream_write(stream, &w.op, &buf, 1, rec_cb);
    turn_until(loop, &w.finals, 1);
    last = w.result;
    if (last < 0) assert_true(last == EDDY_EPIPE || last == EDDY_ECONNRESET);
  }
  assert_int_equal(last, WRITE_AFTER_RESET);
  eddy_stream_close(stream, NULL, NULL);
}

static void rule_10_not_connected(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_addr_t addr;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  expect_read(loop, stream, EDDY_ENOTCONN, 0);
  assert_int_equal(eddy_stream_peer_address(stream, &addr), EDDY_ENOTCONN);
  eddy_stream_close(stream, NULL, NULL);
}

static void rule_10_open_errors(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, foreign;
  eddy_stream_t *stream;
  eddy_listener_t *listener = listen_loopback(loop, &addr), *second;
  eddy_fd_t *fd;
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &second), EDDY_EADDRINUSE);
  assert_null(second);
  assert_int_equal(eddy_addr_parse(&foreign, "192.0.2.77", 0), 0);
  assert_int_equal(eddy_listener_open(loop, &foreign, NULL, &second), EDDY_EADDRNOTAVAIL);
  assert_int_equal(eddy_stream_open(loop, 99, &stream), EDDY_EAFNOSUPPORT);
  assert_int_equal(eddy_stream_adopt(loop, 1 << 20, &stream), EDDY_EBADF);
  int file = open("/dev/null", O_RDONLY);
  assert_int_equal(eddy_stream_adopt(loop, file, &stream), EDDY_ENOTSOCK);
  close(file);
  assert_int_equal(eddy_fd_open(loop, file, &fd), EDDY_EBADF);
  eddy_listener_close(listener, NULL, NULL);
}

static void expect_write(eddy_loop_t *loop, eddy_stream_t *stream, void *bytes, int64_t result,
                         int native) {
  struct rec write = {0};
  eddy_buf_t buf = buffer(bytes, 1);
  eddy_stream_write(stream, &write.op, &buf, 1, rec_cb);
  turn_until(loop, &write.finals, 1);
  if (write.result != result)
    fail_msg("%s instead of %s", eddy_error_name(write.result), eddy_error_name(result));
  assert_int_equal(eddy_op_os_error(&write.op), native);
}

// Done behind the library's back: the kernel's word for it.
static void rule_10_shut_down_below(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  int peer = raw_peer(loop, &stream);
  shutdown((int)eddy_stream_native(stream), SHUT_WR);
  expect_write(loop, stream, data, EDDY_EPIPE, NATIVE_EPIPE);
  eddy_stream_close(stream, NULL, NULL);
  close(peer);
}

static void rule_10_connected_below(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_addr_t addr;
  struct sockaddr_in native;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  assert_true(eddy_addr_to_native(&addr, &native, sizeof native) > 0);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  int fd = (int)eddy_stream_native(stream);
  struct pollfd connected = {.fd = fd, .events = POLLOUT};
  connect(fd, (struct sockaddr *)&native, sizeof native);
  assert_int_equal(poll(&connected, 1, 10000), 1);
  connect(fd, (struct sockaddr *)&native,
          sizeof native); // Linux takes a second one for the first's result
  struct rec late = {0};
  eddy_stream_connect(stream, &late.op, &addr, rec_cb);
  turn_until(loop, &late.finals, 1);
  assert_int_equal(late.result, EDDY_EISCONN);
  assert_int_equal(eddy_op_os_error(&late.op), NATIVE_EISCONN);
  eddy_stream_close(stream, NULL, NULL);
  eddy_listener_close(listener, NULL, NULL);
}

static void rule_10_memory_that_faults(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  int peer = raw_peer(loop, &stream);
  void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(page != MAP_FAILED);
  expect_write(loop, stream, page, EDDY_EFAULT, NATIVE_EFAULT);
  munmap(page, 4096);
  eddy_stream_close(stream, NULL, NULL);
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_10_connect_errors),
                                     FIXTURE_TEST(rule_10_end_of_stream_is_0),
                                     FIXTURE_TEST(rule_10_reset),
                                     FIXTURE_TEST(rule_10_broken_pipe_without_a_signal),
                                     FIXTURE_TEST(rule_10_not_connected),
                                     FIXTURE_TEST(rule_10_open_errors),
                                     FIXTURE_TEST(rule_10_shut_down_below),
                                     FIXTURE_TEST(rule_10_connected_below),
                                     FIXTURE_TEST(rule_10_memory_that_faults)};
  return RUN_TESTS(tests);
}
