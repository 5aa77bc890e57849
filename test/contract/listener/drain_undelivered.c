// A drain finds connections that were accepted and not yet delivered: each is closed exactly once,
// whether the callback takes it or not.
#include "peer.h"

static void take_and_close(struct rec *rec, int64_t result) {
  eddy_stream_t *stream = result == 0 ? eddy_op_take_stream(&rec->op) : NULL;
  if (stream) eddy_stream_close(stream, NULL, NULL);
}

// Lets the flush accept what came, so that it waits for its callback when the drain begins.
static void accepted_and_waiting(eddy_loop_t *loop, struct rec *accepts, int count,
                                 struct peer *peers) {
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_listener_pause(listener);
  for (int i = 0; i < count; i++) eddy_listener_accept(listener, &accepts[i].op, rec_cb);
  turns(loop, 2);
  for (int i = 0; i < count; i++) peers[i] = peer_connect(&addr);
  accept_queue_wait(eddy_listener_native(listener), (uint32_t)count);
  eddy_listener_resume(listener);
  eddy_loop_flush(loop);
}

static void drain_with(void **state, void (*then)(struct rec *, int64_t)) {
  eddy_loop_t *loop = LOOP(state);
  struct rec accepts[3] = {0};
  struct peer peers[3];
  for (int i = 0; i < 3; i++) accepts[i].then = then;
  accepted_and_waiting(loop, accepts, 3, peers);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  assert_false(eddy_loop_alive(loop)); // a handle closed twice would still be counted as closing
  for (int i = 0; i < 3; i++) {
    assert_int_equal(accepts[i].finals, 1);
    int64_t error = peer_drain(&peers[i]);
    assert_true(error == 0 || error == EDDY_ECONNRESET);
    peer_close(&peers[i]);
  }
}

static void not_taken(void **state) { drain_with(state, NULL); }
static void taken_and_closed(void **state) { drain_with(state, take_and_close); }

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(taken_and_closed), FIXTURE_TEST(not_taken)};
  return RUN_TESTS(tests);
}
