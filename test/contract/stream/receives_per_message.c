// A message costs one receive, and nothing is registered for it: a short read has emptied the socket, and a stream is
// in the set of its loop once and for all.
#include "needs.h"

#if HAS_CALL_COUNTS

#include "peer.h"

#include <call_counts.h>

enum { kMessages = 200, kSize = 32, kFirst = 3 }; // kFirst: calls that only a new stream may need

static void counting(const struct peer *peer) {
  calls.not_of = peer->fd;
  calls.receives = calls.registrations = 0;
}

static void counted(void) {
  if (calls.receives < kMessages || calls.receives > kMessages + kFirst)
    fail_msg("%d receives for %d messages", calls.receives, kMessages);
  if (calls.registrations > kFirst)
    fail_msg("%d registrations for %d messages", calls.registrations, kMessages);
}

static void answer(eddy_loop_t *loop, eddy_stream_t *stream, struct peer *peer) {
  char reply[kSize];
  eddy_buf_t bytes = buffer("the reply to what has been said", kSize);
  struct rec write = {0};
  eddy_stream_write(stream, &write.op, &bytes, 1, rec_cb);
  turn_until(loop, &write.finals, 1);
  peer_receive(peer, reply, kSize);
}

// A read is started, waits, and ends by one message.
static void plain_reads(eddy_loop_t *loop, enum peer_kind kind) {
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, kind, &stream);
  counting(&peer);
  for (int i = 0; i < kMessages; i++) {
    char room[4 * kSize];
    eddy_buf_t into = buffer(room, sizeof room);
    struct rec read = {0};
    eddy_stream_read(stream, &read.op, &into, 1, rec_cb);
    turns(loop, 1); // it waits in the kernel
    peer_send(&peer, "a message of thirty-two bytes, yes", kSize);
    turn_until(loop, &read.finals, 1);
    assert_int_equal(read.result, kSize);
    answer(loop, stream, &peer);
  }
  counted();
  peer_close(&peer);
  close_stream(loop, stream);
}

static void pool_reads(eddy_loop_t *loop, enum peer_kind kind) {
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  eddy_pool_options_t options = {.size = sizeof options, .buffers = 4, .buffer_size = 4 * kSize};
  struct peer peer = peer_open(loop, kind, &stream);
  struct rec read = {0};
  assert_int_equal(eddy_pool_open(loop, &options, &pool), 0);
  counting(&peer);
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  for (int i = 0; i < kMessages; i++) {
    turns(loop, 1);
    peer_send(&peer, "a message of thirty-two bytes, yes", kSize);
    turn_until(loop, &read.mores, i + 1);
    assert_int_equal(read.last_more, kSize);
    answer(loop, stream, &peer);
  }
  counted();
  peer_close(&peer);
  turn_until(loop, &read.finals, 1);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
}

static void tcp_plain(void **state) { plain_reads(LOOP(state), PEER_TCP); }
static void tcp_pool(void **state) { pool_reads(LOOP(state), PEER_TCP); }
static void local_plain(void **state) { plain_reads(LOOP(state), PEER_LOCAL); }
static void local_pool(void **state) { pool_reads(LOOP(state), PEER_LOCAL); }

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(tcp_plain),
      FIXTURE_TEST(tcp_pool),
      FIXTURE_TEST(local_plain),
      FIXTURE_TEST(local_pool),
  };
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("Winsock's calls cannot be counted by the linker");
#endif
