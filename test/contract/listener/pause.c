// A paused listener leaves connections in the kernel's queue; resumed, it goes on.
#include "peer.h"

static eddy_listener_t *the_listener;

static void take_and_pause(struct rec *rec, int64_t result) {
  (void)result;
  if (!eddy_op_more(&rec->op)) return;
  eddy_stream_close(eddy_op_take_stream(&rec->op), NULL, NULL);
  eddy_listener_pause(the_listener);
}

static void take_only(struct rec *rec, int64_t result) {
  (void)result;
  eddy_stream_t *stream = eddy_op_take_stream(&rec->op);
  if (stream) eddy_stream_close(stream, NULL, NULL);
}

// A paused listener, whose accept has had its turns, and six peers in its queue.
static eddy_listener_t *paused_with_six(eddy_loop_t *loop, struct rec *many, struct peer peers[6]) {
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  *many = (struct rec){.then = take_only};
  eddy_listener_accept_many(listener, &many->op, 0, rec_cb);
  turns(loop, 3);
  eddy_listener_pause(listener);
  eddy_listener_pause(listener); // once more changes nothing
  turns(loop, 2);
  for (int i = 0; i < 6; i++) peers[i] = peer_connect(&addr);
  accept_queue_wait(eddy_listener_native(listener), 6);
  return listener;
}

// Paused while nothing was accepted: all of it stays in the kernel.
static void before_any(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct peer peers[6];
  struct rec many;
  eddy_listener_t *listener = paused_with_six(loop, &many, peers);
  turn_for(loop, 20 * EDDY_MILLISECOND);
  assert_int_equal(many.calls, 0);
  accept_queue_is(eddy_listener_native(listener), 6);
  eddy_listener_resume(listener);
  eddy_listener_resume(listener);
  turn_until(loop, &many.mores, 6);
  for (int i = 0; i < 6; i++) peer_close(&peers[i]);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

// ... as the peers see when it is closed.
static void closed_while_paused(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct peer peers[6];
  struct rec many;
  eddy_listener_t *listener = paused_with_six(loop, &many, peers);
  turns(loop, 4);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
  assert_int_equal(many.mores, 0);
  assert_int_equal(peers_never_accepted(peers, 6), 6);
}

// Paused in each callback, with no accepting ahead: one connection per resume, never two.
static void in_each_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  the_listener = listen_loopback(loop, &addr);
  struct rec many = {.then = take_and_pause};
  struct peer peers[8];
  for (int i = 0; i < 8; i++) peers[i] = peer_connect(&addr);
  accept_queue_wait(eddy_listener_native(the_listener), 8);
  eddy_listener_accept_many(the_listener, &many.op, 1, rec_cb);
  for (int i = 1; i <= 5; i++) {
    turn_until(loop, &many.mores, i);
    turns(loop, 4);
    assert_int_equal(many.mores, i);
    accept_queue_is(eddy_listener_native(the_listener), (uint32_t)(8 - i));
    if (i < 5) eddy_listener_resume(the_listener);
  }
  eddy_listener_close(the_listener, NULL, NULL);
  all_ended(loop);
  assert_int_equal(peers_never_accepted(peers, 8), 3);
}

static void one_shot_waits_too(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_listener_pause(listener);
  struct peer client = peer_connect(&addr);
  accept_queue_wait(eddy_listener_native(listener), 1);
  struct rec one = {.then = take_only}, never = {0};
  eddy_listener_accept(listener, &one.op, rec_cb);
  eddy_listener_accept(listener, &never.op, rec_cb);
  turns(loop, 5);
  assert_int_equal(one.calls, 0);
  eddy_listener_resume(listener);
  turn_until(loop, &one.finals, 1);
  eddy_listener_pause(listener);
  eddy_cancel(&never.op); // a paused accept can be cancelled
  turn_until(loop, &never.finals, 1);
  assert_int_equal(never.result, EDDY_ECANCELED);
  peer_close(&client);
  eddy_listener_close(listener, NULL, NULL); // and a paused listener closed
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(before_any), FIXTURE_TEST(closed_while_paused),
                                     FIXTURE_TEST(in_each_callback),
                                     FIXTURE_TEST(one_shot_waits_too)};
  return RUN_TESTS(tests);
}
