// The spin option: a wait that is short enough costs no sleep, posts and timers end it like a sleep, and a
// long wait does sleep after the spinning.
#include "needs.h"
#include "peer.h"
#include "trap.h"

static void waits_end_as_without(void **state) {
  NEEDS(FINE_CPU_TIME);
  (void)state;
  eddy_loop_options_t options = {.size = sizeof options, .spin = 2 * EDDY_MILLISECOND};
  eddy_loop_t *loop = open_with(&options);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char room[8];
  eddy_buf_t in = buffer(room, sizeof room);
  for (int i = 0; i < 10; i++) {
    struct rec timer = {0}, read = {0}, posted = {0};
    eddy_time_t due = eddy_update_now(loop) + (eddy_time_t)(i + 1) * 400 * EDDY_MICROSECOND;
    eddy_sleep(loop, &timer.op, due, rec_cb);
    int turns = 0;
    for (; !timer.finals; turns++) eddy_loop_step(loop, EDDY_NEVER);
    CHECK(eddy_update_now(loop) >= due);
    CHECK(turns <= 3);
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    peer_send(&peer, "x", 1);
    UNTIL(loop, read.finals);
    eddy_remote_t *remote = eddy_loop_remote(loop);
    eddy_post(remote, &posted.op, rec_cb);
    UNTIL(loop, posted.finals);
    eddy_remote_release(remote);
  }
  int spun = 0;
  for (int i = 0; !spun; i++) { // a loaded machine may leave this process no time to spin in
    struct rec timer = {0};
    eddy_sleep(loop, &timer.op, eddy_update_now(loop) + 80 * EDDY_MILLISECOND, rec_cb);
    uint64_t burnt = cpu_time();
    while (!timer.finals) eddy_loop_step(loop, EDDY_NEVER);
    burnt = cpu_time() - burnt;
    CHECK(burnt < 40 * EDDY_MILLISECOND);
    spun = burnt >= 500 * EDDY_MICROSECOND;
    CHECK(i < 100);
  }
  peer_close(&peer);
  end_loop(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(waits_end_as_without)};
  return RUN_TESTS(tests);
}
