// Rule 5: a deadline is a cancel with another reason, counted from the start, consumed by one start.
#include "rule_tools.h"

static void rule_5_deadline_ends_a_read(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[2][2];
  eddy_buf_t one = buffer(data[0], 2), two = buffer(data[1], 2);
  struct rec read = {0}, queued = {0};
  eddy_time_t at = eddy_update_now(loop) + 10 * EDDY_MILLISECOND;
  eddy_op_set_deadline(&queued.op, at); // it counts although the op only waits in the queue
  eddy_stream_read(stream, &read.op, &one, 1, rec_cb);
  eddy_stream_read(stream, &queued.op, &two, 1, rec_cb);
  turn_until(loop, &queued.finals, 1);
  assert_int_equal(queued.result, EDDY_ETIMEDOUT);
  assert_true(eddy_update_now(loop) >= at);
  assert_int_equal(read.finals, 0);

  // Consumed: the next start has none.
  eddy_stream_read(stream, &queued.op, &two, 1, rec_cb);
  turn_for(loop, 20 * EDDY_MILLISECOND);
  assert_int_equal(queued.finals, 1);
  peer_send(&peer, "ab", 2);
  turn_until(loop, &read.finals, 1);
  peer_send(&peer, "cd", 2);
  turn_until(loop, &queued.finals, 2);
  assert_int_equal(queued.result, 2);
  assert_memory_equal(data[1], "cd", 2);
  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
}

static void rule_5_a_past_deadline_makes_no_attempt(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[4];
  eddy_buf_t buf = buffer(data, 4), out = buffer((char[]){"zz"}, 2);
  struct rec read = {0}, write = {0}, sleep = {0}, yield = {0}, hook = {0};
  peer_send(&peer, "ab", 2);
  turns(loop, 2);
  eddy_time_t past = eddy_update_now(loop);
  eddy_op_set_deadline(&read.op, past);
  eddy_op_set_deadline(&write.op, 1);
  eddy_op_set_deadline(&sleep.op, 0);
  eddy_op_set_deadline(&yield.op, past - 1);
  eddy_op_set_deadline(&hook.op, past - 1);
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
  eddy_sleep(loop, &sleep.op, 0, rec_cb);
  eddy_yield(loop, &yield.op, rec_cb);
  eddy_hook_idle(loop, &hook.op, rec_cb);
  turns(loop, 3);
  assert_int_equal(read.result, EDDY_ETIMEDOUT);
  assert_int_equal(write.result, EDDY_ETIMEDOUT);
  assert_int_equal(sleep.result, EDDY_ETIMEDOUT);
  assert_int_equal(yield.result, EDDY_ETIMEDOUT);
  assert_int_equal(hook.result, EDDY_ETIMEDOUT);
  assert_int_equal(hook.mores, 0);
  assert_int_equal(read.finals + write.finals + sleep.finals + yield.finals + hook.finals, 5);
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  turn_until(loop, &read.finals, 2);
  assert_int_equal(read.result, 2); // the bytes are still there
  eddy_stream_close(stream, NULL, NULL);
  turns(loop, 3);
  assert_int_equal(peer_receive_rest(&peer), 0); // and none were sent
  peer_close(&peer);
}

static void rule_5_deadline_covers_a_multishot_op_as_a_whole(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepts = {0}, tick = {0}, hook = {0}, poll = {0};
  int ends[2];
  eddy_fd_t *fd;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(eddy_fd_open(loop, ends[1], &fd), 0);
  eddy_time_t at = eddy_update_now(loop) + 20 * EDDY_MILLISECOND;
  struct rec *all[] = {&accepts, &tick, &hook, &poll};
  for (int i = 0; i < 4; i++) eddy_op_set_deadline(&all[i]->op, at);
  eddy_listener_accept_many(listener, &accepts.op, 0, rec_cb);
  eddy_tick(loop, &tick.op, eddy_now(loop), EDDY_MILLISECOND, EDDY_TICK_SKIP, rec_cb);
  eddy_hook_before_wait(loop, &hook.op, rec_cb);
  eddy_fd_poll(fd, &poll.op, EDDY_WRITABLE, EDDY_POLL_REPEAT, rec_cb);
  for (int i = 0; i < 4; i++) {
    turn_until(loop, &all[i]->finals, 1);
    assert_int_equal(all[i]->result, EDDY_ETIMEDOUT);
  }
  assert_true(eddy_update_now(loop) >= at);
  assert_true(tick.mores > 0 && hook.mores > 0 && poll.mores > 0);
  assert_int_equal(accepts.mores, 0);
  eddy_listener_close(listener, NULL, NULL);
  eddy_fd_close(fd, NULL, NULL);
  close(ends[0]);
  close(ends[1]);
}

static void rule_5_deadline_can_be_moved_and_taken_away(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[2];
  eddy_buf_t buf = buffer(data, 2);
  struct rec never = {0}, moved = {0};
  eddy_time_t now = eddy_update_now(loop);
  eddy_op_set_deadline(&never.op, now);
  eddy_op_set_deadline(&never.op, EDDY_NEVER);
  eddy_stream_read(stream, &never.op, &buf, 1, rec_cb);
  eddy_op_set_deadline(&moved.op, now + 5 * EDDY_MILLISECOND);
  eddy_stream_read(stream, &moved.op, &buf, 1, rec_cb);
  assert_int_equal(eddy_rearm(&never.op, now), EDDY_EINVAL); // pending without a time
  assert_int_equal(eddy_rearm(&moved.op, now + 30 * EDDY_MILLISECOND), 0);
  turn_until(loop, &moved.finals, 1);
  assert_int_equal(moved.result, EDDY_ETIMEDOUT);
  assert_true(eddy_update_now(loop) >= now + 30 * EDDY_MILLISECOND);
  assert_int_equal(eddy_rearm(&moved.op, now), EDDY_EINVAL); // idle
  assert_int_equal(never.finals, 0);
  eddy_cancel(&never.op);
  assert_int_equal(eddy_rearm(&never.op, now), EDDY_EALREADY);
  turn_until(loop, &never.finals, 1);
  assert_int_equal(never.result, EDDY_ECANCELED);
  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
}

static struct rec late_yield;

static void start_too_late(struct rec *rec, int64_t result) {
  (void)result;
  eddy_loop_t *loop = rec->context;
  eddy_op_set_deadline(&late_yield.op, eddy_now(loop));
  eddy_yield(loop, &late_yield.op, rec_cb);
}

// One that is refused among timers that are due takes none of them with it.
static void rule_5_a_refused_op_leaves_the_timers_alone(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec sleeps[3] = {{.then = start_too_late, .context = loop}};
  late_yield = (struct rec){0};
  for (int i = 0; i < 3; i++) eddy_sleep(loop, &sleeps[i].op, 1, rec_cb);
  turns(loop, 3);
  assert_int_equal(late_yield.finals, 1);
  assert_int_equal(late_yield.result, EDDY_ETIMEDOUT);
  for (int i = 0; i < 3; i++) assert_int_equal(sleeps[i].finals, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_5_deadline_ends_a_read),
                                     FIXTURE_TEST(rule_5_a_past_deadline_makes_no_attempt),
                                     FIXTURE_TEST(rule_5_deadline_covers_a_multishot_op_as_a_whole),
                                     FIXTURE_TEST(rule_5_deadline_can_be_moved_and_taken_away),
                                     FIXTURE_TEST(rule_5_a_refused_op_leaves_the_timers_alone)};
  return RUN_TESTS(tests);
}
