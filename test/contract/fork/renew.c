// A child that renews the loop: what was pending ends with ECANCELED in the next step, once, and then the
// handles work on kernel objects of its own. The parent does not notice.
#include "needs.h"

#if HAS_FORK

#include "trap.h"

enum { kOps = 9 };

static struct rec ops[kOps], posted;
static char room[16];
static eddy_stream_t *a, *b;
static eddy_listener_t *listener;
static eddy_fd_t *fd;
static eddy_pool_t *pool;
static int peer, pooled_peer, ends[2];
static eddy_addr_t addr;

static void start(eddy_loop_t *loop) {
  eddy_buf_t in = buffer(room, sizeof room);
  memset(ops, 0, sizeof ops);
  eddy_stream_read(a, &ops[0].op, &in, 1, rec_cb);
  eddy_stream_read_pool(b, &ops[1].op, pool, 0, rec_cb);
  eddy_listener_accept(listener, &ops[2].op, rec_cb);
  eddy_fd_poll(fd, &ops[3].op, EDDY_READABLE, 0, rec_cb);
  eddy_stream_wait(a, &ops[4].op, EDDY_DISCONNECT, rec_cb);
  eddy_sleep(loop, &ops[5].op, eddy_now(loop) + 100 * EDDY_SECOND, rec_cb);
  eddy_tick(loop, &ops[6].op, eddy_now(loop) + 100 * EDDY_SECOND, 1, EDDY_TICK_SKIP, rec_cb);
  eddy_hook_after_wait(loop, &ops[7].op, rec_cb);
  eddy_listener_accept_many(listener, &ops[8].op, 0, rec_cb);
}

static void use(eddy_loop_t *loop) {
  CHECK_EQ(write(peer, "one", 3), 3);
  CHECK_EQ(write(pooled_peer, "four", 4), 4);
  CHECK_EQ(write(ends[1], "x", 1), 1);
  int client = socket(AF_INET, SOCK_STREAM, 0), second = socket(AF_INET, SOCK_STREAM, 0);
  connect_raw(client, &addr);
  UNTIL(loop, ops[0].finals && ops[1].mores && ops[2].finals && ops[3].finals);
  connect_raw(second, &addr);
  UNTIL(loop, ops[8].mores);
  CHECK_EQ(ops[0].result, 3);
  CHECK_EQ(ops[1].last_more, 4);
  CHECK_EQ(ops[2].result, 0);
  CHECK_EQ(ops[3].result, EDDY_READABLE);
  CHECK_EQ(ops[8].last_more, 0);
  CHECK(ops[7].mores > 0);
  char taken;
  CHECK_EQ(read(ends[0], &taken, 1), 1);
  struct rec wrote = {0};
  eddy_buf_t out = buffer(room, 3);
  eddy_stream_write(a, &wrote.op, &out, 1, rec_cb);
  UNTIL(loop, wrote.finals);
  CHECK_EQ(wrote.result, 3);
  CHECK_EQ(patient_recv(peer, room, 3, MSG_WAITALL), 3);
  close(client);
  close(second);
}

static void child(void *context) {
  eddy_loop_t *loop = context;
  eddy_remote_t *remote = eddy_loop_remote(loop);
  CHECK_EQ(eddy_loop_after_fork(loop), 0);
  CHECK_EQ(eddy_loop_after_fork(loop), EDDY_EINVAL);
  for (int i = 0; i < kOps; i++) CHECK_EQ(ops[i].finals, 0);
  eddy_loop_step(loop, 0);
  for (int i = 0; i < kOps; i++) {
    CHECK_EQ(ops[i].finals, 1);
    CHECK_EQ(ops[i].result, EDDY_ECANCELED);
  }
  start(loop);
  use(loop);
  CHECK_EQ(eddy_post(remote, &posted.op, rec_cb), EDDY_PENDING);
  UNTIL(loop, posted.finals);
  eddy_remote_release(remote);
  end_loop(loop);
}

static void a_new_life(void **state) {
  eddy_loop_t *loop = LOOP(state);
  CHECK_EQ(eddy_loop_after_fork(loop), EDDY_EINVAL);
  peer = tcp_peer(loop, &a);
  pooled_peer = tcp_peer(loop, &b);
  listener = listen_loopback(loop, &addr);
  pool = pool_of(loop, 4, 4096);
  CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
  CHECK_EQ(eddy_fd_open(loop, ends[0], &fd), 0);
  start(loop);
  eddy_loop_step(loop, 0);
  eddy_loop_step(loop, 0);
  run_child(child, loop);
  for (int i = 0; i < kOps; i++) CHECK_EQ(ops[i].finals, 0);
  use(loop);
  eddy_fd_close(fd, NULL, NULL);
  eddy_loop_drain(loop, EDDY_NEVER);
  close(ends[0]);
  close(ends[1]);
  close(peer);
  close(pooled_peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(a_new_life)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no fork here");
#endif
