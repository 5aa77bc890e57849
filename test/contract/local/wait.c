// Readiness of local streams: any number of waiters, no data taken.
#include "local.h"

static void levels(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  struct rec in[2] = {0}, out = {0}, gone = {0};
  eddy_stream_wait(ends[0], &out.op, EDDY_WRITABLE | EDDY_READABLE, rec_cb);
  turn_until(loop, &out.finals, 1);
  assert_int_equal(out.result, EDDY_WRITABLE);
  eddy_stream_wait(ends[0], &in[0].op, EDDY_READABLE, rec_cb);
  eddy_stream_wait(ends[0], &in[1].op, EDDY_READABLE, rec_cb);
  turns(loop, 3);
  assert_int_equal(in[0].finals + in[1].finals, 0);
  eddy_cancel(&in[1].op);
  turn_until(loop, &in[1].finals, 1);
  assert_int_equal(in[1].result, EDDY_ECANCELED);
  send_text(loop, ends[1], "ab");
  turn_until(loop, &in[0].finals, 1);
  assert_int_equal(in[0].result, EDDY_READABLE);
  eddy_stream_wait(ends[0], &in[0].op, EDDY_READABLE, rec_cb);
  turn_until(loop, &in[0].finals, 2); // at once: it still holds
  expect_text(loop, ends[0], "ab");
  eddy_stream_wait(ends[0], &gone.op, EDDY_DISCONNECT, rec_cb);
  eddy_stream_wait(ends[0], &in[0].op, EDDY_READABLE, rec_cb);
  turns(loop, 3);
  assert_int_equal(gone.finals, 0);
  assert_int_equal(in[0].finals, 2);
  close_stream(loop, ends[1]);
  turn_until(loop, &gone.finals, 1);
  turn_until(loop, &in[0].finals, 3);
  assert_true(gone.result & EDDY_DISCONNECT);
  assert_true(in[0].result & EDDY_READABLE);
  close_stream(loop, ends[0]);
}

// Beside a read: the read gets the bytes, the waiter hears of what comes after it or together with it.
static void beside_a_read(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  char room[2];
  eddy_buf_t one = buffer(room, 1);
  struct rec read = {0}, wait = {0};
  eddy_stream_read(ends[0], &read.op, &one, 1, rec_cb);
  eddy_stream_wait(ends[0], &wait.op, EDDY_READABLE, rec_cb);
  turns(loop, 2);
  send_text(loop, ends[1], "xyz");
  turn_until(loop, &read.finals, 1);
  turn_until(loop, &wait.finals, 1);
  assert_int_equal(read.result, 1);
  assert_int_equal(wait.result, EDDY_READABLE);
  expect_text(loop, ends[0], "yz");
  close_pair(loop, ends);
}

// A wait for the end that starts behind unread bytes: it hears of the end once they are read.
static void end_behind_bytes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  send_text(loop, ends[1], "unread");
  struct rec gone = {0};
  eddy_stream_wait(ends[0], &gone.op, EDDY_DISCONNECT, rec_cb);
  turns(loop, 3);
  assert_int_equal(gone.finals, 0);
  expect_text(loop, ends[0], "unread");
  turns(loop, 3);
  assert_int_equal(gone.finals, 0);
  close_stream(loop, ends[1]);
  turn_until(loop, &gone.finals, 1);
  assert_true(gone.result & EDDY_DISCONNECT);
  close_stream(loop, ends[0]);
}

static void count(eddy_op_t *op, int64_t result) {
  if (result == 0 && eddy_op_more(op)) ++*(int *)op->data;
}

// Everything that can wait does, and the loop sleeps meanwhile.
static void idle(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2], *pooled[2];
  eddy_addr_t addr;
  int rounds = 0;
  local_pair(loop, ends);
  local_pair(loop, pooled);
  eddy_listener_t *listener = local_listen(loop, &addr);
  eddy_pool_t *pool = open_pool(loop, 2, 64);
  char byte;
  eddy_buf_t in = buffer(&byte, 1);
  eddy_op_t hook = {.data = &rounds};
  struct rec read = {0}, wait = {0}, gone = {0}, many = {0}, accept = {0}, end = {0};
  eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
  eddy_stream_wait(ends[0], &wait.op, EDDY_READABLE, rec_cb);
  eddy_stream_wait(ends[1], &gone.op, EDDY_DISCONNECT | EDDY_PRIORITY, rec_cb);
  eddy_stream_read_pool(pooled[0], &many.op, pool, 0, rec_cb);
  eddy_listener_accept(listener, &accept.op, rec_cb);
  turns(loop, 5);
  eddy_hook_before_wait(loop, &hook, count);
  turn_for(loop, 200 * EDDY_MILLISECOND);
  assert_true(rounds < 40);
  eddy_cancel(&hook);
  eddy_listener_close(listener, NULL, NULL);
  close_pair(loop, ends);
  close_pair(loop, pooled);
  eddy_pool_close(pool, &end.op, rec_cb);
  all_ended(loop);
  assert_int_equal(read.calls + wait.calls + gone.calls + many.calls + accept.calls, 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(levels), FIXTURE_TEST(beside_a_read),
                                     FIXTURE_TEST(end_behind_bytes), FIXTURE_TEST(idle)};
  return RUN_TESTS(tests);
}
