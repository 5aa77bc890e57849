// Multishot accept holds no more than its limit of accepted connections that were not yet delivered.
#include "peer.h"

enum { kPeers = 40 };

struct watch {
  struct rec rec;
  eddy_listener_t *listener;
  int last; // the callback that closes the listener
};

static void look(struct rec *rec, int64_t result) {
  struct watch *watch = (struct watch *)(void *)rec;
  if (!eddy_op_more(&rec->op)) return;
  assert_int_equal(result, 0);
  eddy_stream_t *stream = eddy_op_take_stream(&rec->op);
  assert_non_null(stream);
  eddy_stream_close(stream, NULL, NULL);
  if (rec->mores == watch->last) eddy_listener_close(watch->listener, NULL, NULL);
}

static void closed_at(eddy_loop_t *loop, uint32_t asked, int limit, int last) {
  eddy_addr_t addr;
  struct watch watch = {.rec = {.then = look}, .last = last};
  watch.listener = listen_loopback(loop, &addr);
  struct peer peers[kPeers];
  for (int i = 0; i < kPeers; i++) peers[i] = peer_connect(&addr);
  accept_queue_wait(eddy_listener_native(watch.listener), kPeers);
  eddy_listener_accept_many(watch.listener, &watch.rec.op, asked, rec_cb);
  turn_until(loop, &watch.rec.finals, 1);
  assert_int_equal(watch.rec.result, EDDY_ECANCELED);
  assert_int_equal(watch.rec.mores, last);
  all_ended(loop);
  // Taken from the kernel and not in a callback yet: never more than the limit.
  int undelivered = kPeers - peers_never_accepted(peers, kPeers) - last;
  assert_in_range(undelivered, 0, limit);
}

static void bounded(eddy_loop_t *loop, uint32_t asked, int limit) {
  const int lasts[] = {1, 2, 5, 17, kPeers};
  for (int i = 0; i < COUNT(lasts); i++) closed_at(loop, asked, limit, lasts[i]);
}

static void one_at_a_time(void **state) { bounded(LOOP(state), 1, 1); }
static void four_ahead(void **state) { bounded(LOOP(state), 4, 4); }
static void default_is_sixteen(void **state) { bounded(LOOP(state), 0, 16); }

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(one_at_a_time), FIXTURE_TEST(four_ahead),
                                     FIXTURE_TEST(default_is_sixteen)};
  return RUN_TESTS(tests);
}
