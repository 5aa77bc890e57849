// A cancelled multishot accept delivers what it had accepted, and leaks nothing; closing the listener
// closes what is not delivered.
#include "peer.h"

enum { kPeers = 12 };

static int cancel_at;
static eddy_listener_t *close_it;

static void take_then_end(struct rec *rec, int64_t result) {
  (void)result;
  if (!eddy_op_more(&rec->op)) return;
  eddy_stream_t *stream = eddy_op_take_stream(&rec->op);
  assert_non_null(stream);
  eddy_stream_close(stream, NULL, NULL);
  if (rec->mores != cancel_at) return;
  if (close_it)
    eddy_listener_close(close_it, NULL, NULL);
  else
    eddy_cancel(&rec->op);
}

static eddy_listener_t *crowd(eddy_loop_t *loop, struct peer *peers) {
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  for (int i = 0; i < kPeers; i++) peers[i] = peer_connect(&addr);
  accept_queue_wait(eddy_listener_native(listener), kPeers);
  return listener;
}

static void cancel_delivers(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct peer peers[kPeers];
  eddy_listener_t *listener = crowd(loop, peers);
  struct rec many = {.then = take_then_end};
  cancel_at = 3;
  close_it = NULL;
  eddy_listener_accept_many(listener, &many.op, 4, rec_cb);
  turn_until(loop, &many.finals, 1);
  assert_int_equal(many.result, EDDY_ECANCELED);
  assert_true(many.mores >= 3);
  turns(loop, 3);
  // Delivered, or still in the kernel's queue: nothing is lost between, and the listener is as good as new.
  int left = kPeers - many.mores;
  accept_queue_is(eddy_listener_native(listener), (uint32_t)left);
  struct rec rest = {.then = take_then_end};
  cancel_at = 0;
  eddy_listener_accept_many(listener, &rest.op, 0, rec_cb);
  turn_until(loop, &rest.mores, left);
  turns(loop, 3);
  assert_int_equal(rest.mores, left);
  for (int i = 0; i < kPeers; i++) peer_close(&peers[i]);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

static void close_drops(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct peer peers[kPeers];
  struct rec many = {.then = take_then_end};
  close_it = crowd(loop, peers);
  cancel_at = 2;
  eddy_listener_accept_many(close_it, &many.op, 8, rec_cb);
  turn_until(loop, &many.finals, 1);
  assert_int_equal(many.result, EDDY_ECANCELED);
  assert_int_equal(many.mores, 2);
  turns(loop, 3);
  assert_in_range(peers_never_accepted(peers, kPeers), kPeers - 2 - 8, kPeers - 2);
  all_ended(loop);
}

// Ended by a cancel, with payloads under way, and then closed: each is delivered or closed, once.
static void cancel_then_close(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct peer peers[kPeers];
  eddy_listener_t *listener = crowd(loop, peers);
  struct rec many = {.then = take_then_end};
  close_it = NULL;
  cancel_at = 0;
  eddy_listener_accept_many(listener, &many.op, 8, rec_cb);
  eddy_loop_flush(loop);
  eddy_cancel(&many.op);
  eddy_listener_close(listener, NULL, NULL);
  turn_until(loop, &many.finals, 1);
  assert_int_equal(many.result, EDDY_ECANCELED);
  turns(loop, 3);
  assert_in_range(peers_never_accepted(peers, kPeers), 0, kPeers - many.mores);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(cancel_delivers), FIXTURE_TEST(close_drops),
                                     FIXTURE_TEST(cancel_then_close)};
  return RUN_TESTS(tests);
}
