// Reads and writes started while a connect is pending run after it, in order.
#include "peer.h"

static void queue_behind_connect(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  struct peer_listener listener = peer_listen(&addr, 4);
  eddy_stream_t *stream = open_stream(loop);
  char room[8] = {0}, got[8] = {0};
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec connect = {0}, write1 = {0}, write2 = {0}, shut = {0}, read = {0}, wait = {0};
  eddy_buf_t ab = buffer((char[]){"ab"}, 2), cd = buffer((char[]){"cd"}, 2);
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  eddy_stream_wait(stream, &wait.op, EDDY_WRITABLE, rec_cb);
  eddy_stream_write(stream, &write1.op, &ab, 1, rec_cb);
  eddy_stream_write(stream, &write2.op, &cd, 1, rec_cb);
  eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  turn_until(loop, &shut.finals, 1);
  turn_until(loop, &wait.finals, 1);
  struct peer peer = peer_accept(&listener);
  peer_receive(&peer, got, 4);
  assert_string_equal(got, "abcd");
  assert_int_equal(peer_drain(&peer), 0);
  peer_send(&peer, "xyz", 3);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(connect.result, 0);
  assert_int_equal(write1.result, 2);
  assert_int_equal(write2.result, 2);
  assert_int_equal(shut.result, 0);
  assert_int_equal(wait.result, EDDY_WRITABLE);
  assert_int_equal(read.result, 3);
  assert_string_equal(room, "xyz");
  assert_true(connect.order < write1.order && write1.order < write2.order &&
              write2.order < shut.order && connect.order < wait.order);
  close_stream(loop, stream);
  peer_close(&peer);
  peer_unlisten(&listener);
}

// The peer's bytes are there before the loop looks for the first time: connect still ends first.
static void connect_ends_before_a_read(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  struct peer_listener listener = peer_listen(&addr, 4);
  eddy_stream_t *stream = open_stream(loop);
  char room[8] = {0};
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec connect = {0}, read = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  eddy_loop_flush(loop);
  struct peer peer = peer_accept(&listener);
  peer_send(&peer, "early", 5);
  peer_settled(&peer);
  all_ended(loop);
  assert_int_equal(connect.result, 0);
  assert_int_equal(read.result, 5);
  assert_true(connect.order < read.order);
  close_stream(loop, stream);
  peer_close(&peer);
  peer_unlisten(&listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(queue_behind_connect),
                                     FIXTURE_TEST(connect_ends_before_a_read)};
  return RUN_TESTS(tests);
}
