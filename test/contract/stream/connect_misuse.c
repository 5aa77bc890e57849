// Connect where it makes no sense: an error as the op's result, and the stream as it was.
#include "peer.h"

static int64_t connect_result(eddy_loop_t *loop, eddy_stream_t *stream, const eddy_addr_t *addr) {
  struct rec rec = {0};
  eddy_stream_connect(stream, &rec.op, addr, rec_cb);
  turn_until(loop, &rec.finals, 1);
  return rec.result;
}

static void twice(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  struct peer_listener listener = peer_listen(&addr, 4);
  eddy_stream_t *stream = open_stream(loop);
  struct rec first = {0}, second = {0};
  eddy_stream_connect(stream, &first.op, &addr, rec_cb);
  eddy_stream_connect(stream, &second.op, &addr, rec_cb);
  turn_until(loop, &first.finals, 1);
  turn_until(loop, &second.finals, 1);
  assert_int_equal(first.result, 0);
  assert_int_equal(second.result, EDDY_EALREADY);
  assert_int_equal(connect_result(loop, stream, &addr), EDDY_EISCONN);
  struct peer peer = peer_accept(&listener);
  struct rec wrote = {0};
  eddy_buf_t byte = buffer(&(char){'x'}, 1);
  eddy_stream_write(stream, &wrote.op, &byte, 1, rec_cb);
  turn_until(loop, &wrote.finals, 1);
  char got;
  peer_receive(&peer, &got, 1);
  assert_int_equal(got, 'x');
  close_stream(loop, stream);
  peer_close(&peer);
  peer_unlisten(&listener);
}

static void wrong_address(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t six, none = {0}, good;
  struct peer_listener listener = peer_listen(&good, 4);
  eddy_addr_loopback(&six, EDDY_AF_INET6, good.port);
  eddy_stream_t *stream = open_stream(loop);
  assert_int_equal(connect_result(loop, stream, &none), EDDY_EAFNOSUPPORT);
  close_stream(loop, stream);
  stream = open_stream(loop);
  assert_int_equal(connect_result(loop, stream, &six), EDDY_EAFNOSUPPORT);
  close_stream(loop, stream);
  assert_int_equal(eddy_stream_open(loop, 77, &stream), EDDY_EAFNOSUPPORT);
  assert_null(stream);
  peer_unlisten(&listener);
}

static void ops_on_an_idle_stream(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream = open_stream(loop);
  eddy_pool_t *pool = open_pool(loop, 2, 64);
  struct rec ops[5] = {0};
  char room[4];
  eddy_buf_t buf = buffer(room, 4);
  eddy_stream_read(stream, &ops[0].op, &buf, 1, rec_cb);
  eddy_stream_write(stream, &ops[1].op, &buf, 1, rec_cb);
  eddy_stream_read_pool(stream, &ops[2].op, pool, 0, rec_cb);
  eddy_stream_shutdown(stream, &ops[3].op, EDDY_SHUT_WRITE, rec_cb);
  eddy_stream_shutdown(stream, &ops[4].op, EDDY_SHUT_READ, rec_cb);
  all_ended(loop);
  for (int i = 0; i < COUNT(ops); i++) {
    assert_int_equal(ops[i].finals, 1);
    assert_int_equal(ops[i].result, EDDY_ENOTCONN);
  }
  eddy_addr_t addr;
  assert_int_equal(eddy_stream_peer_address(stream, &addr), EDDY_ENOTCONN);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(twice), FIXTURE_TEST(wrong_address),
                                     FIXTURE_TEST(ops_on_an_idle_stream)};
  return RUN_TESTS(tests);
}
