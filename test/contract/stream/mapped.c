// A fresh IPv6 stream speaks both stacks: it connects to IPv4 peers by mapped addresses, the unspecified one included,
// which means this machine.
#include "peer.h"

static void connects_to(eddy_loop_t *loop, const char *host) {
  eddy_addr_t addr, peer;
  char text[80];
  struct rec connect = {0};
  int64_t v6only = -1;
  struct peer_listener listener = peer_listen(&addr, 1);
  snprintf(text, sizeof text, "[%s]:%u", host, addr.port);
  assert_int_equal(eddy_addr_parse(&peer, text, 0), 0);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET6, &stream), 0);
  assert_int_equal(eddy_stream_get_option(stream, EDDY_OPT_V6ONLY, &v6only), 0);
  assert_int_equal(v6only, 0);
  eddy_stream_connect(stream, &connect.op, &peer, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, 0);
  struct peer accepted = peer_accept(&listener);
  assert_true(accepted.fd >= 0);
  peer_close(&accepted);
  peer_unlisten(&listener);
  eddy_stream_close(stream, NULL, NULL);
  all_ended(loop);
}

static void mapped_addresses(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  if (eddy_stream_open(loop, EDDY_AF_INET6, &stream) != 0) SKIP("this system has no IPv6");
  eddy_stream_close(stream, NULL, NULL);
  connects_to(loop, "::ffff:127.0.0.1");
  connects_to(loop, "::ffff:0.0.0.0");
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(mapped_addresses)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
