// An IPv6 listener takes IPv4 too, with mapped addresses; a v6-only one does not.
#include "peer.h"

static int have_ipv6(void) {
  eddy_addr_t addr;
  eddy_addr_loopback(&addr, EDDY_AF_INET6, 0);
  struct sockaddr_in6 native;
  assert_true(eddy_addr_to_native(&addr, &native, sizeof native) > 0);
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  int bound = bind(fd, (struct sockaddr *)&native, sizeof native);
  close(fd);
  return bound == 0;
}

static eddy_listener_t *listen_any6(eddy_loop_t *loop, uint32_t flags, eddy_addr_t *addr) {
  eddy_listen_options_t options = {.size = sizeof options, .flags = flags};
  eddy_listener_t *listener = NULL;
  eddy_addr_any(addr, EDDY_AF_INET6, 0);
  assert_int_equal(eddy_listener_open(loop, addr, &options, &listener), 0);
  assert_int_equal(eddy_listener_address(listener, addr), 0);
  return listener;
}

static void dual_stack_maps_ipv4(void **state) {
  if (!have_ipv6()) skip();
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, peer, own;
  eddy_listener_t *listener = listen_any6(loop, 0, &addr);
  const uint16_t families[] = {EDDY_AF_INET, EDDY_AF_INET6};
  for (int i = 0; i < 2; i++) {
    struct rec accepted = {.then = take_accepted};
    eddy_listener_accept(listener, &accepted.op, rec_cb);
    eddy_addr_t target;
    eddy_addr_loopback(&target, families[i], addr.port);
    struct peer client = peer_connect(&target);
    assert_true(client.fd >= 0);
    turn_until(loop, &accepted.finals, 1);
    assert_int_equal(accepted.result, 0);
    assert_int_equal(eddy_stream_peer_address(accepted.context, &peer), 0);
    peer_address(&client, &own);
    if (families[i] == EDDY_AF_INET) {
      static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
      assert_int_equal(peer.family, EDDY_AF_INET6);
      assert_int_equal(peer.port, own.port);
      assert_int_equal(peer.length, 16);
      assert_memory_equal(peer.bytes, mapped, 12);
      assert_memory_equal(peer.bytes + 12, own.bytes, 4);
    } else {
      assert_true(eddy_addr_equal(&peer, &own));
    }
    eddy_stream_close(accepted.context, NULL, NULL);
    peer_close(&client);
  }
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

static void v6only_leaves_ipv4_alone(void **state) {
  if (!have_ipv6()) skip();
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, target;
  eddy_listener_t *six = listen_any6(loop, EDDY_LISTEN_V6ONLY, &addr), *four = NULL;
  int64_t only = 0;
  assert_int_equal(eddy_listener_get_option(six, EDDY_OPT_V6ONLY, &only), 0);
  assert_int_equal(only, 1);
  eddy_addr_loopback(&target, EDDY_AF_INET, addr.port);
  // The IPv4 port may be somebody else's by chance; then it is not ours either.
  int error = eddy_listener_open(loop, &target, NULL, &four);
  if (error) {
    assert_int_equal(error, EDDY_EADDRINUSE);
  } else {
    struct rec accepted = {.then = take_accepted};
    eddy_listener_accept(four, &accepted.op, rec_cb);
    struct peer client = peer_connect(&target);
    turn_until(loop, &accepted.finals, 1);
    accept_queue_is(eddy_listener_native(six), 0);
    peer_close(&client);
    eddy_stream_close(accepted.context, NULL, NULL);
    eddy_listener_close(four, NULL, NULL);
    turns(loop, 3);
    assert_int_equal(peer_connect(&target).fd, -1);
    assert_int_equal(errno, ECONNREFUSED);
  }
  eddy_listener_close(six, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(dual_stack_maps_ipv4),
                                     FIXTURE_TEST(v6only_leaves_ipv4_alone)};
  return RUN_TESTS(tests);
}
