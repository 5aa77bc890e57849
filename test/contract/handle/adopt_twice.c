// One descriptor, one handle of a loop: whatever kind has it, adopting it again gives EDDY_EEXIST and changes nothing.
// When its handle is closed or has given it away, the number is free for the next.
#include "peer.h"

static void nobody_else(eddy_loop_t *loop, eddy_native_t native) {
  eddy_stream_t *stream = NULL;
  eddy_listener_t *listener = NULL;
  eddy_fd_t *fd = NULL;
  assert_true(native != EDDY_NO_NATIVE);
  assert_int_equal(eddy_stream_adopt(loop, native, &stream), EDDY_EEXIST);
  assert_int_equal(eddy_listener_adopt(loop, native, &listener), EDDY_EEXIST);
  assert_int_equal(eddy_fd_open(loop, native, &fd), EDDY_EEXIST);
  assert_true(!stream && !listener && !fd);
}

static void streams(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2], *idle = open_stream(loop), *adopted = NULL;
  stream_pair(loop, &ends[0], &ends[1]); // one opened and connected, one accepted
  nobody_else(loop, eddy_stream_native(idle));
  nobody_else(loop, eddy_stream_native(ends[0]));
  nobody_else(loop, eddy_stream_native(ends[1]));
  close_stream(loop, idle);
  close_stream(loop, ends[0]);
  close_stream(loop, ends[1]);

  eddy_addr_t addr;
  int listening = raw_listen(&addr, 2), native = raw_connect(&addr), peer = raw_accept(listening);
  assert_int_equal(eddy_stream_adopt(loop, native, &adopted), 0);
  nobody_else(loop, native);
  eddy_stream_close(adopted, NULL, NULL);
  nobody_else(loop, native); // until it is closed
  all_ended(loop);
  close(peer);
  close(listening);
}

static void listeners(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr), *adopted = NULL;
  nobody_else(loop, eddy_listener_native(listener));
  eddy_listener_close(listener, NULL, NULL);
  int native = raw_listen(&addr, 2);
  assert_int_equal(eddy_listener_adopt(loop, native, &adopted), 0);
  nobody_else(loop, native);
  eddy_listener_close(adopted, NULL, NULL); // at once, so that the number is free at once
  int next = raw_listen(&addr, 2);
  assert_int_equal(eddy_listener_adopt(loop, next, &adopted), 0);
  eddy_listener_close(adopted, NULL, NULL);
  all_ended(loop);
}

static void foreign_descriptors(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  int native = raw_listen(&addr, 2);
  eddy_fd_t *fd = NULL;
  assert_int_equal(eddy_fd_open(loop, native, &fd), 0);
  nobody_else(loop, native);
  eddy_fd_close(fd, NULL, NULL); // its owner may use the number at once
  assert_int_equal(eddy_fd_open(loop, native, &fd), 0);
  eddy_fd_close(fd, NULL, NULL);
  all_ended(loop);
  close(native);
}

static eddy_native_t released;

static void take_released(struct rec *rec, int64_t result) {
  assert_int_equal(result, 0);
  released = eddy_op_take_native(&rec->op);
}

static void given_away(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec release = {.then = take_released};
  eddy_stream_release(stream, &release.op, rec_cb);
  turn_until(loop, &release.finals, 1);
  assert_int_equal(eddy_stream_adopt(loop, released, &stream), 0);
  nobody_else(loop, released);
  close_stream(loop, stream);
  peer_close(&peer);
}

// A refused one is not remembered.
static void refused_ones(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_stream_t *stream = NULL;
  eddy_listener_t *listener = NULL;
  int native = raw_listen(&addr, 2);
  assert_int_equal(eddy_stream_adopt(loop, native, &stream), EDDY_EINVAL);
  assert_int_equal(eddy_listener_adopt(loop, native, &listener), 0);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
  assert_int_equal(eddy_stream_adopt(loop, native, &stream), EDDY_EBADF);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(streams), FIXTURE_TEST(listeners),
                                     FIXTURE_TEST(foreign_descriptors), FIXTURE_TEST(given_away),
                                     FIXTURE_TEST(refused_ones)};
  return RUN_TESTS(tests);
}
