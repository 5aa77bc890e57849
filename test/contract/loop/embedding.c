// A loop inside a foreign epoll loop: the host sleeps on the native handle without a time-out, and misses
// neither posts, stop, wake nor I/O.
#include "rule_tools.h"

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>

enum { POSTS = 3000 };

static eddy_loop_t *the_loop;
static eddy_remote_t *remote;
static eddy_op_t ops[POSTS];
static int delivered, host;

static void receive(eddy_op_t *op, int64_t result) {
  (void)op, (void)result;
  delivered++;
}

static void *poster(void *cb) {
  for (int i = 0; i < POSTS; i++) {
    if (eddy_post(remote, &ops[i], *(eddy_cb *)cb) != EDDY_PENDING) break;
    if (i % 32 == 0) usleep(50);
  }
  return NULL;
}

// As every host must, for a signal may end its wait (and some drivers' kernel work is one).
static int host_epoll(int timeout) {
  struct epoll_event event;
  int count;
  do count = epoll_wait(host, &event, 1, timeout);
  while (count < 0 && errno == EINTR);
  return count;
}

static void embed(eddy_loop_t *loop) {
  the_loop = loop;
  remote = eddy_loop_remote(loop);
  memset(ops, 0, sizeof ops);
  delivered = 0;
  host = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  int native = (int)eddy_loop_native_handle(loop);
  assert_int_equal(epoll_ctl(host, EPOLL_CTL_ADD, native, &event), 0);
}

static void unembed(void) {
  close(host);
  eddy_remote_release(remote);
}

// Sleeps in the host as long as the loop allows; ten seconds stand for "for ever".
static void host_wait(void) {
  eddy_time_t next = eddy_loop_next_deadline(the_loop);
  int64_t left = next == EDDY_NEVER ? INT32_MAX : (int64_t)(next - eddy_update_now(the_loop));
  int timeout = next == 0            ? 0
                : next == EDDY_NEVER ? 10000
                : left <= 0          ? 0
                                     : (int)(left / (int64_t)EDDY_MILLISECOND) + 1;
  int count = host_epoll(timeout);
  if (timeout == 10000 && count == 0) fail_msg("the host slept over an event");
}

static void posts_wake_the_host(void **state) {
  eddy_cb cb = receive;
  pthread_t thread;
  embed(LOOP(state));
  assert_int_equal(pthread_create(&thread, NULL, poster, &cb), 0);
  while (delivered < POSTS) {
    if (host_epoll(10000) == 0) fail_msg("missed a post: %d", delivered);
    eddy_loop_step(the_loop, 0);
  }
  pthread_join(thread, NULL);
  unembed();
}

static void steps_that_wait_for_ever_inside_the_host(void **state) {
  eddy_cb cb = receive; // a step that has run a post does not go on to wait
  pthread_t thread;
  embed(LOOP(state));
  struct rec keep = {0};
  eddy_sleep(the_loop, &keep.op, EDDY_NEVER, rec_cb); // alive, so that a step may wait
  assert_int_equal(pthread_create(&thread, NULL, poster, &cb), 0);
  while (delivered < POSTS) {
    if (host_epoll(10000) == 0) fail_msg("missed a post: %d", delivered);
    eddy_loop_step(the_loop, EDDY_NEVER);
  }
  pthread_join(thread, NULL);
  eddy_cancel(&keep.op);
  turn_until(the_loop, &keep.finals, 1);
  unembed();
}

static void *stop_it(void *unused) {
  (void)unused;
  usleep(1000);
  eddy_remote_stop(remote);
  return NULL;
}

static void *wake_it(void *unused) {
  (void)unused;
  usleep(1000);
  eddy_remote_wake(remote);
  return NULL;
}

static void stop_and_wake_reach_the_host(void **state) {
  embed(LOOP(state));
  struct rec keep = {0};
  eddy_sleep(the_loop, &keep.op, EDDY_NEVER, rec_cb);
  for (int i = 0; i < 20; i++) {
    pthread_t thread;
    while (host_epoll(0) > 0) eddy_loop_step(the_loop, 0); // to rest
    assert_int_equal(pthread_create(&thread, NULL, i & 1 ? stop_it : wake_it, NULL), 0);
    assert_int_equal(host_epoll(10000), 1);
    assert_int_equal(eddy_loop_step(the_loop, EDDY_NEVER), 1); // nor does the step sleep
    pthread_join(thread, NULL);
  }
  eddy_cancel(&keep.op);
  turn_until(the_loop, &keep.finals, 1);
  unembed();
}

static void timers_and_io_by_deadline_and_handle(void **state) {
  embed(LOOP(state));
  eddy_loop_t *loop = the_loop;
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[4];
  eddy_buf_t buf = buffer(data, 4);
  struct rec read = {0}, sleep = {0}, yield = {0};
  eddy_sleep(loop, &sleep.op, eddy_update_now(loop) + 5 * EDDY_MILLISECOND, rec_cb);
  eddy_yield(loop, &yield.op, rec_cb);
  assert_int_equal(eddy_loop_next_deadline(loop), 0); // ready
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  eddy_loop_flush(loop); // started outside of a step
  while (!sleep.finals) {
    host_wait();
    eddy_loop_step(loop, 0);
  }
  assert_int_equal(yield.finals, 1);
  assert_int_equal(read.finals, 0);
  for (int i = 0; i < 20 && eddy_loop_next_deadline(loop) == 0; i++) eddy_loop_step(loop, 0);
  assert_int_equal(eddy_loop_next_deadline(loop), EDDY_NEVER);
  peer_send(&peer, "x", 1);
  for (int i = 0; i < 10 && !read.finals; i++) {
    host_wait();
    eddy_loop_step(loop, 0);
  }
  assert_int_equal(read.result, 1);
  // At rest the handle is quiet: the host does not spin.
  for (int i = 0; i < 20 && host_epoll(0) > 0; i++) eddy_loop_step(loop, 0);
  assert_int_equal(host_epoll(0), 0);
  eddy_stream_close(stream, NULL, NULL);
  eddy_loop_step(loop, 0);
  peer_close(&peer);
  unembed();
}

// What was started before the host asked for the handle is in it too, without a step.
static void the_handle_asked_for_late(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int ends[2];
  eddy_fd_t *fd;
  struct rec poll = {0};
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(eddy_fd_open(loop, ends[0], &fd), 0);
  eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
  embed(loop);
  assert_int_equal(host_epoll(0), 0);
  assert_int_equal(write(ends[1], "x", 1), 1);
  assert_int_equal(host_epoll(10000), 1);
  eddy_loop_step(loop, 0);
  eddy_loop_step(loop, 0);
  assert_int_equal(poll.result, EDDY_READABLE);
  eddy_fd_close(fd, NULL, NULL);
  eddy_loop_step(loop, 0);
  close(ends[0]);
  close(ends[1]);
  unembed();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(posts_wake_the_host), FIXTURE_TEST(steps_that_wait_for_ever_inside_the_host),
      FIXTURE_TEST(stop_and_wake_reach_the_host),
      FIXTURE_TEST(timers_and_io_by_deadline_and_handle), FIXTURE_TEST(the_handle_asked_for_late)};
  return RUN_TESTS(tests);
}
