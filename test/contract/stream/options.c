// Options read back as set; wrong ones are refused; native ones pass through.
#include "tcp.h"

static void reads_back(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream = open_stream(loop);
  const struct {
    uint32_t option;
    int64_t least, most, beyond;
  } exact[] = {{EDDY_OPT_NODELAY, 0, 1, 2},
               {EDDY_OPT_KEEPALIVE, 0, 1, 2},
               {EDDY_OPT_KEEPALIVE_IDLE, 1, 32767, 32768},
               {EDDY_OPT_KEEPALIVE_INTERVAL, 1, 32767, 32768},
               {EDDY_OPT_KEEPALIVE_COUNT, 1, 127, 128},
               {EDDY_OPT_LINGER, -1, 30, INT64_MAX},
               {EDDY_OPT_REUSE_ADDRESS, 0, 1, 2}};
  int64_t value;
  for (int i = 0; i < COUNT(exact); i++) {
    int error = eddy_stream_set_option(stream, exact[i].option, exact[i].least);
    if (KEEPALIVE_TIMES_MAY_LACK && error == EDDY_ENOPROTOOPT) {
      assert_int_equal(eddy_stream_get_option(stream, exact[i].option, &value), error);
      continue;
    }
    const int64_t good[3] = {exact[i].most, exact[i].least, exact[i].most};
    for (int j = 0; j < 3; j++) {
      assert_int_equal(eddy_stream_set_option(stream, exact[i].option, good[j]), 0);
      assert_int_equal(eddy_stream_get_option(stream, exact[i].option, &value), 0);
      assert_int_equal(value, good[j]);
    }
    const int64_t bad[3] = {exact[i].beyond, exact[i].least - 1, INT64_MIN};
    for (int j = 0; j < 3; j++)
      assert_int_equal(eddy_stream_set_option(stream, exact[i].option, bad[j]), EDDY_EINVAL);
    assert_int_equal(eddy_stream_get_option(stream, exact[i].option, &value), 0);
    assert_int_equal(value, exact[i].most); // as before
  }
  close_stream(loop, stream);
}

static void buffer_sizes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream = open_stream(loop);
  const uint32_t options[] = {EDDY_OPT_SEND_BUFFER, EDDY_OPT_RECEIVE_BUFFER};
  for (int i = 0; i < 2; i++) {
    int64_t small = 0, large = 0;
    assert_int_equal(eddy_stream_set_option(stream, options[i], 16384), 0);
    assert_int_equal(eddy_stream_get_option(stream, options[i], &small), 0);
    assert_int_equal(eddy_stream_set_option(stream, options[i], 65536), 0);
    assert_int_equal(eddy_stream_get_option(stream, options[i], &large), 0);
    assert_true(small >= 16384 && large >= 65536 && small < large);
    assert_int_equal(eddy_stream_set_option(stream, options[i], 0), EDDY_EINVAL);
    assert_int_equal(eddy_stream_set_option(stream, options[i], -5), EDDY_EINVAL);
  }
  close_stream(loop, stream);
}

static void unknown_and_misplaced(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream = open_stream(loop);
  int64_t value;
  assert_int_equal(eddy_stream_set_option(stream, 0, 1), EDDY_EINVAL);
  assert_int_equal(eddy_stream_set_option(stream, 11, 1), EDDY_EINVAL);
  assert_int_equal(eddy_stream_set_option(stream, UINT32_MAX, 1), EDDY_EINVAL);
  assert_int_equal(eddy_stream_get_option(stream, 0, &value), EDDY_EINVAL);
  assert_int_equal(eddy_stream_get_option(stream, UINT32_MAX, &value), EDDY_EINVAL);
  assert_true(eddy_stream_set_option(stream, EDDY_OPT_V6ONLY, 1) < 0); // an IPv4 stream
  close_stream(loop, stream);
}

static void native_options(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream = open_stream(loop);
  int value = 1234, got = 0;
  uint32_t size = sizeof got;
  assert_int_equal(
      eddy_stream_set_native_option(stream, SOL_SOCKET, SO_RCVBUF, &value, sizeof value), 0);
  assert_int_equal(eddy_stream_get_native_option(stream, SOL_SOCKET, SO_TYPE, &got, &size), 0);
  assert_int_equal(got, SOCK_STREAM);
  assert_int_equal(size, sizeof got);
  struct linger linger = {0};
  size = 2 * sizeof linger;
  char room[2 * sizeof linger];
  assert_int_equal(eddy_stream_get_native_option(stream, SOL_SOCKET, SO_LINGER, room, &size), 0);
  assert_int_equal(size, sizeof linger);
  assert_int_equal(eddy_stream_set_native_option(stream, IPPROTO_TCP, 9999, &value, sizeof value),
                   EDDY_ENOPROTOOPT);
  assert_int_equal(eddy_stream_set_native_option(stream, SOL_SOCKET, SO_LINGER, &value, 1),
                   SHORT_OPTION_ERROR);
  eddy_stream_close(stream, NULL, NULL);
  turns(loop, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(reads_back), FIXTURE_TEST(buffer_sizes),
                                     FIXTURE_TEST(unknown_and_misplaced),
                                     FIXTURE_TEST(native_options)};
  return RUN_TESTS(tests);
}
