// Connections that are reset before they were accepted, however many in a row, keep nobody from being accepted.
#include "tcp.h"

enum { kResets = 100 };

static eddy_addr_t address;
static int last; // a connection behind them

static void fill_queue(void) {
  for (int i = 0; i < kResets; i++) {
    int fd = raw_connect_from(2, &address);
    assert_true(fd >= 0);
    raw_reset(fd);
  }
  last = raw_connect_from(2, &address);
  assert_true(last >= 0);
}

static int last_is_reset(void) {
  struct pollfd now = {.fd = last, .events = POLLIN};
  return poll(&now, 1, 0) == 1;
}

static void reset_it(struct rec *rec, int64_t result) {
  if (result == 0) eddy_stream_close_reset(eddy_op_take_stream(&rec->op), NULL, NULL);
}

static void all_were_taken(int taken) {
  if (EARLY_RESETS_ARE_ACCEPTED)
    assert_int_equal(taken, kResets + 1);
  else
    assert_true(taken >= 1);
  raw_reset(last);
}

static void many(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_listener_t *listener = listen_loopback(loop, &address);
  fill_queue();
  struct rec accept = {.then = reset_it};
  eddy_listener_accept_many(listener, &accept.op, 0, rec_cb);
  TURN_UNTIL(loop, last_is_reset());
  assert_int_equal(accept.finals, 0);
  all_were_taken(accept.mores);
  eddy_listener_close(listener, NULL, NULL);
  TURN_UNTIL(loop, accept.finals == 1);
  assert_int_equal(accept.result, EDDY_ECANCELED);
  all_ended(loop);
}

static void one_by_one(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_listener_t *listener = listen_loopback(loop, &address);
  fill_queue();
  int taken = 0;
  while (!last_is_reset()) {
    struct rec accept = {.then = reset_it};
    eddy_listener_accept(listener, &accept.op, rec_cb);
    TURN_UNTIL(loop, accept.finals == 1);
    assert_int_equal(accept.result, 0);
    eddy_loop_step(loop, 0); // closes it
    taken++;
  }
  all_were_taken(taken);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(many), FIXTURE_TEST(one_by_one)};
  return RUN_TESTS(tests);
}
