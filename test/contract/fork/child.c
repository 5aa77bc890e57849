// Rule 15: in a child a loop is left alone, closed or given to eddy_loop_after_fork; the parent's goes on
// as if nothing had happened. Anything else aborts.
#include "needs.h"

#if HAS_FORK

#include "rule_child.h"

struct busy {
  eddy_loop_t *loop;
  eddy_stream_t *stream;
  eddy_listener_t *listener;
  eddy_remote_t *remote;
  eddy_addr_t addr;
  int peer;
  char data[8];
  eddy_buf_t buf;
  struct rec read, accepts, sleep, hook, post;
};

static struct busy busy;

static void make_busy(eddy_loop_t *loop) {
  memset(&busy, 0, sizeof busy);
  busy.loop = loop;
  busy.peer = raw_peer(loop, &busy.stream);
  busy.listener = listen_loopback(loop, &busy.addr);
  busy.remote = eddy_loop_remote(loop);
  busy.buf = buffer(busy.data, sizeof busy.data);
  eddy_stream_read(busy.stream, &busy.read.op, &busy.buf, 1, rec_cb);
  eddy_listener_accept_many(busy.listener, &busy.accepts.op, 0, rec_cb);
  eddy_sleep(loop, &busy.sleep.op, eddy_now(loop) + 1000 * EDDY_SECOND, rec_cb);
  eddy_hook_before_wait(loop, &busy.hook.op, rec_cb);
  eddy_loop_step(loop, 0);
}

// The parent's loop still works, whatever the child did.
static void check_parent(void) {
  assert_int_equal(busy.read.finals + busy.accepts.calls + busy.sleep.calls + busy.hook.finals, 0);
  patient_send(busy.peer, "ab", 2, MSG_NOSIGNAL);
  turn_until(busy.loop, &busy.read.finals, 1);
  assert_int_equal(busy.read.result, 2);
  struct sockaddr_in native;
  eddy_addr_to_native(&busy.addr, &native, sizeof native);
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(client, (struct sockaddr *)&native, sizeof native), 0);
  turn_until(busy.loop, &busy.accepts.mores, 1);
  close(client);
  eddy_cancel(&busy.sleep.op);
  eddy_cancel(&busy.hook.op);
  eddy_stream_close(busy.stream, NULL, NULL);
  eddy_listener_close(busy.listener, NULL, NULL);
  turn_until(busy.loop, &busy.accepts.finals, 1);
  turn_until(busy.loop, &busy.sleep.finals, 1);
  turn_until(busy.loop, &busy.hook.finals, 1);
  eddy_remote_release(busy.remote);
  close(busy.peer);
}

static void leave_alone(void *unused) { (void)unused; }

static void rule_15_left_alone(void **state) {
  make_busy(LOOP(state));
  expect_child(leave_alone, NULL);
  check_parent();
}

static void close_inherited(void *unused) {
  (void)unused;
  CHECK(eddy_loop_close(busy.loop) == 0);
  CHECK(busy.read.calls + busy.accepts.calls + busy.sleep.calls == 0); // calls nothing
  eddy_loop_t *own = test_loop(); // a loop of the child's own works
  struct rec yield = {0};
  eddy_yield(own, &yield.op, rec_cb);
  CHECK(eddy_loop_run(own) == 0 && yield.finals == 1);
  CHECK(eddy_loop_close(own) == 0);
}

static void rule_15_closed(void **state) {
  make_busy(LOOP(state));
  expect_child(close_inherited, NULL);
  check_parent();
}

static void use_again(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(busy.loop) == 0);
  CHECK(busy.read.calls + busy.accepts.calls + busy.sleep.calls == 0); // in the next step
  for (int i = 0; i < 3; i++) eddy_loop_step(busy.loop, 0);
  CHECK(busy.read.finals == 1 && busy.read.result == EDDY_ECANCELED);
  CHECK(busy.accepts.finals == 1 && busy.accepts.result == EDDY_ECANCELED);
  CHECK(busy.sleep.finals == 1 && busy.sleep.result == EDDY_ECANCELED);
  CHECK(busy.hook.finals == 1 && busy.hook.result == EDDY_ECANCELED);
  // Handles stay usable.
  struct rec write = {0}, post = {0}, sleep = {0};
  eddy_buf_t out = buffer((char[]){"child"}, 5);
  eddy_stream_write(busy.stream, &write.op, &out, 1, rec_cb);
  eddy_sleep(busy.loop, &sleep.op, eddy_update_now(busy.loop) + EDDY_MILLISECOND, rec_cb);
  CHECK(eddy_post(busy.remote, &post.op, rec_cb) == EDDY_PENDING);
  CHECK(eddy_loop_run(busy.loop) == 0);
  CHECK(write.result == 5 && post.finals == 1 && sleep.result == 0);
  CHECK(eddy_loop_after_fork(busy.loop) == EDDY_EINVAL); // no fork since
  CHECK(eddy_loop_drain(busy.loop, eddy_now(busy.loop) + EDDY_SECOND) == 0);
  CHECK(eddy_loop_close(busy.loop) == 0);
}

static void rule_15_after_fork(void **state) {
  make_busy(LOOP(state));
  assert_int_equal(eddy_loop_after_fork(busy.loop), EDDY_EINVAL);
  expect_child(use_again, NULL);
  char data[8];
  assert_int_equal(patient_recv(busy.peer, data, 8, 0), 5);
  check_parent();
}

static void posted_before(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(busy.loop) == 0);
  eddy_loop_step(busy.loop, 0);
  CHECK(busy.post.finals == 1);
  CHECK(busy.post.result == EDDY_ECANCELED); // it is the parent's to run
}

static void rule_15_after_fork_cancels_posts(void **state) {
  make_busy(LOOP(state));
  eddy_post(busy.remote, &busy.post.op, rec_cb);
  pid_t child = fork();
  if (child == 0) {
    posted_before(NULL);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  turn_until(busy.loop, &busy.post.finals, 1);
  assert_int_equal(busy.post.result, 0);
  check_parent();
  assert_int_equal(status, 0);
}

static eddy_stream_t *connecting;
static struct rec connect_rec;

static void connect_before(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(busy.loop) == 0);
  eddy_loop_step(busy.loop, 0);
  CHECK(connect_rec.finals == 1 && connect_rec.result == EDDY_ECANCELED);
  // As after any cancelled connect: only close is left, and a start says so.
  struct rec read = {0};
  eddy_stream_read(connecting, &read.op, &busy.buf, 1, rec_cb);
  for (int i = 0; i < 5; i++) eddy_loop_step(busy.loop, 0);
  CHECK(read.finals == 1 && read.result == EDDY_ENOTCONN);
}

static void rule_15_after_fork_ends_a_connect(void **state) {
  make_busy(LOOP(state));
  connect_rec = (struct rec){0};
  assert_int_equal(eddy_stream_open(busy.loop, EDDY_AF_INET, &connecting), 0);
  eddy_stream_connect(connecting, &connect_rec.op, &busy.addr, rec_cb);
  pid_t child = fork();
  if (child == 0) {
    connect_before(NULL);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  turn_until(busy.loop, &connect_rec.finals, 1);
  eddy_stream_close(connecting, NULL, NULL);
  turn_until(busy.loop, &busy.accepts.mores, 1);
  busy.accepts.calls = busy.accepts.mores = 0;
  check_parent();
  assert_int_equal(status, 0);
}

static void runs(void *unused) {
  (void)unused;
  eddy_loop_run(busy.loop);
}

static void steps(void *unused) {
  (void)unused;
  eddy_loop_step(busy.loop, 0);
}

static void drains(void *unused) {
  (void)unused;
  eddy_loop_drain(busy.loop, 0);
}

static void starts(void *unused) {
  (void)unused;
  struct rec rec = {0};
  eddy_yield(busy.loop, &rec.op, rec_cb);
}

static void cancels(void *unused) {
  (void)unused;
  eddy_cancel(&busy.read.op);
}

static void closes_stream(void *unused) {
  (void)unused;
  eddy_stream_close(busy.stream, NULL, NULL);
}

static void rule_15_anything_else_aborts(void **state) {
  make_busy(LOOP(state));
  expect_abort("run", runs, NULL, "fork");
  expect_abort("step", steps, NULL, "fork");
  expect_abort("drain", drains, NULL, "fork");
  expect_abort("start", starts, NULL, "fork");
  expect_abort("cancel", cancels, NULL, "fork");
  expect_abort("close of a stream", closes_stream, NULL, "fork");
  check_parent();
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_15_left_alone),
                                     FIXTURE_TEST(rule_15_closed),
                                     FIXTURE_TEST(rule_15_after_fork),
                                     FIXTURE_TEST(rule_15_after_fork_cancels_posts),
                                     FIXTURE_TEST(rule_15_after_fork_ends_a_connect),
                                     FIXTURE_TEST(rule_15_anything_else_aborts)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no fork here");
#endif
