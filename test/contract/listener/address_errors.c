// Opening a listener fails at once, with the reason and no handle.
#include "peer.h"

static void refused_at_once(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, other;
  eddy_listener_t *first = listen_loopback(loop, &addr), *second = (void *)&addr;
  assert_int_not_equal(addr.port, 0);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &second), EDDY_EADDRINUSE);
  assert_null(second);

  // 192.0.2.0/24 is for documentation; .77 is nobody's address here.
  eddy_addr_parse(&other, "192.0.2.77", 0);
  assert_int_equal(eddy_listener_open(loop, &other, NULL, &second), EDDY_EADDRNOTAVAIL);
  assert_null(second);

  memset(&other, 0, sizeof other);
  assert_int_equal(eddy_listener_open(loop, &other, NULL, &second), EDDY_EAFNOSUPPORT);
  other.family = 99;
  assert_int_equal(eddy_listener_open(loop, &other, NULL, &second), EDDY_EAFNOSUPPORT);

  eddy_addr_loopback(&other, EDDY_AF_INET, 0);
  eddy_listen_options_t options = {.size = sizeof options, .flags = 1u << 30};
  assert_int_equal(eddy_listener_open(loop, &other, &options, &second), EDDY_ENOTSUP);
  options = (eddy_listen_options_t){.size = 1};
  assert_int_equal(eddy_listener_open(loop, &other, &options, &second), EDDY_EINVAL);
  struct {
    eddy_listen_options_t known;
    uint32_t tail[2];
  } longer = {.known = {.size = sizeof longer}, .tail = {0, 1}};
  assert_int_equal(eddy_listener_open(loop, &other, &longer.known, &second), EDDY_ENOTSUP);
  longer.tail[1] = 0;
  assert_int_equal(eddy_listener_open(loop, &other, &longer.known, &second), 0);
  eddy_listener_close(second, NULL, NULL);
  eddy_listener_close(first, NULL, NULL);
  all_ended(loop);
}

// A port is free again as soon as its listener's close is told.
static void address_is_free_after_close(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  for (int i = 0; i < 3; i++) {
    struct peer client = peer_connect(&addr);
    struct rec accepted = {.then = take_accepted}, closed = {0};
    eddy_listener_accept(listener, &accepted.op, rec_cb);
    turn_until(loop, &accepted.finals, 1);
    eddy_stream_close(accepted.context, NULL, NULL); // first to close: TIME_WAIT is on this side
    eddy_listener_close(listener, &closed.op, rec_cb);
    turn_until(loop, &closed.finals, 1);
    assert_int_equal(peer_drain(&client), 0);
    peer_close(&client);
    assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  }
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(refused_at_once),
                                     FIXTURE_TEST(address_is_free_after_close)};
  return RUN_TESTS(tests);
}
