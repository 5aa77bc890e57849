// Rule 3: in the final callback the op is the user's: its memory goes away there, or it starts again.
#include "rule_tools.h"

static int finals;

// The op lies alone in its mapping, which the callback unmaps: a later touch by the library faults.
static void vanish(eddy_op_t *op, int64_t result) {
  (void)result;
  if (eddy_op_more(op)) return;
  finals++;
  page_drop(op, 4096);
}

static eddy_op_t *fresh(void) { return page_take(4096); }

static void rule_3_freed_in_its_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *pooled, *connected;
  eddy_addr_t addr;
  eddy_pool_t *pool;
  eddy_fd_t *fd;
  int ends[2], count = 0;
  finals = 0;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct peer peer = peer_open(loop, PEER_TCP, &stream), other = peer_open(loop, PEER_TCP, &pooled);
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &connected), 0);
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(eddy_fd_open(loop, ends[1], &fd), 0);
  peer_send(&peer, "ab", 2);
  peer_send(&other, "ab", 2);
  peer_close(&other);
  static char data[8];
  eddy_buf_t buf = buffer(data, 1), big = buffer(page_take(1 << 24), 1 << 24);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  eddy_time_t now = eddy_now(loop);

  eddy_op_t *doomed[8];
  for (int i = 0; i < 8; i++) doomed[i] = fresh();
  count += 8;
  eddy_sleep(loop, doomed[0], EDDY_NEVER, vanish);
  eddy_tick(loop, doomed[1], now, EDDY_MILLISECOND, EDDY_TICK_BURST, vanish);
  eddy_hook_idle(loop, doomed[2], vanish);
  eddy_hook_after_wait(loop, doomed[3], vanish);
  eddy_fd_poll(fd, doomed[4], EDDY_WRITABLE, EDDY_POLL_REPEAT, vanish);
  eddy_listener_accept_many(listener, doomed[5], 0, vanish);
  eddy_stream_wait(stream, doomed[6], EDDY_PRIORITY, vanish);
  eddy_op_set_deadline(doomed[7], now + EDDY_MILLISECOND);
  eddy_tick(loop, doomed[7], EDDY_NEVER, 1, EDDY_TICK_BURST, vanish);

  eddy_sleep(loop, fresh(), now, vanish), count++;
  eddy_yield(loop, fresh(), vanish), count++;
  eddy_post(remote, fresh(), vanish), count++;
  eddy_stream_read(stream, fresh(), &buf, 1, vanish), count++;
  eddy_stream_read(stream, fresh(), &buf, 1, vanish), count++;
  eddy_stream_read(stream, fresh(), NULL, 0, vanish), count++;
  eddy_stream_write(stream, fresh(), &buf, 1, vanish), count++;
  eddy_stream_wait_uncongested(stream, fresh(), vanish), count++;
  eddy_stream_connect(connected, fresh(), &addr, vanish), count++;
  eddy_fd_poll(fd, fresh(), EDDY_WRITABLE, 0, vanish), count++;
  eddy_stream_read_pool(pooled, fresh(), pool, 0, vanish), count++;
  turns(loop, 10);
  // A write that is stuck, one behind it, and a shutdown: all end with the close.
  eddy_stream_write(stream, fresh(), &big, 1, vanish), count++;
  eddy_stream_write(stream, fresh(), &buf, 1, vanish), count++;
  eddy_stream_shutdown(stream, fresh(), EDDY_SHUT_WRITE, vanish), count++;
  turns(loop, 10);
  for (int i = 0; i < 7; i++)
    if (i != 6) eddy_cancel(doomed[i]);
  eddy_stream_close(stream, fresh(), vanish), count++;
  eddy_stream_close(pooled, fresh(), vanish), count++;
  eddy_stream_close(connected, fresh(), vanish), count++;
  eddy_fd_close(fd, fresh(), vanish), count++;
  eddy_listener_close(listener, fresh(), vanish), count++;
  eddy_pool_close(pool, fresh(), vanish), count++;
  turn_until(loop, &finals, count);
  assert_int_equal(eddy_loop_run(loop), 0);
  assert_int_equal(finals, count);
  eddy_remote_release(remote);
  page_drop(big.data, big.size);
  close(ends[0]);
  close(ends[1]);
  peer_close(&peer);
}

static eddy_loop_t *the_loop;
static eddy_stream_t *the_stream;
static char byte[1];
static eddy_buf_t room = {byte, 1};

static void again(struct rec *rec, int64_t result) {
  if (rec->finals >= 500) return;
  switch (rec->finals % 4) { // the same op, as something else each time
  case 0: eddy_yield(the_loop, &rec->op, rec_cb); break;
  case 1: eddy_sleep(the_loop, &rec->op, 0, rec_cb); break;
  case 2: eddy_stream_write(the_stream, &rec->op, &room, 1, rec_cb); break;
  default: eddy_stream_read(the_stream, &rec->op, &room, result < 0, rec_cb); break;
  }
}

static void rule_3_restarted_in_its_callback(void **state) {
  the_loop = LOOP(state);
  struct peer peer = peer_open(the_loop, PEER_TCP, &the_stream);
  struct rec rec = {.then = again};
  eddy_yield(the_loop, &rec.op, rec_cb);
  turn_until(the_loop, &rec.finals, 500);
  assert_int_equal(rec.calls, 500);
  eddy_stream_close(the_stream, NULL, NULL);
  peer_close(&peer);
}

static eddy_op_t moved;
static int moved_pending = -1;

static void move(struct rec *rec, int64_t result) {
  (void)result;
  if (eddy_op_more(&rec->op)) return;
  moved_pending = eddy_op_pending(&rec->op);
  moved = rec->op; // an idle op may be copied
  memset(&rec->op, 0xAA, sizeof rec->op);
}

static void rule_3_copied_and_overwritten_in_its_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct rec rec = {.then = move}, copy = {0};
  rec.op.data = &rec;
  eddy_yield(loop, &rec.op, rec_cb);
  eddy_loop_run(loop);
  assert_int_equal(moved_pending, 0);
  assert_ptr_equal(moved.data, &rec);
  copy.op = moved;
  eddy_yield(loop, &copy.op, rec_cb);
  eddy_loop_run(loop);
  assert_int_equal(copy.finals, 1);
  assert_ptr_equal(copy.op.data, &rec);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_3_freed_in_its_callback),
                                     FIXTURE_TEST(rule_3_restarted_in_its_callback),
                                     FIXTURE_TEST(rule_3_copied_and_overwritten_in_its_callback)};
  return RUN_TESTS(tests);
}
