// Signals at any time, handled without SA_RESTART: no wait ends early for its timer, no op is lost.
#include "needs.h"

#if HAS_SIGNALS

#include "trap.h"

#include <sys/time.h>

static volatile sig_atomic_t signals;
static eddy_remote_t *woken;

static void on_signal(int number) {
  (void)number;
  signals++;
  if (woken) eddy_remote_wake(woken); // legal here
}

static void storm(int on) {
  struct sigaction action = {.sa_handler = on_signal};
  CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
  struct itimerval every = {{0, on ? 500 : 0}, {0, on ? 500 : 0}};
  CHECK_EQ(setitimer(ITIMER_REAL, &every, NULL), 0);
}

static void exchange(eddy_loop_t *loop) {
  eddy_stream_t *stream;
  int peer = tcp_peer(loop, &stream);
  char room[16];
  eddy_buf_t in = buffer(room, sizeof room);
  storm(1);
  for (int i = 0; i < 25; i++) {
    struct rec timer = {0}, read = {0};
    eddy_time_t due = eddy_update_now(loop) + 3 * EDDY_MILLISECOND;
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    eddy_sleep(loop, &timer.op, due, rec_cb);
    UNTIL(loop, timer.finals);
    CHECK(eddy_update_now(loop) >= due);
    CHECK_EQ(timer.result, 0);
    CHECK_EQ(read.calls, 0);
    while (write(peer, "x", 1) != 1) CHECK_EQ(errno, EINTR);
    while (!read.finals) eddy_loop_step(loop, EDDY_NEVER);
    CHECK_EQ(read.result, 1);
  }
  struct rec timer = {0};
  eddy_sleep(loop, &timer.op, eddy_now(loop) + 20 * EDDY_MILLISECOND, rec_cb);
  CHECK_EQ(eddy_loop_run(loop), 0);
  CHECK_EQ(timer.finals, 1);
  storm(0);
  CHECK(signals > 20);
  close(peer);
}

static void they_do_no_harm(void **state) { exchange(LOOP(state)); }

static void not_even_when_they_wake_the_loop(void **state) {
  signals = 0;
  woken = eddy_loop_remote(LOOP(state));
  exchange(LOOP(state));
  eddy_remote_t *remote = woken;
  woken = NULL;
  eddy_remote_release(remote);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(they_do_no_harm),
                                     FIXTURE_TEST(not_even_when_they_wake_the_loop)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no signal interrupts a call here");
#endif
