// Shutting down the write side takes its turn behind the writes; a cancel takes it out again.
#include "peer.h"

enum { kSize = 1 << 20 };

static char out[kSize], in[kSize];

static void fin_behind_writes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  small_buffers(stream, 4096);
  pattern_fill(out, kSize, 0);
  struct rec writes[2] = {0}, shut = {0}, late = {0};
  eddy_buf_t half[2] = {buffer(out, kSize / 2), buffer(out + kSize / 2, kSize / 2)};
  eddy_stream_write(stream, &writes[0].op, &half[0], 1, rec_cb);
  eddy_stream_write(stream, &writes[1].op, &half[1], 1, rec_cb);
  eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  eddy_stream_write(stream, &late.op, &half[0], 1, rec_cb);
  turns(loop, 5);
  assert_int_equal(shut.calls, 0);
  turn_until(loop, &late.finals, 1);
  assert_int_equal(late.result, EDDY_EPIPE);
  size_t got = 0;
  int64_t now = -1;
  TURN_UNTIL(loop, __extension__({
               while ((now = peer_receive_some(&peer, in + got, kSize - got + (got == kSize))) > 0)
                 got += (size_t)now;
               now == 0;
             }));
  assert_int_equal(got, kSize);
  pattern_check(in, kSize, 0);
  all_ended(loop);
  assert_int_equal(writes[0].result, kSize / 2);
  assert_int_equal(writes[1].result, kSize / 2);
  assert_int_equal(shut.result, 0);
  assert_true(writes[0].order < writes[1].order && writes[1].order < shut.order);
  close_stream(loop, stream);
  peer_close(&peer);
}

static void cancelled_has_no_effect(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  small_buffers(stream, 4096);
  struct rec write = {0}, shut = {0}, after = {0};
  eddy_buf_t all = buffer(out, kSize), byte = buffer(out, 1);
  eddy_stream_write(stream, &write.op, &all, 1, rec_cb);
  eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  turns(loop, 3);
  eddy_cancel(&shut.op);
  turn_until(loop, &shut.finals, 1);
  assert_int_equal(shut.result, EDDY_ECANCELED);
  eddy_stream_write(stream, &after.op, &byte, 1, rec_cb);
  size_t got = 0;
  TURN_UNTIL(loop, __extension__({
               int64_t now;
               while ((now = peer_receive_some(&peer, in, kSize)) > 0) got += (size_t)now;
               got == kSize + 1;
             }));
  all_ended(loop);
  assert_int_equal(write.result, kSize);
  assert_int_equal(after.result, 1);
  close_stream(loop, stream);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(fin_behind_writes),
                                     FIXTURE_TEST(cancelled_has_no_effect)};
  return RUN_TESTS(tests);
}
