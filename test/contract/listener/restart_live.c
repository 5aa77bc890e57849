// A server that ends while a connection of its lives can listen on the same port again at once. (Windows may refuse it
// until the connection has gone: Microsoft says so of SO_EXCLUSIVEADDRUSE, Wine does not do it.)
#include "peer.h"

static void the_port_again(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener, *again;
  struct rec accept = {.then = take_accepted}, closed = {0};
  loopback_of_our_own(&addr);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  eddy_listener_address(listener, &addr);
  struct peer peer = peer_connect(&addr);
  eddy_listener_accept(listener, &accept.op, rec_cb);
  turn_until(loop, &accept.finals, 1);
  eddy_listener_close(listener, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  int error = eddy_listener_open(loop, &addr, NULL, &again);
  if (error && HAS_EXCLUSIVE_PORTS) {
    assert_int_equal(error, EDDY_EADDRINUSE); // and nothing else
  } else {
    assert_int_equal(error, 0);
    struct peer other = peer_connect(&addr);
    assert_true(other.fd >= 0);
    peer_close(&other);
    eddy_listener_close(again, NULL, NULL);
  }
  peer_close(&peer);
  eddy_stream_close(accept.context, NULL, NULL);
  all_ended(loop);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &again), 0);
  eddy_listener_close(again, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(the_port_again)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
