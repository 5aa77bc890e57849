// 64 MiB through a reader that takes small pieces: every byte, in order, and the sender is held back.
#include "tcp.h"

enum { kBlock = 1 << 20, kBlocks = 64 };

static void sixty_four_megabytes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *a, *b;
  stream_pair(loop, &a, &b);
  const uint64_t total = (uint64_t)kBlock * kBlocks;
  char *out[2] = {malloc(kBlock), malloc(kBlock)}, *in = malloc(40000);
  struct rec writes[2] = {0}, read = {0}, shut = {0};
  eddy_buf_t from[2], to = buffer(in, 40000);
  uint64_t sent = 0, got = 0;
  for (int started = 0; got < total;) {
    for (int i = 0; i < 2; i++) {
      if (started == kBlocks || eddy_op_pending(&writes[i].op)) continue;
      if (started >= 2) assert_int_equal(writes[i].result, kBlock);
      pattern_fill(out[i], kBlock, sent);
      from[i] = buffer(out[i], kBlock);
      eddy_stream_write(a, &writes[i].op, &from[i], 1, rec_cb);
      assert_true(eddy_stream_queued(a) <= 2 * kBlock);
      sent += kBlock;
      started++;
    }
    // Alternately few bytes and many, and a turn in which nobody reads.
    to.size = got / 65536 % 3 ? 40000 : 1777;
    if (got % 7 == 0) turns(loop, 1);
    read.finals = 0;
    eddy_stream_read(b, &read.op, &to, 1, rec_cb);
    turn_until(loop, &read.finals, 1);
    assert_true(read.result > 0);
    pattern_check(in, (size_t)read.result, got);
    got += (uint64_t)read.result;
  }
  assert_int_equal(got, total);
  all_ended(loop);
  assert_int_equal(eddy_stream_queued(a), 0);
  eddy_stream_shutdown(a, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  eddy_stream_read(b, &read.op, &to, 1, rec_cb);
  all_ended(loop);
  assert_int_equal(read.result, 0);
  free(out[0]);
  free(out[1]);
  free(in);
  close_stream(loop, a);
  close_stream(loop, b);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(sixty_four_megabytes)};
  return RUN_TESTS(tests);
}
