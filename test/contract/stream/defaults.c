// What an expert would set is set: no delay of small writes, on either side, unless asked for. Adopting sets nothing.
#include "tcp.h"

static int64_t option_of(eddy_stream_t *stream, uint32_t option) {
  int64_t value = -1;
  assert_int_equal(eddy_stream_get_option(stream, option, &value), 0);
  return value;
}

static void no_delay(eddy_loop_t *loop, uint32_t flags, int accepted_has_it) {
  eddy_listen_options_t options = {.size = sizeof options, .flags = flags};
  eddy_addr_t addr;
  eddy_listener_t *listener = NULL;
  eddy_stream_t *client = open_stream(loop);
  struct rec accept = {.then = take_accepted}, connect = {0};
  eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
  assert_int_equal(eddy_listener_open(loop, &addr, &options, &listener), 0);
  eddy_listener_address(listener, &addr);
  assert_int_equal(option_of(client, EDDY_OPT_NODELAY), 1);
  eddy_listener_accept(listener, &accept.op, rec_cb);
  eddy_stream_connect(client, &connect.op, &addr, rec_cb);
  turn_until(loop, &accept.finals, 1);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(option_of(client, EDDY_OPT_NODELAY), 1);
  assert_int_equal(option_of(accept.context, EDDY_OPT_NODELAY), accepted_has_it);
  close_stream(loop, client);
  close_stream(loop, accept.context);
  eddy_listener_close(listener, NULL, NULL);
}

static void small_writes_are_not_delayed(void **state) { no_delay(LOOP(state), 0, 1); }

static void unless_asked_for(void **state) { no_delay(LOOP(state), EDDY_LISTEN_DELAY, 0); }

static void a_listener_may_change_its_mind(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  int64_t value = -1;
  assert_int_equal(eddy_listener_get_option(listener, EDDY_OPT_NODELAY, &value), 0);
  assert_int_equal(value, 1);
  assert_int_equal(eddy_listener_set_option(listener, EDDY_OPT_NODELAY, 0), 0);
  eddy_listener_close(listener, NULL, NULL);
}

static void adopted_ones_stay_what_they_are(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  int listening = raw_listen(&addr, 2), native = raw_connect(&addr), peer = raw_accept(listening);
  eddy_stream_t *stream = NULL;
  eddy_listener_t *listener = NULL;
  int64_t value = -1;
  assert_int_equal(eddy_stream_adopt(loop, native, &stream), 0);
  assert_int_equal(option_of(stream, EDDY_OPT_NODELAY), 0);
  assert_int_equal(eddy_listener_adopt(loop, listening, &listener), 0);
  assert_int_equal(eddy_listener_get_option(listener, EDDY_OPT_NODELAY, &value), 0);
  assert_int_equal(value, 0);
  close_stream(loop, stream);
  eddy_listener_close(listener, NULL, NULL);
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(small_writes_are_not_delayed), FIXTURE_TEST(unless_asked_for),
      FIXTURE_TEST(a_listener_may_change_its_mind), FIXTURE_TEST(adopted_ones_stay_what_they_are)};
  return RUN_TESTS(tests);
}
