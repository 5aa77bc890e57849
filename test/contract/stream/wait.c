// Readiness of a stream: several waiters at once, level semantics, no data taken.
#include "peer.h"

static void several_at_once(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec readers[5] = {0}, writable = {0}, both = {0}, gone = {0}, dropped = {0};
  for (int i = 0; i < 5; i++) eddy_stream_wait(stream, &readers[i].op, EDDY_READABLE, rec_cb);
  eddy_stream_wait(stream, &writable.op, EDDY_WRITABLE, rec_cb);
  eddy_stream_wait(stream, &gone.op, EDDY_DISCONNECT, rec_cb);
  eddy_stream_wait(stream, &dropped.op, EDDY_READABLE, rec_cb);
  turn_until(loop, &writable.finals, 1);
  assert_int_equal(writable.result, EDDY_WRITABLE);
  turns(loop, 3);
  assert_int_equal(readers[0].calls, 0);
  eddy_cancel(&dropped.op);
  peer_send(&peer, "data", 4);
  for (int i = 0; i < 5; i++) {
    turn_until(loop, &readers[i].finals, 1);
    assert_int_equal(readers[i].result, EDDY_READABLE);
  }
  assert_int_equal(dropped.result, EDDY_ECANCELED);
  assert_int_equal(gone.calls, 0);
  // Level: what holds now is told at once, again and again, and the bytes are all there.
  for (int i = 0; i < 3; i++) {
    both.finals = 0;
    eddy_stream_wait(stream, &both.op, EDDY_READABLE | EDDY_WRITABLE, rec_cb);
    turn_until(loop, &both.finals, 1);
    assert_int_equal(both.result, EDDY_READABLE | EDDY_WRITABLE);
  }
  char room[8] = {0};
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec read = {0}, next = {0};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, 4);
  eddy_stream_wait(stream, &next.op, EDDY_READABLE, rec_cb);
  turns(loop, 3);
  assert_int_equal(next.calls, 0);
  peer_send(&peer, "x", 1);
  turn_until(loop, &next.finals, 1);
  struct rec last = {0}; // not every system shows the end behind unread data
  eddy_stream_read(stream, &last.op, &in, 1, rec_cb);
  turn_until(loop, &last.finals, 1);
  peer_close(&peer);
  turn_until(loop, &gone.finals, 1);
  assert_int_equal(gone.result, EDDY_DISCONNECT);
  close_stream(loop, stream);
}

// Room to write comes back when the peer reads.
static void writable_again(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  static char block[1 << 20];
  eddy_buf_t out = buffer(block, sizeof block);
  for (;;) { // fill the kernel's buffers
    struct rec write = {0};
    eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
    turn_for(loop, 5 * EDDY_MILLISECOND);
    if (write.finals) continue;
    eddy_cancel(&write.op);
    turn_until(loop, &write.finals, 1);
    break;
  }
  struct rec wait = {0};
  eddy_stream_wait(stream, &wait.op, EDDY_WRITABLE, rec_cb);
  turns(loop, 3);
  assert_int_equal(wait.calls, 0);
  static char sink[1 << 16];
  TURN_UNTIL(loop, ((void)peer_receive_some(&peer, sink, sizeof sink), wait.finals));
  assert_int_equal(wait.result, EDDY_WRITABLE);
  close_stream(loop, stream);
  peer_close(&peer);
}

static void bad_events(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *idle = open_stream(loop);
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec none = {0}, unknown = {0}, unconnected = {0};
  eddy_stream_wait(stream, &none.op, 0, rec_cb);
  eddy_stream_wait(stream, &unknown.op, 1 << 20, rec_cb);
  eddy_stream_wait(idle, &unconnected.op, EDDY_WRITABLE, rec_cb);
  all_ended(loop);
  assert_int_equal(none.result, EDDY_EINVAL);
  assert_int_equal(unknown.result, EDDY_EINVAL);
  assert_int_equal(unconnected.result, EDDY_ENOTCONN);
  close_stream(loop, stream);
  close_stream(loop, idle);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(several_at_once), FIXTURE_TEST(writable_again),
                                     FIXTURE_TEST(bad_events)};
  return RUN_TESTS(tests);
}
