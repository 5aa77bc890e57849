// Data that comes in several messages, and reads that stop in the middle of them: a read that was shorter than its
// buffer must not let the loop believe that nothing is left.
#include "peer.h"

enum { kTotal = 1500 };

struct reading {
  struct rec rec;
  eddy_stream_t *stream;
  uint64_t bytes;
  char room[512];
  eddy_buf_t parts[2];
  uint32_t count;
};

static void again(struct reading *reading) {
  eddy_stream_read(reading->stream, &reading->rec.op, reading->parts, reading->count, rec_cb);
}

static void take(struct rec *rec, int64_t result) {
  struct reading *reading = (struct reading *)(void *)rec;
  if (result <= 0) return;
  pattern_check(reading->room, (size_t)result, reading->bytes);
  reading->bytes += (uint64_t)result;
  rec->finals = 0;
  again(reading);
}

static void take_lease(struct rec *rec, int64_t result) {
  struct reading *reading = (struct reading *)(void *)rec;
  eddy_lease_t lease;
  if (!eddy_op_peek_lease(&rec->op, &lease)) return;
  pattern_check(lease.data, (size_t)result, reading->bytes);
  reading->bytes += (uint64_t)result;
}

// `turns_between`: -1 sends it all before the first look.
static void one(eddy_loop_t *loop, enum peer_kind kind, size_t message, size_t room, int pooled,
                int turns_between) {
  struct reading reading = {.rec = {.then = pooled ? take_lease : take}, .count = 2};
  struct peer peer = peer_open(loop, kind, &reading.stream);
  eddy_pool_t *pool = pooled ? open_pool(loop, 3, (uint32_t)room) : NULL;
  reading.parts[0] = buffer(reading.room, room / 3);
  reading.parts[1] = buffer(reading.room + room / 3, room - room / 3);
  if (pool)
    eddy_stream_read_pool(reading.stream, &reading.rec.op, pool, 0, rec_cb);
  else
    again(&reading);
  char data[600];
  uint64_t sent = 0;
  while (sent < kTotal) {
    pattern_fill(data, message, sent);
    peer_send(&peer, data, message);
    sent += message;
    if (turns_between > 0) turns(loop, turns_between);
    if (turns_between >= 0 && sent % 7 == 0) TURN_UNTIL(loop, reading.bytes == sent);
  }
  TURN_UNTIL(loop, reading.bytes == sent);
  peer_close(&peer);
  turn_until(loop, &reading.rec.finals, 1);
  assert_int_equal(reading.rec.result, 0);
  close_stream(loop, reading.stream);
  if (pool) eddy_pool_close(pool, NULL, NULL);
  all_ended(loop);
}

static void each(eddy_loop_t *loop, enum peer_kind kind) {
  const size_t messages[] = {10, 64, 333}, rooms[] = {64, 65, 512};
  for (int m = 0; m < COUNT(messages); m++)
    for (int r = 0; r < COUNT(rooms); r++)
      for (int pooled = 0; pooled < 2; pooled++)
        for (int between = -1; between < 2; between++)
          one(loop, kind, messages[m], rooms[r], pooled, between);
}

static void of_tcp(void **state) { each(LOOP(state), PEER_TCP); }

static void of_local_streams(void **state) {
  NEEDS(UNIX_SOCKETS);
  each(LOOP(state), PEER_LOCAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(of_tcp), FIXTURE_TEST(of_local_streams)};
  return RUN_TESTS(tests);
}
