// Rule 14: drain ends everything, refuses what is new, and tells what is still held.
#include "rule_tools.h"

static eddy_loop_t *the_loop;
static int64_t refusals[3];
static struct rec restarted;

static void start_again(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  refusals[0] = eddy_stream_open(the_loop, EDDY_AF_INET, &stream);
  refusals[1] = eddy_pool_open(the_loop, NULL, &pool);
  refusals[2] = eddy_yield(the_loop, &restarted.op, rec_cb);
}

static void rule_14_drain_refuses_what_is_new(void **state) {
  the_loop = LOOP(state);
  struct rec sleep = {.then = start_again};
  restarted = (struct rec){0};
  eddy_remote_t *remote = eddy_loop_remote(the_loop);
  eddy_sleep(the_loop, &sleep.op, EDDY_NEVER, rec_cb);
  assert_int_equal(eddy_loop_drain(the_loop, eddy_now(the_loop) + 5 * EDDY_SECOND), 0);
  assert_int_equal(sleep.result, EDDY_ECANCELED);
  assert_int_equal(refusals[0], EDDY_ECLOSED);
  assert_int_equal(refusals[1], EDDY_ECLOSED);
  assert_int_equal(refusals[2], EDDY_PENDING); // no failing start
  assert_int_equal(restarted.finals, 1);
  assert_int_equal(restarted.result, EDDY_ECLOSED);
  struct rec post = {0};
  assert_int_equal(eddy_post(remote, &post.op, rec_cb), EDDY_ECLOSED);
  assert_int_equal(eddy_loop_drain(the_loop, 0), 0); // may be called again
  eddy_remote_release(remote);
}

static void close_own_handle(struct rec *rec, int64_t result) {
  (void)result;
  eddy_stream_close(rec->context, NULL, NULL);
}

// A user that closes its handle when its read ends does so in a drain too.
static void rule_14_handles_closed_by_their_user_during_a_drain(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[4];
  eddy_buf_t buf = buffer(data, 4);
  struct rec read = {.then = close_own_handle, .context = stream};
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  assert_int_equal(eddy_loop_drain(loop, eddy_now(loop) + 5 * EDDY_SECOND), 0);
  assert_int_equal(read.finals, 1);
  assert_int_equal(peer_receive_rest(&peer), 0);
  peer_close(&peer);
}

static void rule_14_handles_closed_by_their_user_after_a_drain(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *other;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &other), 0);
  assert_int_equal(eddy_loop_drain(loop, eddy_now(loop) + 5 * EDDY_SECOND), 0);
  struct rec closed = {0};
  eddy_stream_close(other, NULL, NULL);
  eddy_stream_close(stream, &closed.op, rec_cb);
  assert_int_equal(eddy_loop_drain(loop, eddy_now(loop) + 5 * EDDY_SECOND), 0);
  assert_int_equal(closed.finals, 1);
  peer_close(&peer);
}

static eddy_lease_t lease;

static void take_lease(struct rec *rec, int64_t result) {
  (void)result;
  if (eddy_op_more(&rec->op)) eddy_op_take_lease(&rec->op, &lease);
}

static void rule_14_drain_counts_leases(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  struct rec reads = {.then = take_lease};
  eddy_stream_read_pool(stream, &reads.op, pool, 0, rec_cb);
  peer_send(&peer, "abc", 3);
  turn_until(loop, &reads.mores, 1);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 50 * EDDY_MILLISECOND), 1);
  assert_int_equal(reads.finals, 1);
  assert_memory_equal(lease.data, "abc", 3);
  assert_int_equal(eddy_loop_close(loop), EDDY_EBUSY);
  assert_int_equal(eddy_pool_give(pool, lease.id), 0);
  assert_int_equal(eddy_loop_drain(loop, 0), 0);
  peer_close(&peer);
}

// Connections that were accepted but whose callback is still to come are not leaked, nor closed twice.
static void drain_with_undelivered_accepts(eddy_loop_t *loop, int many, int take) {
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec first = {0}, r[3] = {{.then = take ? take_accepted : NULL}};
  r[1].then = r[2].then = r[0].then;
  struct peer clients[4];
  for (int i = 0; i < 4; i++) {
    clients[i] = peer_connect(&addr);
    assert_true(clients[i].fd >= 0);
  }
  // After the first the library may know that more are there, and accept them at once.
  eddy_listener_accept(listener, &first.op, rec_cb);
  turn_until(loop, &first.finals, 1);
  if (many)
    eddy_listener_accept_many(listener, &r[0].op, 0, rec_cb);
  else
    for (int i = 0; i < 3; i++) eddy_listener_accept(listener, &r[i].op, rec_cb);
  eddy_loop_flush(loop);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  assert_int_equal(eddy_loop_alive(loop), 0); // nothing is counted twice
  for (int i = 0; i < (many ? 1 : 3); i++) assert_int_equal(r[i].finals, 1);
  for (int i = 0; i < 4; i++) peer_close(&clients[i]);
}

static void rule_14_drain_with_undelivered_accepts(void **state) {
  drain_with_undelivered_accepts(LOOP(state), 0, 0);
}

static void rule_14_drain_with_undelivered_accepts_taken(void **state) {
  drain_with_undelivered_accepts(LOOP(state), 0, 1);
}

static void rule_14_drain_with_undelivered_payloads(void **state) {
  drain_with_undelivered_accepts(LOOP(state), 1, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(rule_14_drain_refuses_what_is_new),
      FIXTURE_TEST(rule_14_handles_closed_by_their_user_during_a_drain),
      FIXTURE_TEST(rule_14_handles_closed_by_their_user_after_a_drain),
      FIXTURE_TEST(rule_14_drain_counts_leases),
      FIXTURE_TEST(rule_14_drain_with_undelivered_accepts),
      FIXTURE_TEST(rule_14_drain_with_undelivered_accepts_taken),
      FIXTURE_TEST(rule_14_drain_with_undelivered_payloads)};
  return RUN_TESTS(tests);
}
