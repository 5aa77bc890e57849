// Rule 10: a call that is no op and fails leaves the system's own code where eddy_last_os_error finds it, per thread; 0
// when eddy itself gave the error.
#include "needs.h"
#include "tcp.h"

// An error that the system gave, and one that eddy gave.
static void of_the_system(eddy_loop_t *loop) {
  eddy_stream_t *stream;
  assert_true(eddy_stream_adopt(loop, 1 << 20, &stream) < 0);
  assert_true(eddy_last_os_error() != 0);
}

#define SYSTEM(call, error)                                                                        \
  do {                                                                                             \
    assert_int_equal(eddy_stream_open(loop, 999, &unused), EDDY_EAFNOSUPPORT);                     \
    assert_int_equal(eddy_last_os_error(), 0);                                                     \
    assert_int_equal(call, error);                                                                 \
    assert_true(eddy_last_os_error() != 0);                                                        \
    assert_int_equal(eddy_error_from_native(eddy_last_os_error()), error);                         \
  } while (0)

#define OWN(call, error)                                                                           \
  do {                                                                                             \
    of_the_system(loop);                                                                           \
    assert_int_equal(call, error);                                                                 \
    assert_int_equal(eddy_last_os_error(), 0);                                                     \
  } while (0)

static void codes_of_the_system(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *unused, *stream;
  eddy_listener_t *listener, *second;
  eddy_fd_t *fd;
  eddy_addr_t addr;
  int64_t value = 1;
  uint32_t size = sizeof value;
  SYSTEM(eddy_stream_adopt(loop, 1 << 20, &unused), EDDY_EBADF);
  SYSTEM(eddy_listener_adopt(loop, 1 << 20, &listener), EDDY_EBADF);
  SYSTEM(eddy_fd_open(loop, 1 << 20, &fd), EDDY_EBADF);
  listener = listen_loopback(loop, &addr);
  SYSTEM(eddy_listener_open(loop, &addr, NULL, &second), EDDY_EADDRINUSE);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  SYSTEM(eddy_stream_bind(stream, &addr), EDDY_EADDRINUSE);
  assert_true(eddy_stream_set_native_option(stream, -1, 1, &value, 4) < 0);
  assert_true(eddy_last_os_error() != 0);
  assert_int_equal(eddy_stream_open(loop, 999, &unused), EDDY_EAFNOSUPPORT);
  assert_true(eddy_stream_get_native_option(stream, -1, 1, &value, &size) < 0);
  if (HAS_POSIX_FILES) { // Winsock gives no code for these
    assert_true(eddy_last_os_error() != 0);
    SYSTEM(eddy_stream_set_option(stream, EDDY_OPT_V6ONLY, 1), EDDY_ENOPROTOOPT);
    SYSTEM(eddy_listener_set_option(listener, EDDY_OPT_V6ONLY, 1), EDDY_ENOPROTOOPT);
  }
  eddy_stream_close(stream, NULL, NULL);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

static void errors_of_eddy(void **state) {
  eddy_loop_t *loop = LOOP(state), *other;
  eddy_stream_t *stream, *unused;
  eddy_listener_t *listener;
  eddy_pool_t *pool;
  eddy_workers_t *workers;
  eddy_addr_t addr;
  int64_t value;
  eddy_op_t op = {0};
  eddy_loop_options_t no_size = {0};
  eddy_pool_options_t small = {.size = sizeof small, .buffer_size = 1};
  eddy_workers_options_t many = {.size = sizeof many, .threads = 1 << 20};
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  OWN(eddy_loop_open(&no_size, &other), EDDY_EINVAL);
  OWN(eddy_loop_close(loop), EDDY_EBUSY);
  OWN(eddy_loop_after_fork(loop), EDDY_EINVAL);
  OWN(eddy_driver_by_name("none"), EDDY_EINVAL);
  OWN(eddy_driver_probe(999), EDDY_EINVAL);
  OWN(eddy_stream_open(loop, 999, &unused), EDDY_EAFNOSUPPORT);
  OWN(eddy_stream_bind(stream, NULL), EDDY_EINVAL);
  OWN(eddy_stream_set_option(stream, 999, 1), EDDY_EINVAL);
  OWN(eddy_stream_get_option(stream, 999, &value), EDDY_EINVAL);
  OWN(eddy_stream_set_watermarks(stream, 2, 1), EDDY_EINVAL);
  OWN(eddy_stream_peer_address(stream, &addr), EDDY_ENOTCONN);
  OWN(eddy_listener_open(loop, NULL, NULL, &listener), EDDY_EINVAL);
  OWN(eddy_pool_open(loop, &small, &pool), EDDY_EINVAL);
  OWN(eddy_workers_open(&many, &workers), EDDY_EINVAL);
  OWN(eddy_rearm(&op, 1), EDDY_EINVAL);
  OWN(eddy_addr_parse(&addr, "?", 0), EDDY_EINVAL);
  eddy_stream_close(stream, NULL, NULL);
  all_ended(loop);
}

// Neither success nor an op changes it.
static void others_leave_it(void **state) {
  eddy_loop_t *loop = LOOP(state);
  of_the_system(loop);
  int32_t code = eddy_last_os_error();
  struct rec read = {0}, yield = {0};
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  eddy_stream_read(stream, &read.op, NULL, 0, rec_cb);
  eddy_yield(loop, &yield.op, rec_cb);
  eddy_stream_close(stream, NULL, NULL);
  all_ended(loop);
  assert_true(read.result < 0);
  assert_int_equal(eddy_last_os_error(), code);
}

static void *elsewhere(void *argument) {
  eddy_loop_t *own = test_loop();
  eddy_stream_t *stream;
  int32_t before = eddy_last_os_error();
  eddy_stream_open(own, 999, &stream);
  eddy_loop_close(own);
  return before == 0 && eddy_last_os_error() == 0 ? NULL : argument;
}

static void each_thread_has_its_own(void **state) {
  eddy_loop_t *loop = LOOP(state);
  of_the_system(loop);
  int32_t code = eddy_last_os_error();
  pthread_t thread;
  void *wrong;
  assert_int_equal(pthread_create(&thread, NULL, elsewhere, loop), 0);
  pthread_join(thread, &wrong);
  assert_null(wrong);
  assert_int_equal(eddy_last_os_error(), code);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(codes_of_the_system),
      FIXTURE_TEST(errors_of_eddy),
      FIXTURE_TEST(others_leave_it),
      FIXTURE_TEST(each_thread_has_its_own),
  };
  return RUN_TESTS(tests);
}
