// Rule 8: closing a listener takes effect in the call. Nothing connects afterwards, and its address is free.
#include "peer.h"

static struct peer left[4]; // peers that connected in time, and were not accepted
static int refused;

static void expect_gone(eddy_loop_t *loop, const eddy_addr_t *addr) {
  struct peer late = peer_connect(addr);
  assert_int_equal(late.fd, -1);
  refused++;
  eddy_listener_t *next = NULL;
  assert_int_equal(eddy_listener_open(loop, addr, NULL, &next), 0);
  eddy_listener_close(next, NULL, NULL);
  late = peer_connect(addr);
  assert_int_equal(late.fd, -1);
}

// In the state that `start` has made of it, after some turns in which it has waited.
static void closes(eddy_loop_t *loop, int accepts, int many, int waiting) {
  eddy_addr_t addr, told;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepting[2] = {{.calls = 0}, {.calls = 0}}, closed = {0};
  for (int i = 0; i < accepts; i++) {
    if (many)
      eddy_listener_accept_many(listener, &accepting[i].op, 1, rec_cb);
    else
      eddy_listener_accept(listener, &accepting[i].op, rec_cb);
  }
  turns(loop, 3);
  eddy_listener_pause(listener);
  for (int i = 0; i < waiting; i++) left[i] = peer_connect(&addr);
  eddy_listener_close(listener, &closed.op, rec_cb);
  assert_int_equal(eddy_listener_native(listener), EDDY_NO_NATIVE);
  assert_int_equal(eddy_listener_address(listener, &told), EDDY_ECLOSED);
  assert_int_equal(told.family, EDDY_AF_NONE);
  expect_gone(loop, &addr);
  assert_int_equal(closed.calls, 0);
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(closed.result, 0);
  for (int i = 0; i < accepts; i++) assert_int_equal(accepting[i].result, EDDY_ECANCELED);
  for (int i = 0; i < waiting; i++) peer_close(&left[i]);
}

static void whatever_is_pending(void **state) {
  eddy_loop_t *loop = LOOP(state);
  closes(loop, 0, 0, 0);
  closes(loop, 0, 0, 2);
  closes(loop, 1, 0, 0);
  closes(loop, 2, 0, 2);
  closes(loop, 1, 1, 0);
  closes(loop, 1, 1, 2);
}

static eddy_addr_t own;
static eddy_listener_t *doomed;

static void close_inside(struct rec *rec, int64_t result) {
  eddy_loop_t *loop = rec->context;
  eddy_stream_t *stream = eddy_op_take_stream(&rec->op);
  assert_int_equal(result, 0);
  eddy_listener_close(doomed, NULL, NULL);
  expect_gone(loop, &own);
  eddy_stream_close(stream, NULL, NULL);
}

static void inside_its_own_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  doomed = listen_loopback(loop, &own);
  struct rec accepting = {.then = close_inside, .context = loop};
  refused = 0;
  eddy_listener_accept(doomed, &accepting.op, rec_cb);
  turns(loop, 2);
  struct peer peer = peer_connect(&own);
  turn_until(loop, &accepting.finals, 1);
  assert_int_equal(refused, 1);
  peer_close(&peer);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(whatever_is_pending),
                                     FIXTURE_TEST(inside_its_own_callback)};
  return RUN_TESTS(tests);
}
