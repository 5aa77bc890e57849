// A filter installed while the loop runs: every wait then fails. Each op of each kind ends once with
// EDDY_ELOST, later starts too; timers and posts go on, and the loop drains and closes.
#include "needs.h"

#if HAS_SECCOMP

#include "trap.h"

enum { kOps = 12 };

static struct rec ops[kOps], late[6], timer, posted;
static char room[64], *big;

static void start_all(eddy_loop_t *loop, eddy_stream_t *a, eddy_stream_t *b, eddy_stream_t *c,
                      eddy_fd_t *fd, eddy_listener_t *listener, eddy_pool_t *pool) {
  eddy_buf_t in = buffer(room, sizeof room), out = buffer(big, 64 << 20);
  int n = 0;
  eddy_stream_read(a, &ops[n++].op, &in, 1, rec_cb);
  eddy_stream_read(a, &ops[n++].op, &in, 1, rec_cb);
  eddy_stream_write(a, &ops[n++].op, &out, 1, rec_cb);
  eddy_stream_write(a, &ops[n++].op, &out, 1, rec_cb);
  eddy_stream_shutdown(a, &ops[n++].op, EDDY_SHUT_WRITE, rec_cb);
  eddy_stream_wait(a, &ops[n++].op, EDDY_DISCONNECT, rec_cb);
  eddy_stream_wait_uncongested(a, &ops[n++].op, rec_cb);
  eddy_stream_read_pool(b, &ops[n++].op, pool, 0, rec_cb);
  eddy_stream_read_pool(c, &ops[n++].op, pool, 1, rec_cb);
  eddy_fd_poll(fd, &ops[n++].op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  eddy_listener_accept_many(listener, &ops[n++].op, 0, rec_cb);
  eddy_sleep(loop, &ops[n++].op, eddy_now(loop) + 1000 * EDDY_SECOND, rec_cb);
  CHECK_EQ(n, kOps);
}

static void lost(void *unused) {
  (void)unused;
  eddy_loop_t *loop = open_with(NULL);
  eddy_stream_t *a, *b, *c;
  eddy_fd_t *fd;
  eddy_addr_t addr;
  int pipes[2];
  CHECK_EQ(pipe(pipes), 0);
  big = calloc(1, 64 << 20);
  tcp_peer(loop, &a);
  tcp_peer(loop, &b);
  tcp_peer(loop, &c);
  CHECK_EQ(eddy_fd_open(loop, pipes[0], &fd), 0);
  eddy_listener_t *listener = NULL;
  eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
  CHECK_EQ(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  eddy_pool_t *pool = pool_of(loop, 4, 4096);
  start_all(loop, a, b, c, fd, listener, pool);
  for (int i = 0; i < 5; i++) eddy_loop_step(loop, 0);
  for (int i = 0; i < kOps; i++) CHECK_EQ(ops[i].calls, 0);

  deny_waits(EPERM);
  for (int i = 0; i < 20; i++) eddy_loop_step(loop, eddy_update_now(loop) + EDDY_MILLISECOND);
  for (int i = 0; i < kOps; i++) {
    if (i == 6 && ops[i].result == 0)
      continue; // not congested any more, once its writes have failed
    if (ops[i].result != EDDY_ELOST) fprintf(stderr, "op %d\n", i);
    CHECK_EQ(ops[i].result, EDDY_ELOST);
    CHECK_EQ(ops[i].calls, 1);
  }
  CHECK_EQ(eddy_loop_native_handle(loop), EDDY_NO_NATIVE);
  CHECK_EQ(eddy_stream_queued(a), 0);

  eddy_buf_t in = buffer(room, sizeof room);
  eddy_stream_read(a, &late[0].op, &in, 1, rec_cb);
  eddy_stream_write(a, &late[1].op, &in, 1, rec_cb);
  eddy_stream_read_pool(b, &late[2].op, pool, 0, rec_cb);
  eddy_fd_poll(fd, &late[3].op, EDDY_READABLE, 0, rec_cb);
  eddy_listener_accept(listener, &late[4].op, rec_cb);
  eddy_stream_wait(c, &late[5].op, EDDY_READABLE, rec_cb);
  eddy_time_t due = eddy_update_now(loop) + 20 * EDDY_MILLISECOND;
  eddy_sleep(loop, &timer.op, due, rec_cb);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  CHECK_EQ(eddy_post(remote, &posted.op, rec_cb), EDDY_PENDING);
  uint64_t burnt = cpu_time();
  int steps = 0;
  while (!timer.finals) {
    CHECK(++steps < 1000);
    eddy_loop_step(loop, EDDY_NEVER);
  }
  CHECK(eddy_update_now(loop) >= due);
  CHECK(cpu_time() - burnt < 150 * EDDY_MILLISECOND);
  CHECK_EQ(timer.result, 0);
  CHECK_EQ(posted.result, 0);
  CHECK_EQ(posted.finals, 1);
  for (int i = 0; i < 6; i++) CHECK_EQ(late[i].result, EDDY_ELOST);
  for (int i = 0; i < 6; i++) CHECK_EQ(late[i].calls, 1);

  eddy_stream_t *none;
  CHECK_EQ(eddy_stream_open(loop, EDDY_AF_INET, &none), EDDY_ELOST);
  struct rec closed = {0};
  eddy_stream_close(a, &closed.op, rec_cb);
  UNTIL(loop, closed.finals);
  CHECK_EQ(closed.result, 0);
  eddy_remote_release(remote);
  end_loop(loop);
}

static void a_late_filter_loses_the_loop(void **state) {
  (void)state;
  run_child(lost, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_late_filter_loses_the_loop)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no seccomp filters here");
#endif
