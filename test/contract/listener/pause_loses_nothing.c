// Rule 13: a paused listener accepts nothing, loses nothing, and goes on when it is resumed.
#include "rule_tools.h"

static eddy_listener_t *listener;

static void pause_at_first(struct rec *rec, int64_t result) {
  (void)result;
  if (rec->mores == 1) eddy_listener_pause(listener);
}

static void rule_13_pause_and_resume(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  listener = listen_loopback(loop, &addr);
  struct rec accepts = {0};
  eddy_listener_pause(listener);
  eddy_listener_pause(listener);
  eddy_listener_accept_many(listener, &accepts.op, 0, rec_cb);
  struct peer clients[4];
  for (int i = 0; i < 4; i++) {
    clients[i] = peer_connect(&addr);
    assert_true(clients[i].fd >= 0);
  }
  turn_for(loop, 20 * EDDY_MILLISECOND);
  assert_int_equal(accepts.calls, 0);
  eddy_listener_resume(listener);
  eddy_listener_resume(listener);
  turn_until(loop, &accepts.mores, 4);
  eddy_cancel(&accepts.op);
  turn_until(loop, &accepts.finals, 1);
  eddy_listener_close(listener, NULL, NULL);
  for (int i = 0; i < 4; i++) peer_close(&clients[i]);
}

static void rule_13_pause_inside_the_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  listener = listen_loopback(loop, &addr);
  struct rec accepts = {.then = pause_at_first};
  eddy_listener_accept_many(listener, &accepts.op, 1, rec_cb); // 1: nothing is accepted ahead
  struct peer clients[3];
  for (int i = 0; i < 3; i++) {
    clients[i] = peer_connect(&addr);
    assert_true(clients[i].fd >= 0);
  }
  turn_until(loop, &accepts.mores, 1);
  turn_for(loop, 20 * EDDY_MILLISECOND);
  assert_int_equal(accepts.mores, 1);
  eddy_listener_resume(listener);
  turn_until(loop, &accepts.mores, 3);
  // Cancelled and closed while paused.
  eddy_listener_pause(listener);
  eddy_cancel(&accepts.op);
  turn_until(loop, &accepts.finals, 1);
  assert_int_equal(accepts.result, EDDY_ECANCELED);
  eddy_listener_close(listener, NULL, NULL);
  for (int i = 0; i < 3; i++) peer_close(&clients[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_13_pause_and_resume),
                                     FIXTURE_TEST(rule_13_pause_inside_the_callback)};
  return RUN_TESTS(tests);
}
