// A sandbox, or a kernel, that refuses io_uring from the start: auto falls back to epoll and says why, a ring asked for
// by name and the probe give the reason as an error.
#include "needs.h"

#if HAS_SECCOMP

#include "trap.h"

static void refused(int error) {
  int expected = error == EPERM ? EDDY_EPERM : EDDY_ENOSYS;
  CHECK_EQ(eddy_driver_probe(EDDY_DRIVER_IO_URING), expected);
  CHECK_EQ(eddy_driver_probe(EDDY_DRIVER_EPOLL), 0);

  eddy_loop_options_t options = {.size = sizeof options, .driver = EDDY_DRIVER_IO_URING};
  eddy_loop_t *loop = (eddy_loop_t *)&options;
  CHECK_EQ(eddy_loop_open(&options, &loop), expected);
  CHECK(loop == NULL);
  setenv("EDDY_DRIVER", "io_uring", 1);
  CHECK_EQ(eddy_loop_open(NULL, &loop), expected);

  unsetenv("EDDY_DRIVER");
  loop = open_with(NULL);
  CHECK_EQ(eddy_loop_driver(loop), EDDY_DRIVER_EPOLL);
  const char *why = eddy_loop_driver_reason(loop);
  CHECK(strstr(why, error == EPERM ? "refused" : "does not have"));

  eddy_stream_t *stream;
  int peer = tcp_peer(loop, &stream);
  char in[8];
  struct rec got = {0};
  eddy_buf_t room = buffer(in, sizeof in);
  eddy_stream_read(stream, &got.op, &room, 1, rec_cb);
  CHECK_EQ(write(peer, "hi", 2), 2);
  UNTIL(loop, got.finals);
  CHECK_EQ(got.result, 2);
  eddy_stream_close(stream, NULL, NULL);
  end_loop(loop);
}

static void filtered(void *context) {
  int error = *(int *)context;
  DENY(error, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register);
  refused(error);
}

static void plain(void *context) { refused(*(int *)context); }

// What refuses only a later step of the check is named all the same.
static void refused_later(void *context) {
  DENY(*(int *)context, SYS_io_uring_register);
  int expected = eddy_error_from_native(*(int *)context);
  CHECK_EQ(eddy_driver_probe(EDDY_DRIVER_IO_URING), expected);
  eddy_loop_options_t options = {.size = sizeof options, .driver = EDDY_DRIVER_IO_URING};
  eddy_loop_t *loop;
  CHECK_EQ(eddy_loop_open(&options, &loop), expected);
  unsetenv("EDDY_DRIVER");
  loop = open_with(NULL);
  CHECK_EQ(eddy_loop_driver(loop), EDDY_DRIVER_EPOLL);
  CHECK(*eddy_loop_driver_reason(loop));
  end_loop(loop);
}

static void by_registration(void **state) {
  (void)state;
  run_child(refused_later, &(int){EPERM});
  run_child(refused_later, &(int){ENOMEM});
}

static void by_eperm(void **state) {
  (void)state;
  run_child(filtered, &(int){EPERM});
}

static void by_enosys(void **state) {
  (void)state;
  run_child(filtered, &(int){ENOSYS});
}

// What qemu's user mode, gVisor and old kernels are like.
static void by_the_system(void **state) {
  (void)state;
  if (syscall(SYS_io_uring_setup, 0, NULL) >= 0 || (errno != ENOSYS && errno != EPERM))
    SKIP("this system has io_uring");
  run_child(plain, &(int){errno});
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(by_eperm), cmocka_unit_test(by_enosys),
                                     cmocka_unit_test(by_the_system),
                                     cmocka_unit_test(by_registration)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
RUN_NOTHING("no seccomp filters here");
#endif
