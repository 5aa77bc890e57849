// A one-shot accept takes one connection, brings its peer's address, and leaves the rest in the kernel.
#include "peer.h"

static void takes_only_one(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, own, peer;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct peer peers[3];
  for (int i = 0; i < 3; i++) peers[i] = peer_connect(&addr);
  accept_queue_wait(eddy_listener_native(listener), 3);
  struct rec accepted = {.then = take_accepted};
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  turn_until(loop, &accepted.finals, 1);
  turns(loop, 5);
  accept_queue_is(eddy_listener_native(listener), 2);
  assert_int_equal(eddy_stream_peer_address(accepted.context, &peer), 0);
  peer_address(&peers[0], &own);
  assert_true(eddy_addr_equal(&peer, &own));
  assert_int_equal(eddy_stream_local_address(accepted.context, &own), 0);
  assert_true(eddy_addr_equal(&own, &addr));
  assert_null(eddy_op_take_stream(&accepted.op)); // taken once
  for (int i = 0; i < 3; i++) peer_close(&peers[i]);
  eddy_stream_close(accepted.context, NULL, NULL);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

static void not_taken_is_closed(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepted = {0};
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  struct peer client = peer_connect(&addr);
  turn_until(loop, &accepted.finals, 1);
  assert_int_equal(accepted.result, 0);
  turns(loop, 2);
  assert_int_equal(peer_drain(&client), 0);
  assert_null(eddy_op_take_stream(&accepted.op));
  peer_close(&client);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

static void in_start_order(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, own, peer;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepts[5] = {0};
  struct peer peers[5];
  for (int i = 0; i < 5; i++) {
    accepts[i].then = take_accepted;
    eddy_listener_accept(listener, &accepts[i].op, rec_cb);
  }
  eddy_cancel(&accepts[2].op);
  for (int i = 0; i < 4; i++) {
    peers[i] = peer_connect(&addr);
    accept_queue_wait(eddy_listener_native(listener), (uint32_t)i + 1);
  }
  turn_until(loop, &accepts[4].finals, 1);
  for (int i = 0, at = 0; i < 5; i++) {
    assert_int_equal(accepts[i].finals, 1);
    assert_int_equal(accepts[i].result, i == 2 ? EDDY_ECANCELED : 0);
    if (i == 2) continue;
    eddy_stream_peer_address(accepts[i].context, &peer);
    peer_address(&peers[at], &own);
    assert_true(eddy_addr_equal(&peer, &own));
    eddy_stream_close(accepts[i].context, NULL, NULL);
    peer_close(&peers[at++]);
  }
  assert_true(accepts[0].order < accepts[1].order && accepts[1].order < accepts[3].order &&
              accepts[3].order < accepts[4].order);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(takes_only_one),
                                     FIXTURE_TEST(not_taken_is_closed),
                                     FIXTURE_TEST(in_start_order)};
  return RUN_TESTS(tests);
}
