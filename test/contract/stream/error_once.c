// The kernel tells of a reset once, by an error (and for epoll by one edge). Whoever asks first has to pass
// it on, whether its write ends inside the start call or later; and the writes that come after end too.
#include "trap.h"

enum { kWrites = 6 };

static int64_t write_one(eddy_loop_t *loop, eddy_stream_t *stream, uint32_t flags) {
  static char data[10];
  static struct rec write; // outlives a failed check
  memset(&write, 0, sizeof write);
  eddy_buf_t out = buffer(data, sizeof data);
  eddy_op_set_flags(&write.op, flags);
  if (eddy_stream_write(stream, &write.op, &out, 1, rec_cb) == EDDY_DONE)
    return eddy_op_result(&write.op);
  UNTIL(loop, write.finals);
  return write.result;
}

static void reset(eddy_loop_t *loop, uint32_t flags, int armed) {
  eddy_stream_t *stream;
  struct rec disconnect = {0};
  int peer = tcp_peer(loop, &stream);
  if (armed) {
    eddy_stream_wait(stream, &disconnect.op, EDDY_PRIORITY, rec_cb);
    eddy_loop_step(loop, 0);
  }
  raw_reset(peer);
  eddy_loop_step(loop, 0); // the edge comes while no write waits
  CHECK_EQ(write_one(loop, stream, flags), EDDY_ECONNRESET);
  for (int i = 0; i < kWrites; i++) CHECK_EQ(write_one(loop, stream, flags), WRITE_AFTER_RESET);
  eddy_stream_close(stream, NULL, NULL);
  UNTIL(loop, !armed || disconnect.finals);
}

static void later(void **state) {
  reset(LOOP(state), 0, 0);
  reset(LOOP(state), 0, 1);
}

static void inside_the_start(void **state) {
  reset(LOOP(state), EDDY_OP_INLINE, 0);
  reset(LOOP(state), EDDY_OP_INLINE, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(later), FIXTURE_TEST(inside_the_start)};
  return RUN_TESTS(tests);
}
