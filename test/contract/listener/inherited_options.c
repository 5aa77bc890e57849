// Accepted streams have the options of their listener.
#include "peer.h"

enum { kNotThere = -2 };

static void inherits(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener;
  eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  eddy_listener_address(listener, &addr);
  const struct {
    uint32_t option;
    int64_t value;
  } set[] = {{EDDY_OPT_KEEPALIVE, 1},           {EDDY_OPT_KEEPALIVE_IDLE, 77},
             {EDDY_OPT_KEEPALIVE_INTERVAL, 11}, {EDDY_OPT_KEEPALIVE_COUNT, 5},
             {EDDY_OPT_RECEIVE_BUFFER, 32768},  {EDDY_OPT_LINGER, 0}};
  int64_t wanted[COUNT(set)], got;
  for (int i = 0; i < COUNT(set); i++) {
    int error = eddy_listener_set_option(listener, set[i].option, set[i].value);
    wanted[i] = kNotThere;
    if (KEEPALIVE_TIMES_MAY_LACK && error == EDDY_ENOPROTOOPT) continue;
    assert_int_equal(error, 0);
    assert_int_equal(eddy_listener_get_option(listener, set[i].option, &wanted[i]), 0);
  }
  struct rec accepted = {.then = take_accepted};
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  struct peer client = peer_connect(&addr);
  turn_until(loop, &accepted.finals, 1);
  for (int i = 0; i < COUNT(set); i++) {
    if (wanted[i] == kNotThere) continue;
    assert_int_equal(eddy_stream_get_option(accepted.context, set[i].option, &got), 0);
    assert_int_equal(got, wanted[i]);
  }
  peer_close(&client);
  eddy_stream_close(accepted.context, NULL, NULL);
  eddy_listener_close(listener, NULL, NULL);
  assert_int_equal(eddy_listener_set_option(listener, EDDY_OPT_KEEPALIVE, 0), EDDY_ECLOSED);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(inherits)};
  return RUN_TESTS(tests);
}
