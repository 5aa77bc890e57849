// A native listening socket is taken over; what does not listen is refused and stays the caller's.
#include "tcp.h"

static void adopts_a_listener(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, told;
  int native = raw_listen(&addr, 16);
  eddy_listener_t *listener = NULL;
  assert_int_equal(eddy_listener_adopt(loop, native, &listener), 0);
  assert_int_equal(eddy_listener_native(listener), native);
  assert_int_equal(eddy_listener_address(listener, &told), 0);
  assert_true(eddy_addr_equal(&addr, &told));
  assert_true(is_nonblocking(native));
  struct rec accepted = {.then = take_accepted};
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  int fd = raw_connect(&addr);
  turn_until(loop, &accepted.finals, 1);
  assert_int_equal(accepted.result, 0);
  eddy_stream_close(accepted.context, NULL, NULL);
  close(fd);
  struct rec closed = {0};
  eddy_listener_close(listener, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(fcntl(native, F_GETFD), -1); // closed with the handle
  all_ended(loop);
}

static void refuses_the_rest(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_listener_t *listener = NULL;
  int plain = socket(AF_INET, SOCK_STREAM, 0), datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  int file = open("/dev/null", O_RDONLY);
  assert_int_equal(eddy_listener_adopt(loop, plain, &listener), EDDY_EINVAL);
  assert_null(listener);
  assert_int_equal(eddy_listener_adopt(loop, datagrams, &listener), EDDY_ENOTSOCK);
  assert_int_equal(eddy_listener_adopt(loop, file, &listener), EDDY_ENOTSOCK);
  assert_int_equal(eddy_listener_adopt(loop, -1, &listener), EDDY_EBADF);
  assert_false(is_nonblocking(plain)); // nothing changed
  assert_false(fcntl(plain, F_GETFD) & FD_CLOEXEC);
  close(plain);
  close(datagrams);
  assert_int_equal(eddy_listener_adopt(loop, plain, &listener), EDDY_EBADF);
  close(file);

  eddy_addr_t addr;
  int polled = raw_listen(&addr, 1);
  eddy_fd_t *fd = NULL;
  assert_int_equal(eddy_fd_open(loop, polled, &fd), 0);
  assert_int_equal(eddy_listener_adopt(loop, polled, &listener), EDDY_EEXIST);
  eddy_fd_close(fd, NULL, NULL);
  assert_int_equal(eddy_listener_adopt(loop, polled, &listener), 0);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(adopts_a_listener),
                                     FIXTURE_TEST(refuses_the_rest)};
  return RUN_TESTS(tests);
}
