// Bytes and the end behind them arrive together, before the driver looks, and are one event. Every kind of read must hear of it, also one that starts afterwards.
#include "trap.h"

enum { kSize = 300, kBuffer = 64 };

struct reading {
  struct rec rec;
  uint64_t bytes;
};

static void count_bytes(struct rec *rec, int64_t result) {
  if (result > 0) ((struct reading *)rec)->bytes += (uint64_t)result;
}

static int peer_of(eddy_loop_t *loop, int family, eddy_stream_t **stream) {
  if (family == AF_INET) return tcp_peer(loop, stream);
  int fds[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  CHECK_EQ(eddy_stream_adopt(loop, fds[1], stream), 0);
  return fds[0];
}

static void send_and_end(int peer, int sends, int resets) {
  static const char data[kSize];
  for (int i = 0; i < sends; i++) CHECK_EQ(send(peer, data, sizeof data, 0), kSize);
  if (resets)
    raw_reset(peer);
  else
    close(peer);
}

// Reads to the end; kBuffer of the pool's buffers or fewer, so that it runs out of them too.
static void read_all(eddy_loop_t *loop, int family, int resets, int sends, uint32_t credits,
                     int late) {
  eddy_stream_t *stream;
  eddy_pool_t *pool = pool_of(loop, 4, kBuffer);
  int peer = peer_of(loop, family, &stream);
  struct reading read = {.rec = {.then = count_bytes}};
  if (late) send_and_end(peer, sends, resets);
  eddy_stream_read_pool(stream, &read.rec.op, pool, credits, rec_cb);
  if (!late) {
    eddy_loop_step(loop, 0);
    eddy_loop_step(loop, 0);
    send_and_end(peer, sends, resets);
  }
  UNTIL(loop, read.rec.finals);
  int cut = resets && family == AF_INET;
  CHECK_EQ(read.rec.result, cut ? EDDY_ECONNRESET : 0);
  CHECK_EQ(read.bytes, sends * kSize);
  eddy_stream_close(stream, NULL, NULL);
  eddy_pool_close(pool, NULL, NULL);
  eddy_loop_step(loop, 0);
}

static void each_kind(eddy_loop_t *loop, int family) {
  for (int resets = 0; resets < 2; resets++)
    for (int sends = 0; sends < 3; sends++)
      for (uint32_t credits = 0; credits < 5; credits += 2)
        for (int late = 0; late < 2; late++) read_all(loop, family, resets, sends, credits, late);
}

static void on_tcp(void **state) { each_kind(LOOP(state), AF_INET); }

static void on_a_unix_socket(void **state) {
  if (!UNIX_SOCKETS) SKIP("no Unix sockets");
  each_kind(LOOP(state), AF_UNIX);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(on_tcp), FIXTURE_TEST(on_a_unix_socket)};
  return RUN_TESTS(tests);
}
