// Rule 15: what a forked child does with an inherited loop, handle or remote changes nothing that the parent sees, and
// calls that a destructor or a signal handler makes do not abort it.
#include "needs.h"

#if HAS_FORK

#include "rule_child.h"
#include "tcp.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>

static eddy_loop_t *loop;
static eddy_stream_t *stream;
static eddy_listener_t *listener;
static eddy_remote_t *remote;
static eddy_addr_t addr;
static char path[64];
static int peer;

static void nothing(eddy_op_t *op, int64_t result) { (void)op, (void)result; }

static struct rec last;

static eddy_op_t *fresh_op(void) {
  last = (struct rec){0};
  return &last.op;
}

static int64_t last_result(void) {
  while (!last.finals) eddy_loop_step(loop, 0);
  return last.result;
}

// In a child: the result of an op on the renewed loop.
#define RESULT(start) (start, last_result())

static void listen_on_a_path(void) {
  char text[80];
  snprintf(path, sizeof path, "/tmp/eddy-fork-%d.sock", (int)getpid());
  snprintf(text, sizeof text, "unix:%s", path);
  unlink(path);
  assert_int_equal(eddy_addr_parse(&addr, text, 0), 0);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
}

static void check_the_listener(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  struct rec accepted = {.then = take_accepted};
  snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
  int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(client, (struct sockaddr *)&name, sizeof name), 0);
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  turn_until(loop, &accepted.finals, 1);
  assert_int_equal(accepted.result, 0);
  close_stream(loop, accepted.context);
  close(client);
}

static void closes_the_loop(void *unused) {
  (void)unused;
  CHECK(eddy_loop_close(loop) == 0);
}

static void renews_and_drains(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(loop) == 0);
  CHECK(eddy_loop_drain(loop, EDDY_NEVER) == 0);
  CHECK(eddy_loop_close(loop) == 0);
}

static void renews_and_closes_the_listener(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(loop) == 0);
  CHECK(RESULT(eddy_listener_close(listener, fresh_op(), rec_cb)) == 0);
}

static void (*const ends[])(void *) = {closes_the_loop, renews_and_drains,
                                       renews_and_closes_the_listener};

static void the_file_of_a_listener_stays(void **state) {
  loop = LOOP(state);
  listen_on_a_path();
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    expect_child(ends[i], NULL);
    check_the_listener();
  }
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
  struct stat gone;
  assert_int_equal(stat(path, &gone), -1); // the parent's own close removes it
}

static void listens_itself(void *unused) {
  (void)unused;
  struct stat gone;
  CHECK(eddy_loop_after_fork(loop) == 0);
  listen_on_a_path();
  CHECK(stat(path, &gone) == 0);
  CHECK(RESULT(eddy_listener_close(listener, fresh_op(), rec_cb)) == 0);
  CHECK(stat(path, &gone) == -1);
}

static void a_listener_of_the_child_is_its_own(void **state) {
  loop = LOOP(state);
  expect_child(listens_itself, NULL);
}

static void renews_and_closes(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(loop) == 0);
  CHECK(RESULT(eddy_stream_close(stream, fresh_op(), rec_cb)) == 0);
}

static void renews_and_resets(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(loop) == 0);
  CHECK(RESULT(eddy_stream_close_reset(stream, fresh_op(), rec_cb)) == 0);
}

static void renews_and_releases(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(loop) == 0);
  CHECK(RESULT(eddy_stream_release(stream, fresh_op(), rec_cb)) == 0); // and does not take it
}

static void changes_the_socket(void *unused) {
  (void)unused;
  int off = 0;
  CHECK(eddy_loop_after_fork(loop) == 0);
  CHECK(RESULT(eddy_stream_shutdown(stream, fresh_op(), EDDY_SHUT_WRITE, rec_cb)) == EDDY_EBUSY);
  CHECK(RESULT(eddy_stream_shutdown(stream, fresh_op(), EDDY_SHUT_READ, rec_cb)) == EDDY_EBUSY);
  CHECK(eddy_stream_set_option(stream, EDDY_OPT_LINGER, -1) == EDDY_EBUSY);
  CHECK(eddy_stream_set_native_option(stream, SOL_SOCKET, SO_LINGER, &off, 4) == EDDY_EBUSY);
  CHECK(eddy_listener_set_option(listener, EDDY_OPT_KEEPALIVE, 1) == EDDY_EBUSY);
}

static void (*const changes[])(void *) = {closes_the_loop,     renews_and_drains,
                                          renews_and_closes,   renews_and_resets,
                                          renews_and_releases, changes_the_socket};

static void check_the_stream(void) {
  int64_t linger = 0, keepalive = 1;
  char data[4];
  eddy_buf_t out = buffer((char[]){"out"}, 3), in = buffer(data, 3);
  struct rec wrote = {0}, read = {0};
  assert_int_equal(eddy_stream_get_option(stream, EDDY_OPT_LINGER, &linger), 0);
  assert_int_equal(linger, 5);
  assert_int_equal(eddy_listener_get_option(listener, EDDY_OPT_KEEPALIVE, &keepalive), 0);
  assert_int_equal(keepalive, 0);
  eddy_stream_write(stream, &wrote.op, &out, 1, rec_cb);
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  assert_int_equal(patient_recv(peer, data, 3, MSG_WAITALL), 3);
  patient_send(peer, "in!", 3, MSG_NOSIGNAL);
  turn_until(loop, &wrote.finals, 1);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(wrote.result, 3);
  assert_int_equal(read.result, 3);
}

static void streams_and_their_options_stay(void **state) {
  loop = LOOP(state);
  listener = listen_loopback(loop, &addr);
  peer = raw_peer(loop, &stream);
  assert_int_equal(eddy_stream_set_option(stream, EDDY_OPT_LINGER, 5), 0);
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    expect_child(changes[i], NULL);
    check_the_stream();
  }
  eddy_listener_close(listener, NULL, NULL);
  close_stream(loop, stream);
  close(peer);
}

static void connects_and_binds(void *unused) {
  (void)unused;
  CHECK(eddy_loop_after_fork(loop) == 0);
  CHECK(eddy_stream_bind(stream, &addr) == EDDY_EBUSY);
  CHECK(RESULT(eddy_stream_connect(stream, fresh_op(), &addr, rec_cb)) == EDDY_EBUSY);
}

static void an_idle_stream_stays_idle(void **state) {
  loop = LOOP(state);
  listener = listen_loopback(loop, &addr);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  expect_child(connects_and_binds, NULL);
  struct rec connect = {0}, accepted = {.then = take_accepted};
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  turn_until(loop, &accepted.finals, 1);
  assert_int_equal(connect.result, 0);
  close_stream(loop, accepted.context);
  close_stream(loop, stream);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

static eddy_native_t native_taken;

static void take_native(eddy_op_t *op, int64_t result) {
  (void)result;
  native_taken = eddy_op_take_native(op);
}

// The way to a connection of the child's own.
static void takes_it_over(void *unused) {
  (void)unused;
  static eddy_op_t release;
  CHECK(eddy_loop_after_fork(loop) == 0);
  native_taken = EDDY_NO_NATIVE;
  eddy_stream_release(stream, &release, take_native);
  while (eddy_op_pending(&release)) eddy_loop_step(loop, 0);
  CHECK(native_taken != EDDY_NO_NATIVE);
  CHECK(eddy_stream_adopt(loop, native_taken, &stream) == 0);
  CHECK(RESULT(eddy_stream_shutdown(stream, fresh_op(), EDDY_SHUT_WRITE, rec_cb)) == 0);
}

static void released_and_adopted_it_is_the_child_s(void **state) {
  loop = LOOP(state);
  peer = raw_peer(loop, &stream);
  expect_child(takes_it_over, NULL);
  assert_int_equal(raw_drain(peer), 0); // its end
  close_stream(loop, stream);
  close(peer);
}

static void wakes(int signal) {
  (void)signal;
  eddy_remote_wake(remote);
  eddy_remote_stop(remote);
}

static void in_a_handler(void *unused) {
  (void)unused;
  static eddy_op_t op;
  raise(SIGUSR1);
  CHECK(eddy_post(remote, &op, nothing) == EDDY_ECLOSED);
  CHECK(!eddy_op_pending(&op));
  eddy_remote_release(eddy_remote_retain(remote));
  CHECK(eddy_loop_inherited(loop) == 1);
}

static void a_remote_reaches_nothing(void **state) {
  loop = LOOP(state);
  remote = eddy_loop_remote(loop);
  signal(SIGUSR1, wakes);
  struct rec sleep = {0};
  eddy_sleep(loop, &sleep.op, eddy_update_now(loop) + 1000 * EDDY_SECOND, rec_cb);
  eddy_loop_step(loop, 0);
  expect_child(in_a_handler, NULL);
  assert_int_equal(eddy_loop_inherited(loop), 0);
  assert_int_equal(eddy_loop_next_deadline(loop) > eddy_now(loop), 1); // no wake, no stop, no post
  raise(SIGUSR1);
  assert_int_equal(eddy_loop_run(loop), 1); // the stop of the parent's own handler
  signal(SIGUSR1, SIG_DFL);
  eddy_cancel(&sleep.op);
  turn_until(loop, &sleep.finals, 1);
  eddy_remote_release(remote);
}

static eddy_lease_t lease;
static eddy_pool_t *pool;

static void take_lease(struct rec *rec, int64_t result) {
  (void)result;
  if (eddy_op_more(&rec->op) && !lease.id) eddy_op_take_lease(&rec->op, &lease);
}

static int64_t allocations;

static void *count_alloc(void *context, size_t size) {
  (void)context;
  allocations++;
  return aligned_alloc(16, (size + 15) & ~(size_t)15);
}

static void count_release(void *context, void *memory, size_t size) {
  (void)context, (void)size;
  allocations--;
  free(memory);
}

static void frees_everything(void *unused) {
  (void)unused;
  CHECK(eddy_pool_give(pool, lease.id) == EDDY_ECLOSED); // as a destructor would
  CHECK(eddy_loop_close(loop) == 0);
  CHECK(allocations == 0);
}

// A pool that was closed and waits for a lease is freed with the child's copy of the loop.
static void a_closed_pool_is_freed(void **state) {
  (void)state;
  eddy_loop_options_t options = {
      .size = sizeof options, .alloc = count_alloc, .release = count_release};
  allocations = 0;
  lease = (eddy_lease_t){0};
  assert_int_equal(eddy_loop_open(&options, &loop), 0);
  peer = raw_peer(loop, &stream);
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  struct rec read = {.then = take_lease};
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  patient_send(peer, "x", 1, MSG_NOSIGNAL);
  turn_until(loop, &read.mores, 1);
  eddy_pool_close(pool, NULL, NULL);
  close_stream(loop, stream);
  expect_child(frees_everything, NULL);
  assert_int_equal(eddy_pool_give(pool, lease.id), 0);
  assert_int_equal(eddy_loop_drain(loop, EDDY_NEVER), 0);
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(allocations, 0);
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(the_file_of_a_listener_stays),
      FIXTURE_TEST(a_listener_of_the_child_is_its_own),
      FIXTURE_TEST(streams_and_their_options_stay),
      FIXTURE_TEST(an_idle_stream_stays_idle),
      FIXTURE_TEST(released_and_adopted_it_is_the_child_s),
      FIXTURE_TEST(a_remote_reaches_nothing),
      FIXTURE_TEST(a_closed_pool_is_freed),
  };
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no fork here");
#endif
