// A child that leaves the loop alone and exits: nothing that the parent has pending is touched.
#include "needs.h"

#if HAS_FORK

#include "trap.h"

static void nothing(void *unused) { (void)unused; }

static void the_parent_goes_on(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *a, *b;
  eddy_addr_t addr;
  int peer = tcp_peer(loop, &a), pooled_peer = tcp_peer(loop, &b), ends[2];
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_pool_t *pool = pool_of(loop, 4, 4096);
  CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
  eddy_fd_t *fd;
  CHECK_EQ(eddy_fd_open(loop, ends[0], &fd), 0);
  char room[16];
  eddy_buf_t in = buffer(room, sizeof room);
  static struct rec pooled; // still pending at the end
  struct rec read = {0}, accept = {0}, poll = {0}, timer = {0}, posted = {0};
  eddy_stream_read(a, &read.op, &in, 1, rec_cb);
  eddy_stream_read_pool(b, &pooled.op, pool, 0, rec_cb);
  eddy_listener_accept(listener, &accept.op, rec_cb);
  eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
  eddy_loop_step(loop, 0);
  eddy_sleep(loop, &timer.op, eddy_now(loop) + EDDY_MILLISECOND, rec_cb);
  for (int i = 0; i < 3; i++) run_child(nothing, NULL);

  CHECK_EQ(write(peer, "one", 3), 3);
  CHECK_EQ(write(pooled_peer, "two", 3), 3);
  CHECK_EQ(write(ends[1], "x", 1), 1);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  connect_raw(client, &addr);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  eddy_post(remote, &posted.op, rec_cb);
  eddy_remote_release(remote);
  UNTIL(loop, read.finals && pooled.mores && accept.finals && poll.finals && timer.finals &&
                  posted.finals);
  CHECK_EQ(read.result, 3);
  CHECK_EQ(pooled.last_more, 3);
  CHECK_EQ(accept.result, 0);
  CHECK_EQ(poll.result, EDDY_READABLE);
  CHECK_EQ(posted.result, 0);
  eddy_fd_close(fd, NULL, NULL);
  eddy_loop_step(loop, 0);
  close(ends[0]);
  close(ends[1]);
  close(peer);
  close(pooled_peer);
  close(client);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(the_parent_goes_on)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no fork here");
#endif
