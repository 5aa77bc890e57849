// A stream bound to a local address connects from there.
#include "peer.h"

static void connects_from_there(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, local, told;
  struct peer_listener listener = peer_listen(&addr, 4);
  eddy_stream_t *stream = open_stream(loop);
  eddy_addr_parse(&local, "127.0.0.9", 0);
  assert_int_equal(eddy_stream_bind(stream, &local), 0);
  assert_int_equal(eddy_stream_bind(stream, &local), EDDY_EINVAL);
  assert_int_equal(eddy_stream_local_address(stream, &local), 0);
  assert_int_not_equal(local.port, 0);
  struct rec connect = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, 0);
  struct peer peer = peer_accept(&listener);
  peer_sees(&peer, &told);
  assert_true(eddy_addr_equal(&told, &local));
  assert_int_equal(eddy_stream_local_address(stream, &told), 0);
  assert_true(eddy_addr_equal(&told, &local));
  assert_int_equal(eddy_stream_bind(stream, &local), EDDY_EINVAL);
  close_stream(loop, stream);
  peer_close(&peer);
  peer_unlisten(&listener);
}

static void errors(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, other;
  struct peer_listener listener = peer_listen(&addr, 4);
  eddy_stream_t *stream = open_stream(loop);
  assert_int_equal(eddy_stream_bind(stream, &addr), EDDY_EADDRINUSE);
  eddy_addr_parse(&other, "192.0.2.77", 0);
  assert_int_equal(eddy_stream_bind(stream, &other), EDDY_EADDRNOTAVAIL);
  eddy_addr_loopback(&other, EDDY_AF_INET6, 0);
  assert_int_equal(eddy_stream_bind(stream, &other), EDDY_EAFNOSUPPORT);
  eddy_addr_loopback(&other, EDDY_AF_INET, 0);
  assert_int_equal(eddy_stream_bind(stream, &other), 0); // failures left it unbound
  struct rec closed = {0};
  eddy_stream_close(stream, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  stream = open_stream(loop);
  eddy_stream_close(stream, &closed.op, rec_cb);
  assert_int_equal(eddy_stream_bind(stream, &other), EDDY_ECLOSED);
  all_ended(loop);
  peer_unlisten(&listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(connects_from_there), FIXTURE_TEST(errors)};
  return RUN_TESTS(tests);
}
