// Reads that wait for a buffer get it in the order in which they began to wait.
#include "peer.h"

enum { kStreams = 8 };

static int order[kStreams], served;

static void note(struct rec *rec, int64_t result) {
  (void)result;
  if (eddy_op_more(&rec->op) && served < kStreams) order[served++] = (int)(intptr_t)rec->context;
}

static void take(struct rec *rec, int64_t result) {
  (void)result;
  if (eddy_op_more(&rec->op)) eddy_op_take_lease(&rec->op, rec->context);
}

static void first_come_first_served(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_pool_t *pool = open_pool(loop, 1, 64);
  eddy_lease_t lease = {0};
  eddy_stream_t *owner, *streams[kStreams];
  struct peer peers[kStreams], peer = peer_open(loop, PEER_TCP, &owner);
  struct rec holder = {.then = take, .context = &lease}, reads[kStreams] = {0};
  eddy_stream_read_pool(owner, &holder.op, pool, 0, rec_cb);
  peer_send(&peer, "x", 1);
  turn_until(loop, &holder.mores, 1);
  assert_int_equal(eddy_pool_free(pool), 0);
  // They come to wait one after the other, not in the order of their streams.
  for (int i = 0; i < kStreams; i++) peers[i] = peer_open(loop, PEER_TCP, &streams[i]);
  for (int i = 0; i < kStreams; i++) {
    int which = i * 5 % kStreams;
    reads[which] = (struct rec){.then = note, .context = (void *)(intptr_t)which};
    eddy_stream_read_pool(streams[which], &reads[which].op, pool, 0, rec_cb);
    peer_send(&peers[which], "y", 1);
    peer_settled(&peers[which]);
    turns(loop, 3);
  }
  assert_int_equal(served, 0);
  eddy_cancel(&reads[5].op); // the second leaves the queue
  turns(loop, 2);
  assert_int_equal(reads[5].result, EDDY_ECANCELED);
  assert_int_equal(eddy_pool_give(pool, lease.id), 0);
  turn_until(loop, &served, kStreams - 1);
  for (int i = 0, at = 0; i < kStreams; i++)
    if (i * 5 % kStreams != 5) assert_int_equal(order[at++], i * 5 % kStreams);
  for (int i = 0; i < kStreams; i++) {
    peer_close(&peers[i]);
    eddy_stream_close(streams[i], NULL, NULL);
  }
  peer_close(&peer);
  eddy_stream_close(owner, NULL, NULL);
  eddy_pool_close(pool, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(first_come_first_served)};
  return RUN_TESTS(tests);
}
