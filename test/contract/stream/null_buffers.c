// A count without buffers is EDDY_EINVAL, whatever the op's flags and its stream's state.
#include "peer.h"

static int64_t result_of(eddy_loop_t *loop, struct rec *rec, int started) {
  if (started == EDDY_DONE) return eddy_op_result(&rec->op);
  turn_until(loop, &rec->finals, 1);
  return rec->result;
}

static void refuses(eddy_loop_t *loop, eddy_stream_t *stream, uint32_t flags) {
  char byte = 0;
  const eddy_buf_t nothing = {NULL, 1}, some[2] = {{&byte, 1}, {NULL, 1}};
  const struct {
    const eddy_buf_t *buffers;
    uint32_t count;
  } wrong[] = {{NULL, 1}, {NULL, 2}, {NULL, 1024}, {&nothing, 1}, {some, 2}};
  for (int i = 0; i < COUNT(wrong); i++) {
    struct rec read = {0}, write = {0};
    eddy_op_set_flags(&read.op, flags);
    eddy_op_set_flags(&write.op, flags);
    int started = eddy_stream_write(stream, &write.op, wrong[i].buffers, wrong[i].count, rec_cb);
    assert_int_equal(result_of(loop, &write, started), EDDY_EINVAL);
    started = eddy_stream_read(stream, &read.op, wrong[i].buffers, wrong[i].count, rec_cb);
    assert_int_equal(result_of(loop, &read, started), EDDY_EINVAL);
  }
}

static void everywhere(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *idle = open_stream(loop);
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  refuses(loop, stream, 0);
  refuses(loop, stream, EDDY_OP_INLINE);
  refuses(loop, idle, 0);
  refuses(loop, idle, EDDY_OP_INLINE);
  // No buffers at all are an empty write.
  struct rec empty = {0};
  eddy_stream_write(stream, &empty.op, NULL, 0, rec_cb);
  turn_until(loop, &empty.finals, 1);
  assert_int_equal(empty.result, 0);
  char byte = 'x', got = 0;
  eddy_buf_t out = buffer(&byte, 1);
  struct rec write = {0};
  eddy_stream_write(stream, &write.op, &out, 1, rec_cb); // it is as good as before
  turn_until(loop, &write.finals, 1);
  peer_receive(&peer, &got, 1);
  assert_int_equal(got, 'x');
  peer_close(&peer);
  close_stream(loop, stream);
  close_stream(loop, idle);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(everywhere)};
  return RUN_TESTS(tests);
}
