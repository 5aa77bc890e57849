// The ring is lost in the middle of a flush that fills it several times over: the sources that were not
// reached yet must not be left waiting for it.
#include "needs.h"

#if HAS_SECCOMP

#include "trap.h"

enum { kStreams = 40 };

static struct rec reads[kStreams], waits[kStreams];
static char room[kStreams][16];

static void lost(void *unused) {
  (void)unused;
  eddy_loop_t *loop = open_tiny();
  eddy_stream_t *streams[kStreams];
  for (int i = 0; i < kStreams; i++) tcp_peer(loop, &streams[i]);
  eddy_loop_step(loop, 0);
  deny_waits(EPERM);
  for (int i = 0; i < kStreams; i++) {
    eddy_buf_t in = buffer(room[i], sizeof room[i]);
    eddy_stream_read(streams[i], &reads[i].op, &in, 1, rec_cb);
    eddy_stream_wait(streams[i], &waits[i].op, EDDY_DISCONNECT, rec_cb);
  }
  for (int i = 0; i < 20; i++) eddy_loop_step(loop, eddy_update_now(loop) + EDDY_MILLISECOND);
  for (int i = 0; i < kStreams; i++) {
    CHECK_EQ(reads[i].calls, 1);
    CHECK_EQ(reads[i].result, EDDY_ELOST);
    CHECK_EQ(waits[i].calls, 1);
    CHECK_EQ(waits[i].result, EDDY_ELOST);
  }
  struct rec closed = {0};
  eddy_stream_close(streams[kStreams - 1], &closed.op, rec_cb);
  UNTIL(loop, closed.finals);
  end_loop(loop);
}

static void every_op_ends_and_every_handle_closes(void **state) {
  (void)state;
  run_child(lost, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_op_ends_and_every_handle_closes)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no seccomp filters here");
#endif
