// A loop inside a foreign epoll loop: the native handle tells of everything but timers, is quiet when there
// is nothing to do, and steps with a maximal wait return as soon as something happened.
#include "peer.h"
#include "trap.h"

#include <pthread.h>

static int outer;

// The kernel runs work of the ring's in the waiting thread, which may cost the host's wait an EINTR.
static int outer_wait(int64_t ms) {
  struct epoll_event event;
  int got;
  while ((got = epoll_wait(outer, &event, 1, (int)ms)) < 0) CHECK_EQ(errno, EINTR);
  return got;
}

// Waits as a host would, and steps when told to. Returns the number of steps.
static int host(eddy_loop_t *loop, const int *flag, int wanted, int64_t limit_ms) {
  eddy_time_t limit = eddy_update_now(loop) + (eddy_time_t)limit_ms * EDDY_MILLISECOND;
  int steps = 0;
  while (*flag < wanted && eddy_update_now(loop) < limit) {
    eddy_time_t due = eddy_loop_next_deadline(loop), now = eddy_now(loop);
    if (due > limit) due = limit;
    int64_t left = due > now ? (int64_t)((due - now + EDDY_MILLISECOND - 1) / EDDY_MILLISECOND) : 0;
    if (outer_wait(left) == 0 && eddy_update_now(loop) < due) continue;
    eddy_loop_step(loop, 0);
    steps++;
  }
  return steps;
}

static eddy_loop_t *embed(void **state) {
  eddy_loop_t *loop = LOOP(state);
  outer = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  CHECK_EQ(epoll_ctl(outer, EPOLL_CTL_ADD, (int)eddy_loop_native_handle(loop), &event), 0);
  return loop;
}

static void everything_is_told(void **state) {
  eddy_loop_t *loop = embed(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char room[64];
  eddy_buf_t in = buffer(room, sizeof room);
  static struct rec disconnect;
  for (int i = 0; i < 20; i++) {
    struct rec read = {0}, write_back = {0}, posted = {0};
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    eddy_loop_flush(loop);
    peer_send(&peer, "x", 1);
    CHECK(host(loop, &read.finals, 1, 10000) <= 4);
    CHECK_EQ(read.finals, 1);
    eddy_buf_t out = buffer(room, 1);
    eddy_stream_write(stream, &write_back.op, &out, 1, rec_cb);
    CHECK(host(loop, &write_back.finals, 1, 10000) <= 4);
    CHECK_EQ(write_back.finals, 1);
    eddy_remote_t *remote = eddy_loop_remote(loop);
    eddy_post(remote, &posted.op, rec_cb);
    CHECK(host(loop, &posted.finals, 1, 10000) <= 4);
    CHECK_EQ(posted.finals, 1);
    eddy_remote_release(remote);
  }
  // Nothing happens: the host sleeps.
  eddy_stream_wait(stream, &disconnect.op, EDDY_DISCONNECT, rec_cb);
  int steps = host(loop, &disconnect.finals, 1, 60);
  CHECK(steps <= 4);
  CHECK_EQ(disconnect.finals, 0);
  peer_close(&peer);
  CHECK(host(loop, &disconnect.finals, 1, 10000) <= 4);
  CHECK_EQ(disconnect.finals, 1);
  close(outer);
}

static void timers_by_the_deadline(void **state) {
  eddy_loop_t *loop = embed(state);
  for (int i = 0; i < 5; i++) {
    struct rec timer = {0};
    eddy_time_t due = eddy_update_now(loop) + 3 * EDDY_MILLISECOND + 300 * EDDY_MICROSECOND;
    eddy_sleep(loop, &timer.op, due, rec_cb);
    CHECK(host(loop, &timer.finals, 1, 10000) <= 4);
    CHECK(eddy_update_now(loop) >= due);
  }
  close(outer);
}

// Events that are there before the step: one with a maximal wait comes back, each time.
static void a_maximal_wait_returns(void **state) {
  eddy_loop_t *loop = embed(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room);
  for (int i = 0; i < 50; i++) {
    struct rec read = {0};
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    eddy_loop_flush(loop);
    peer_send(&peer, "x", 1);
    if (eddy_loop_next_deadline(loop)) CHECK_EQ(outer_wait(2000), 1);
    int steps = 0;
    for (; !read.finals; steps++) eddy_loop_step(loop, EDDY_NEVER);
    CHECK(steps <= 4);
  }
  peer_close(&peer);
  close(outer);
}

// What happens while the host sleeps must end its sleep: a wake of another thread, and data.
static void *wake(void *remote) {
  pause_ms(5);
  eddy_remote_wake(remote);
  return NULL;
}

static void *send_byte(void *peer) {
  pause_ms(5);
  CHECK_EQ(peer_send_any(peer, "x", 1), 1);
  return NULL;
}

static void data_ends_the_hosts_sleep(void **state) {
  eddy_loop_t *loop = embed(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room);
  for (int i = 0; i < 5; i++) {
    struct rec read = {0};
    pthread_t thread;
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    eddy_loop_step(loop, 0);
    CHECK_EQ(pthread_create(&thread, NULL, send_byte, &peer), 0);
    int told = outer_wait(2000);
    pthread_join(thread, NULL);
    UNTIL(loop, read.finals);
    CHECK_EQ(told, 1);
  }
  peer_close(&peer);
  close(outer);
}

static void wakes_are_told(void **state) {
  eddy_loop_t *loop = embed(state);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  for (int i = 0; i < 5; i++) {
    eddy_loop_step(loop, 0);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, wake, remote), 0);
    int told = outer_wait(2000);
    pthread_join(thread, NULL);
    CHECK_EQ(told, 1);
    for (int k = 0; k < 3 && outer_wait(0); k++) eddy_loop_step(loop, 0);
    CHECK_EQ(outer_wait(0), 0);
  }
  eddy_remote_release(remote);
  close(outer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(everything_is_told), FIXTURE_TEST(timers_by_the_deadline),
      FIXTURE_TEST(a_maximal_wait_returns), FIXTURE_TEST(data_ends_the_hosts_sleep),
      FIXTURE_TEST(wakes_are_told)};
  return RUN_TESTS(tests);
}
