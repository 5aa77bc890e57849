// Two listeners share a port when both ask for it; every connection goes to one of them.
#include "needs.h"
#include "peer.h"

enum { kPeers = 24 };

static int total;

static void keep(struct rec *rec, int64_t result) {
  (void)result;
  if (!eddy_op_more(&rec->op)) return;
  eddy_stream_t *stream = eddy_op_take_stream(&rec->op);
  assert_non_null(stream);
  eddy_stream_close(stream, NULL, NULL);
  total++;
}

static void both_accept(void **state) {
  NEEDS(REUSE_PORT);
  eddy_loop_t *loop = LOOP(state);
  eddy_listen_options_t shared = {.size = sizeof shared, .flags = EDDY_LISTEN_REUSE_PORT};
  eddy_listener_t *one, *two, *three;
  eddy_addr_t addr;
  loopback_of_our_own(&addr);
  assert_int_equal(eddy_listener_open(loop, &addr, &shared, &one), 0);
  eddy_listener_address(one, &addr);
  assert_int_equal(eddy_listener_open(loop, &addr, &shared, &two), 0);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &three), EDDY_EADDRINUSE);
  assert_null(three);

  struct rec first = {.then = keep}, second = {.then = keep};
  eddy_listener_accept_many(one, &first.op, 0, rec_cb);
  eddy_listener_accept_many(two, &second.op, 0, rec_cb);
  total = 0;
  struct peer peers[kPeers];
  for (int i = 0; i < kPeers; i++) {
    peers[i] = peer_connect(&addr);
    assert_true(peers[i].fd >= 0);
  }
  turn_until(loop, &total, kPeers);
  assert_int_equal(first.mores + second.mores, kPeers);

  // When one is gone the other has it all.
  struct rec closed = {0};
  eddy_listener_close(one, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(first.result, EDDY_ECANCELED);
  struct peer more = peer_connect(&addr);
  turn_until(loop, &total, kPeers + 1);
  for (int i = 0; i < kPeers; i++) peer_close(&peers[i]);
  peer_close(&more);
  eddy_listener_close(two, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(both_accept)};
  return RUN_TESTS(tests);
}
