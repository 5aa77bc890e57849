// The end of a stream, or its reset, is told behind any number of bytes and buffers that wait before it: to pool reads
// with few credits and with many, and to plain reads with small and with large buffers.
#include "peer.h"

enum { kSize = 64, kPlain = -1 };

struct reading {
  struct rec rec;
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  uint64_t bytes;
  char room[4096];
  size_t chunk;
};

static void take(struct rec *rec, int64_t result) {
  struct reading *reading = (struct reading *)(void *)rec;
  if (result <= 0) return;
  if (reading->pool) {
    eddy_lease_t lease;
    assert_int_equal(eddy_op_peek_lease(&rec->op, &lease), 1);
    pattern_check(lease.data, (size_t)result, reading->bytes);
    reading->bytes += (uint64_t)result;
    return;
  }
  pattern_check(reading->room, (size_t)result, reading->bytes);
  reading->bytes += (uint64_t)result;
  rec->finals = 0;
  eddy_buf_t in = buffer(reading->room, reading->chunk);
  eddy_stream_read(reading->stream, &rec->op, &in, 1, rec_cb);
}

static void start(struct reading *reading, int credits) {
  reading->rec.then = take;
  if (reading->pool) {
    eddy_stream_read_pool(reading->stream, &reading->rec.op, reading->pool, (uint32_t)credits,
                          rec_cb);
    return;
  }
  eddy_buf_t in = buffer(reading->room, reading->chunk);
  eddy_stream_read(reading->stream, &reading->rec.op, &in, 1, rec_cb);
}

// `credits`: kPlain for a plain read.
static void one(eddy_loop_t *loop, enum peer_kind kind, int buffers, int resets, int credits,
                size_t extra) {
  static char data[kSize * 1000 + kSize];
  struct reading reading = {.chunk = credits == kPlain && extra ? 4096 : kSize};
  struct peer peer = peer_open(loop, kind, &reading.stream);
  size_t size = (size_t)buffers * kSize + extra;
  pattern_fill(data, size, 0);
  peer_send(&peer, data, size);
  if (kind == PEER_TCP) peer_settled(&peer);
  if (resets)
    peer_reset(&peer);
  else
    peer_close(&peer);
  if (credits != kPlain) reading.pool = open_pool(loop, 50, kSize);
  start(&reading, credits);
  turn_until(loop, &reading.rec.finals, 1);
  int cut = resets && kind == PEER_TCP;
  assert_int_equal(reading.rec.result, cut ? EDDY_ECONNRESET : 0);
  assert_int_equal(reading.bytes, size);
  close_stream(loop, reading.stream);
  if (reading.pool) eddy_pool_close(reading.pool, NULL, NULL);
  all_ended(loop);
}

static void each(eddy_loop_t *loop, enum peer_kind kind) {
  const int counts[] = {1, 2, 33, 34, 40, 100, 1000}, credits[] = {kPlain, 1, 3, 0};
  for (int i = 0; i < COUNT(counts); i++)
    for (int resets = 0; resets < 2; resets++)
      for (int k = 0; k < COUNT(credits); k++)
        for (size_t extra = 0; extra <= (counts[i] < 100); extra++)
          one(loop, kind, counts[i], resets, credits[k], extra * 17);
}

static void on_tcp(void **state) { each(LOOP(state), PEER_TCP); }

static void on_local_streams(void **state) {
  NEEDS(UNIX_SOCKETS);
  each(LOOP(state), PEER_LOCAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(on_tcp), FIXTURE_TEST(on_local_streams)};
  return RUN_TESTS(tests);
}
