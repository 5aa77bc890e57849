// Rule 1: every kind of op gets exactly one final callback, from inside run, step or drain.
#include "rule_tools.h"

static int outside; // callbacks while none of them was under way

static void look(struct rec *rec, int64_t result) {
  (void)result;
  if (!eddy_loop_inside(rec->context)) outside++;
}

enum {
  SLEEP,
  TICK,
  YIELD,
  IDLE,
  BEFORE,
  AFTER,
  POST,
  ACCEPT,
  ACCEPTS,
  READ,
  QUEUED,
  READS,
  WAIT,
  POLL,
  POLLS,
  KINDS
};

struct all {
  struct rec recs[KINDS];
  eddy_listener_t *one, *many;
  eddy_stream_t *stream, *pooled;
  eddy_pool_t *pool;
  eddy_fd_t *fd;
  int ends[2];
  struct peer peers[2];
  char data[8];
  eddy_buf_t buf;
};

// One op of every kind that waits, none of which can complete by itself soon.
static void start_all(eddy_loop_t *loop, struct all *all) {
  memset(all, 0, sizeof *all);
  outside = 0;
  eddy_addr_t addr;
  for (int i = 0; i < KINDS; i++) all->recs[i] = (struct rec){.then = look, .context = loop};
  all->one = listen_loopback(loop, &addr);
  all->many = listen_loopback(loop, &addr);
  all->peers[0] = peer_open(loop, PEER_TCP, &all->stream);
  all->peers[1] = peer_open(loop, PEER_TCP, &all->pooled);
  assert_int_equal(eddy_pool_open(loop, NULL, &all->pool), 0);
  assert_int_equal(pipe(all->ends), 0);
  assert_int_equal(eddy_fd_open(loop, all->ends[0], &all->fd), 0);
  all->buf = buffer(all->data, sizeof all->data);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  eddy_time_t late = eddy_now(loop) + 1000 * EDDY_SECOND;
  struct rec *r = all->recs;
  eddy_sleep(loop, &r[SLEEP].op, late, rec_cb);
  eddy_tick(loop, &r[TICK].op, late, EDDY_SECOND, EDDY_TICK_SKIP, rec_cb);
  eddy_yield(loop, &r[YIELD].op, rec_cb);
  eddy_hook_idle(loop, &r[IDLE].op, rec_cb);
  eddy_hook_before_wait(loop, &r[BEFORE].op, rec_cb);
  eddy_hook_after_wait(loop, &r[AFTER].op, rec_cb);
  eddy_post(remote, &r[POST].op, rec_cb);
  eddy_listener_accept(all->one, &r[ACCEPT].op, rec_cb);
  eddy_listener_accept_many(all->many, &r[ACCEPTS].op, 0, rec_cb);
  eddy_stream_read(all->stream, &r[READ].op, &all->buf, 1, rec_cb);
  eddy_stream_read(all->stream, &r[QUEUED].op, &all->buf, 1, rec_cb);
  eddy_stream_read_pool(all->pooled, &r[READS].op, all->pool, 0, rec_cb);
  eddy_stream_wait(all->stream, &r[WAIT].op, EDDY_READABLE, rec_cb);
  eddy_fd_poll(all->fd, &r[POLL].op, EDDY_READABLE, 0, rec_cb);
  eddy_fd_poll(all->fd, &r[POLLS].op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  eddy_remote_release(remote);
  for (int i = 0; i < KINDS; i++) assert_int_equal(r[i].calls, 0);
}

static void close_all(struct all *all) {
  eddy_listener_close(all->one, NULL, NULL);
  eddy_listener_close(all->many, NULL, NULL);
  eddy_stream_close(all->stream, NULL, NULL);
  eddy_stream_close(all->pooled, NULL, NULL);
  eddy_fd_close(all->fd, NULL, NULL);
  eddy_pool_close(all->pool, NULL, NULL);
}

static void check_once(struct all *all) {
  for (int i = 0; i < KINDS; i++) {
    if (all->recs[i].finals != 1) fail_msg("op %d: %d final callbacks", i, all->recs[i].finals);
    assert_int_equal(eddy_op_pending(&all->recs[i].op), 0);
  }
  assert_int_equal(outside, 0);
  close(all->ends[0]);
  close(all->ends[1]);
  peer_close(&all->peers[0]);
  peer_close(&all->peers[1]);
}

static void rule_1_once_when_cancelled(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct all all;
  start_all(loop, &all);
  eddy_loop_step(loop, 0);
  for (int again = 0; again < 3; again++)
    for (int i = 0; i < KINDS; i++) eddy_cancel(&all.recs[i].op);
  turns(loop, 10);
  for (int i = 0; i < KINDS; i++) {
    if (i == POST || i == YIELD) continue; // done before
    assert_int_equal(all.recs[i].result, EDDY_ECANCELED);
  }
  close_all(&all);
  turns(loop, 10);
  check_once(&all);
}

static void rule_1_once_when_closed(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct all all;
  start_all(loop, &all);
  close_all(&all);
  for (int i = 0; i <= AFTER; i++) eddy_cancel(&all.recs[i].op);
  turns(loop, 20);
  check_once(&all);
}

static void rule_1_once_when_drained(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct all all;
  start_all(loop, &all);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  check_once(&all);
}

static void rule_1_once_when_it_succeeds(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct all all;
  start_all(loop, &all);
  struct rec *r = all.recs;
  eddy_rearm(&r[SLEEP].op, eddy_now(loop));
  eddy_rearm(&r[TICK].op, eddy_now(loop));
  peer_send(&all.peers[0], "0123456789abcdefg", 17);
  peer_send(&all.peers[1], "x", 1);
  peer_half_close(&all.peers[1]);
  assert_int_equal(write(all.ends[1], "x", 1), 1);
  turn_until(loop, &r[SLEEP].finals, 1);
  turn_until(loop, &r[TICK].mores, 1);
  turn_until(loop, &r[QUEUED].finals, 1);
  turn_until(loop, &r[READS].finals, 1);
  turn_until(loop, &r[WAIT].finals, 1);
  turn_until(loop, &r[POLLS].mores, 2);
  turn_until(loop, &r[POLL].finals, 1);
  assert_int_equal(r[SLEEP].result, 0);
  assert_int_equal(r[READ].result, 8);
  assert_int_equal(r[QUEUED].result, 8);
  assert_int_equal(r[READS].result, 0);
  assert_int_equal(r[READS].mores, 1);
  assert_int_equal(r[POLL].result, EDDY_READABLE);
  assert_true(r[IDLE].mores > 0 && r[BEFORE].mores > 0 && r[AFTER].mores > 0);
  for (int i = 0; i < KINDS; i++) eddy_cancel(&r[i].op);
  turns(loop, 10);
  close_all(&all);
  turns(loop, 10);
  check_once(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(rule_1_once_when_cancelled), FIXTURE_TEST(rule_1_once_when_closed),
      FIXTURE_TEST(rule_1_once_when_drained), FIXTURE_TEST(rule_1_once_when_it_succeeds)};
  return RUN_TESTS(tests);
}
