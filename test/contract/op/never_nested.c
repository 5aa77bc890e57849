// Rule 2: no callback runs inside a start, cancel, post, close, resume, give or flush, though each of
// these ops could end at once.
#include "rule_tools.h"

static int calling, nested;

static void look(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  if (calling) nested++;
}

#define CALL(call) (calling = 1, (void)(call), calling = 0)

static void rule_2_never_nested_in_starts(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *idle, *pooled;
  eddy_addr_t addr;
  eddy_pool_t *pool;
  eddy_fd_t *fd;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct peer peer = peer_open(loop, PEER_TCP, &stream), other = peer_open(loop, PEER_TCP, &pooled);
  int ends[2];
  nested = 0;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &idle), 0);
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(eddy_fd_open(loop, ends[1], &fd), 0);
  peer_send(&peer, "data", 4);
  peer_send(&other, "data", 4);

  struct rec r[20];
  for (int i = 0; i < 20; i++) r[i] = (struct rec){.then = look};
  char data[8];
  eddy_buf_t buf = buffer(data, 1), none = buffer(data, 0);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  // Twice: the second time the library knows that the sockets are ready.
  for (int round = 0; round < 2; round++) {
    CALL(eddy_stream_read(stream, &r[0].op, &buf, 1, rec_cb));
    CALL(eddy_stream_write(stream, &r[1].op, &buf, 1, rec_cb));
    CALL(eddy_stream_wait(stream, &r[2].op, EDDY_WRITABLE, rec_cb));
    CALL(eddy_stream_wait_uncongested(stream, &r[3].op, rec_cb));
    CALL(eddy_stream_read(stream, &r[4].op, &none, 1, rec_cb)); // EINVAL
    CALL(eddy_stream_read(idle, &r[5].op, &buf, 1, rec_cb));    // ENOTCONN
    CALL(eddy_fd_poll(fd, &r[6].op, EDDY_WRITABLE, 0, rec_cb));
    CALL(eddy_fd_poll(fd, &r[7].op, EDDY_WRITABLE, EDDY_POLL_REPEAT, rec_cb));
    CALL(eddy_sleep(loop, &r[8].op, 0, rec_cb));
    CALL(eddy_tick(loop, &r[9].op, 0, EDDY_SECOND, EDDY_TICK_SKIP, rec_cb));
    CALL(eddy_yield(loop, &r[10].op, rec_cb));
    CALL(eddy_hook_idle(loop, &r[11].op, rec_cb));
    CALL(eddy_post(remote, &r[12].op, rec_cb));
    CALL(eddy_stream_read_pool(pooled, &r[13].op, pool, 0, rec_cb));
    eddy_op_set_deadline(&r[14].op, 1);
    CALL(eddy_stream_write(stream, &r[14].op, &buf, 1, rec_cb)); // ETIMEDOUT
    CALL(eddy_listener_accept_many(listener, &r[15].op, 0, rec_cb));
    CALL(eddy_listener_pause(listener));
    CALL(eddy_listener_resume(listener));
    CALL(eddy_loop_flush(loop));
    CALL(eddy_loop_next_deadline(loop));
    CALL(eddy_update_now(loop));
    for (int i = 0; i < 16; i++) assert_int_equal(r[i].finals, round);
    turns(loop, 3);
    for (int i = 0; i < 16; i++) CALL(eddy_cancel(&r[i].op));
    turn_until(loop, &r[13].finals, round + 1);
    turns(loop, 5);
    for (int i = 0; i < 16; i++) assert_int_equal(r[i].finals, round + 1);
  }
  CALL(eddy_stream_connect(idle, &r[16].op, &addr, rec_cb));
  CALL(eddy_stream_shutdown(stream, &r[17].op, EDDY_SHUT_WRITE, rec_cb));
  CALL(eddy_stream_close(idle, &r[18].op, rec_cb));
  CALL(eddy_stream_release(pooled, &r[19].op, rec_cb));
  CALL(eddy_stream_close(stream, &r[0].op, rec_cb));
  CALL(eddy_listener_close(listener, &r[1].op, rec_cb));
  CALL(eddy_fd_close(fd, &r[2].op, rec_cb));
  CALL(eddy_pool_close(pool, &r[3].op, rec_cb));
  CALL(eddy_loop_flush(loop));
  eddy_loop_run(loop);
  for (int i = 16; i < 20; i++) assert_int_equal(r[i].finals, 1);
  for (int i = 0; i < 4; i++) assert_int_equal(r[i].finals, 3);
  assert_int_equal(nested, 0);
  eddy_remote_release(remote);
  close(ends[0]);
  close(ends[1]);
  peer_close(&peer);
  peer_close(&other);
}

// Inside a callback the same holds: what a callback starts or ends waits until it has returned.
static struct rec started, ended;
static eddy_loop_t *the_loop;

static void start_more(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  CALL(eddy_yield(the_loop, &started.op, rec_cb));
  CALL(eddy_cancel(&ended.op));
}

static void rule_2_never_nested_in_callbacks(void **state) {
  the_loop = LOOP(state);
  nested = 0;
  started = (struct rec){.then = look};
  ended = (struct rec){.then = look};
  struct rec first = {.then = start_more};
  eddy_sleep(the_loop, &ended.op, EDDY_NEVER, rec_cb);
  eddy_yield(the_loop, &first.op, rec_cb);
  eddy_loop_run(the_loop);
  assert_int_equal(started.finals, 1);
  assert_int_equal(ended.result, EDDY_ECANCELED);
  assert_int_equal(nested, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_2_never_nested_in_starts),
                                     FIXTURE_TEST(rule_2_never_nested_in_callbacks)};
  return RUN_TESTS(tests);
}
