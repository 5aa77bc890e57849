// Descriptor numbers are reused within one batch: a stream is closed and another accepted in the same
// turn, many times, and no event of the old one reaches the new.
#include "peer.h"

enum { kRounds = 150, kStreams = 4 };

struct slot {
  struct rec read;
  eddy_stream_t *stream;
  char in[8];
  eddy_buf_t room;
};

static void turnover(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct slot slots[kStreams] = {0};
  struct peer peers[kStreams] = {{0}};
  int reused = 0;
  static char seen[1 << 16];
  for (int round = 0; round < kRounds; round++) {
    struct rec accepts[kStreams] = {0};
    for (int i = 0; i < kStreams; i++) {
      accepts[i].then = take_accepted;
      eddy_listener_accept(listener, &accepts[i].op, rec_cb);
      struct peer old = peers[i];
      peers[i] = peer_connect(&addr);
      assert_true(peers[i].fd >= 0);
      if (round) {
        // Events for the old one are under way while it is closed.
        if (i & 1)
          peer_send(&old, "old", 3);
        else if (round & 1)
          peer_reset(&old);
        eddy_stream_close(slots[i].stream, NULL, NULL);
        if ((i & 1) || !(round & 1)) peer_close(&old);
      }
    }
    all_ended(loop);
    for (int i = 0; i < kStreams; i++) {
      assert_int_equal(accepts[i].result, 0);
      if (round) {
        assert_int_equal(slots[i].read.finals, 1);
        assert_int_equal(slots[i].read.result, EDDY_ECANCELED);
      }
      slots[i] = (struct slot){.stream = accepts[i].context};
      size_t number = (size_t)eddy_stream_native(slots[i].stream);
      assert_true(number < sizeof seen);
      reused += seen[number];
      seen[number] = 1;
      slots[i].room = buffer(slots[i].in, sizeof slots[i].in);
      eddy_stream_read(slots[i].stream, &slots[i].read.op, &slots[i].room, 1, rec_cb);
    }
    turns(loop, 2);
    for (int i = 0; i < kStreams; i++) assert_int_equal(slots[i].read.calls, 0); // nothing came
  }
  assert_true(reused > kRounds); // else the test shows nothing
  for (int i = 0; i < kStreams; i++) {
    peer_send(&peers[i], "new", 3);
    turn_until(loop, &slots[i].read.finals, 1);
    assert_int_equal(slots[i].read.result, 3);
    peer_close(&peers[i]);
    eddy_stream_close(slots[i].stream, NULL, NULL);
  }
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(turnover)};
  return RUN_TESTS(tests);
}
