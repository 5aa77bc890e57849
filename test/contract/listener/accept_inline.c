// Rule 2 on accepts: one that ends inside its start call offers its stream until the op is started again.
#include "peer.h"

static void ignore(eddy_op_t *op, int64_t result) { (void)op, (void)result; }

// One that nobody took is closed then.
static void rule_2_inline_accept_not_taken(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct peer peers[4];
  int done = 0;
  for (int i = 0; i < 4; i++) peers[i] = peer_connect(&addr);
  struct rec accepted = {0};
  eddy_op_set_flags(&accepted.op, EDDY_OP_INLINE);
  for (int i = 0; i < 3; i++) {
    int before = accepted.finals;
    int started = eddy_listener_accept(listener, &accepted.op, rec_cb);
    if (started == EDDY_PENDING) turn_until(loop, &accepted.finals, before + 1);
    assert_int_equal(eddy_op_result(&accepted.op), 0);
    done += started == EDDY_DONE;
  }
  eddy_stream_t *last = eddy_op_take_stream(&accepted.op); // by a callback, none is left to take
  assert_null(eddy_op_take_stream(&accepted.op));
  eddy_op_t copy = accepted.op; // must not close what was taken
  eddy_yield(loop, &copy, ignore);
  eddy_yield(loop, &accepted.op, rec_cb);
  turns(loop, 4);
  if (driver_is(loop, EDDY_DRIVER_EPOLL)) {
    assert_int_equal(done, 2); // so this is tested at all
    assert_non_null(last);
  }
  for (int i = 0; i < (last ? 2 : 3); i++) assert_int_equal(peer_drain(&peers[i]), 0);
  if (last) {
    char data = 0;
    assert_int_equal(peer_receive_some(&peers[2], &data, 1), EDDY_EAGAIN); // open
    eddy_stream_close(last, NULL, NULL);
  }
  eddy_listener_close(listener, NULL, NULL);
  turns(loop, 3);
  for (int i = 0; i < 4; i++) peer_close(&peers[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_2_inline_accept_not_taken)};
  return RUN_TESTS(tests);
}
