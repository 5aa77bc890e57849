// Hundreds of starts in one turn, and before the first run, on a ring of four entries: none fails, none
// is lost.
#include "trap.h"

enum { kStreams = 150 };

static struct rec reads[kStreams], writes[kStreams], gathers[kStreams], waits[kStreams];
static char rooms[kStreams][32];
static eddy_stream_t *streams[kStreams];
static int peers[kStreams];

static void start(eddy_stream_t *stream, int i) {
  static char hello[] = "hello", parts[] = "abcdef";
  static eddy_buf_t halves[2] = {{parts, 3}, {parts + 3, 3}};
  eddy_buf_t in = buffer(rooms[i], sizeof rooms[i]), out = buffer(hello, 5);
  eddy_stream_read(stream, &reads[i].op, &in, 1, rec_cb);
  eddy_stream_write(stream, &writes[i].op, &out, 1, rec_cb);
  eddy_stream_write(stream, &gathers[i].op, halves, 2, rec_cb);
  eddy_stream_wait(stream, &waits[i].op, EDDY_DISCONNECT, rec_cb);
}

static void answered(eddy_loop_t *loop) {
  for (int i = 0; i < kStreams; i++) CHECK_EQ(write(peers[i], "answer", 6), 6);
  for (int i = 0; i < kStreams; i++) {
    UNTIL(loop, reads[i].finals && writes[i].finals && gathers[i].finals);
    CHECK_EQ(reads[i].result, 6);
    CHECK_EQ(writes[i].result, 5);
    CHECK_EQ(gathers[i].result, 6);
    char back[12] = {0};
    CHECK_EQ(patient_recv(peers[i], back, 11, MSG_WAITALL), 11);
    CHECK_EQ(memcmp(back, "helloabcdef", 11), 0);
    close(peers[i]);
  }
  for (int i = 0; i < kStreams; i++) {
    UNTIL(loop, waits[i].finals);
    CHECK_EQ(waits[i].result, EDDY_DISCONNECT);
    CHECK_EQ(reads[i].calls + writes[i].calls + gathers[i].calls + waits[i].calls, 4);
    eddy_stream_close_reset(streams[i], NULL, NULL);
  }
}

static void open_all(eddy_loop_t *loop) {
  memset(reads, 0, sizeof reads);
  memset(writes, 0, sizeof writes);
  memset(gathers, 0, sizeof gathers);
  memset(waits, 0, sizeof waits);
  for (int i = 0; i < kStreams; i++) peers[i] = tcp_peer(loop, &streams[i]);
}

static void before_the_first_run(void **state) {
  (void)state;
  eddy_loop_t *loop = open_tiny();
  open_all(loop);
  for (int i = 0; i < kStreams; i++) start(streams[i], i);
  answered(loop);
  end_loop(loop);
}

static void start_all(struct rec *rec, int64_t result) {
  (void)rec;
  CHECK_EQ(result, 0);
  for (int i = 0; i < kStreams; i++) start(streams[i], i);
}

static void in_one_turn(void **state) {
  (void)state;
  eddy_loop_t *loop = open_tiny();
  open_all(loop);
  struct rec yield = {.then = start_all};
  eddy_loop_step(loop, 0);
  eddy_yield(loop, &yield.op, rec_cb);
  eddy_loop_step(loop, 0);
  answered(loop);
  end_loop(loop);
}

// ... and as many cancels.
static void cancels(void **state) {
  (void)state;
  eddy_loop_t *loop = open_tiny();
  open_all(loop);
  for (int i = 0; i < kStreams; i++) start(streams[i], i);
  for (int i = 0; i < 4; i++) eddy_loop_step(loop, 0);
  for (int i = 0; i < kStreams; i++) {
    eddy_cancel(&reads[i].op);
    eddy_cancel(&waits[i].op);
  }
  for (int i = 0; i < kStreams; i++) {
    UNTIL(loop, reads[i].finals && waits[i].finals);
    CHECK_EQ(reads[i].result, EDDY_ECANCELED);
    CHECK_EQ(waits[i].result, EDDY_ECANCELED);
    raw_reset(peers[i]);
  }
  end_loop(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(before_the_first_run),
                                     cmocka_unit_test(in_one_turn), cmocka_unit_test(cancels)};
  return RUN_TESTS(tests);
}
