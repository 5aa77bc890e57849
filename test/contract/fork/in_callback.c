// Rule 15: a child that was forked inside a callback may exec, exit, close its copy of the loop or renew it there. One
// that returns from the callback gets one message and aborts, before it has called back, read or written anything.
#include "needs.h"

#if HAS_FORK

#include "rule_child.h"
#include "tcp.h"

static eddy_loop_t *loop;
static eddy_stream_t *stream, *reading;
static eddy_listener_t *listener;
static eddy_pool_t *pool;
static eddy_addr_t addr;
static int peer, said[2], forked, in_child;
static pid_t child;
static void (*in_the_child)(void);

static void nothing(void) {}
static void closes(void) { CHECK(eddy_loop_close(loop) == 0); }
static void renews(void) { CHECK(eddy_loop_after_fork(loop) == 0); }

static void renews_and_runs(void) {
  struct rec yield = {0};
  CHECK(eddy_loop_after_fork(loop) == 0);
  eddy_yield(loop, &yield.op, rec_cb);
  for (int i = 0; i < 3; i++) eddy_loop_step(loop, 0);
  CHECK(yield.finals == 1);
}

// The first callback forks; what the child calls back after that is one too many.
static void fork_once(void) {
  if (in_child) _exit(99);
  if (forked++) return;
  child = fork();
  assert_true(child >= 0);
  if (child) return;
  no_core_file();
  dup2(said[1], 2);
  in_the_child();
  in_child = 1;
}

static void forks(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  fork_once();
}

static void check_child(const char *name) {
  int status;
  char text[256] = {0};
  assert_int_equal(forked > 0, 1);
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) fail_msg("%s: status %x", name, status);
  assert_true(read(said[0], text, sizeof text - 1) > 0);
  if (!strstr(text, "eddy: a forked child returned from a callback"))
    fail_msg("%s: said \"%s\"", name, text);
  forked = 0;
}

static void take_and_fork(struct rec *rec, int64_t result) {
  (void)result;
  eddy_lease_t lease;
  eddy_op_peek_lease(&rec->op, &lease);
  fork_once();
}

static void from_each_phase(void) {
  struct rec recs[7] = {{.calls = 0}};
  for (int i = 0; i < 7; i++) recs[i].then = forks;
  char data[8];
  eddy_buf_t in = buffer(data, sizeof data);

  eddy_yield(loop, &recs[0].op, rec_cb); // two of a batch
  eddy_yield(loop, &recs[1].op, rec_cb);
  all_ended(loop);
  check_child("ready ops");

  eddy_sleep(loop, &recs[0].op, 0, rec_cb);
  eddy_sleep(loop, &recs[1].op, 0, rec_cb);
  all_ended(loop);
  check_child("timers");

  eddy_remote_t *remote = eddy_loop_remote(loop);
  eddy_post(remote, &recs[0].op, rec_cb);
  eddy_post(remote, &recs[1].op, rec_cb);
  all_ended(loop);
  eddy_remote_release(remote);
  check_child("posts");

  eddy_hook_before_wait(loop, &recs[0].op, rec_cb);
  eddy_loop_step(loop, 0);
  check_child("hooks");
  recs[0].then = NULL;
  eddy_cancel(&recs[0].op);
  all_ended(loop);

  eddy_stream_read(reading, &recs[2].op, &in, 1, rec_cb);
  patient_send(peer, "data", 4, MSG_NOSIGNAL);
  turn_until(loop, &recs[2].finals, 1);
  assert_int_equal(recs[2].result, 4);
  check_child("reads");

  recs[3].then = take_and_fork; // not taken: it goes back after the callback
  eddy_stream_read_pool(reading, &recs[3].op, pool, 0, rec_cb);
  patient_send(peer, "more", 4, MSG_NOSIGNAL);
  turn_until(loop, &recs[3].mores, 1);
  check_child("pool reads");
  recs[3].then = NULL;
  eddy_cancel(&recs[3].op);
  all_ended(loop);

  int clients[2];
  eddy_listener_accept_many(listener, &recs[4].op, 0, rec_cb);
  for (int i = 0; i < 2; i++) clients[i] = raw_connect(&addr);
  turn_until(loop, &recs[4].mores, 2);
  check_child("accepts");
  for (int i = 0; i < 2; i++) assert_int_equal(raw_drain(clients[i]), 0); // nobody took them
  for (int i = 0; i < 2; i++) close(clients[i]);
  recs[4].then = NULL;
  eddy_cancel(&recs[4].op);
  all_ended(loop);

  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  eddy_stream_close(stream, &recs[5].op, rec_cb);
  all_ended(loop);
  check_child("closes");
}

static void a_child_that_returns_aborts(void **state) {
  static void (*const acts[])(void) = {nothing, closes, renews, renews_and_runs};
  loop = LOOP(state);
  assert_int_equal(pipe(said), 0);
  peer = raw_peer(loop, &reading);
  listener = listen_loopback(loop, &addr);
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
    in_the_child = acts[i];
    from_each_phase();
  }
  close_stream(loop, reading);
  eddy_listener_close(listener, NULL, NULL);
  eddy_pool_close(pool, NULL, NULL);
  all_ended(loop);
  close(peer);
  close(said[0]);
  close(said[1]);
}

static void serve(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  child = fork();
  if (child) return;
  struct rec yield = {0};
  CHECK(eddy_loop_after_fork(loop) == 0);
  eddy_yield(loop, &yield.op, rec_cb);
  eddy_loop_run(loop);
  CHECK(yield.finals == 1);
  CHECK(eddy_loop_drain(loop, EDDY_NEVER) == 0);
  CHECK(eddy_loop_close(loop) == 0);
  _exit(7);
}

static void a_child_may_renew_the_loop_there(void **state) {
  loop = LOOP(state);
  struct rec yield = {.then = serve};
  eddy_yield(loop, &yield.op, rec_cb);
  all_ended(loop);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 7 << 8);
}

// What was due behind the callback that forks is called back in the child as well, once.
static struct rec behind[3];

static void serve_with_others_due(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  child = fork();
  if (child) return;
  CHECK(eddy_loop_after_fork(loop) == 0);
  CHECK(eddy_loop_drain(loop, eddy_now(loop) + 5 * EDDY_SECOND) == 0);
  for (int i = 0; i < 3; i++)
    CHECK(behind[i].finals == 1 && behind[i].order == behind[0].order + i);
  CHECK(eddy_loop_close(loop) == 0);
  _exit(7);
}

static void a_child_calls_back_what_was_due(void **state) {
  loop = LOOP(state);
  struct rec first = {.then = serve_with_others_due};
  eddy_yield(loop, &first.op, rec_cb);
  for (int i = 0; i < 3; i++) eddy_yield(loop, &behind[i].op, rec_cb);
  all_ended(loop);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 7 << 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(a_child_that_returns_aborts),
      FIXTURE_TEST(a_child_calls_back_what_was_due),
      FIXTURE_TEST(a_child_may_renew_the_loop_there),
  };
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no fork here");
#endif
