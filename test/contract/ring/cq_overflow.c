// Far more completions at once than a tiny ring holds: overflow ends multishot requests, and still every
// byte arrives, in order.
#include "trap.h"

#include <poll.h>

enum { kStreams = 200, kRounds = 5, kBytes = 1000 };

struct side {
  struct rec rec;
  uint64_t bytes;
  int peer;
  eddy_stream_t *stream;
};

static struct side sides[kStreams];
static struct rec plain[kStreams];
static uint64_t total;

static void count(struct rec *rec, int64_t result) {
  struct side *side = (struct side *)(void *)rec;
  if (!eddy_op_more(&rec->op)) return;
  eddy_lease_t lease;
  CHECK_EQ(eddy_op_peek_lease(&rec->op, &lease), 1);
  CHECK_EQ(lease.size, result);
  for (int64_t i = 0; i < result; i++)
    CHECK_EQ(((unsigned char *)lease.data)[i], (side->bytes + (uint64_t)i) % 251);
  side->bytes += (uint64_t)result;
  total += (uint64_t)result;
}

static void storm(eddy_loop_t *loop, uint32_t buffers, uint32_t credits) {
  eddy_pool_t *pool = pool_of(loop, buffers, 256);
  total = 0;
  memset(sides, 0, sizeof sides);
  for (int i = 0; i < kStreams; i++) {
    struct side *side = &sides[i];
    side->peer = tcp_peer(loop, &side->stream);
    side->rec.then = count;
    eddy_stream_read_pool(side->stream, &side->rec.op, pool, credits, rec_cb);
  }
  eddy_loop_step(loop, 0);
  eddy_loop_step(loop, 0);
  unsigned char data[kBytes];
  for (uint64_t round = 0; round < kRounds; round++) {
    for (uint64_t i = 0; i < kBytes; i++) data[i] = (unsigned char)((round * kBytes + i) % 251);
    for (int i = 0; i < kStreams; i++) CHECK_EQ(write(sides[i].peer, data, kBytes), kBytes);
    if (round % 2) UNTIL(loop, total == (round + 1) * kBytes * kStreams);
  }
  for (int i = 0; i < kStreams; i++) close(sides[i].peer);
  uint64_t wanted = (uint64_t)kStreams * kRounds * kBytes;
  UNTIL(loop, total >= wanted);
  for (int i = 0; i < kStreams; i++) {
    UNTIL(loop, sides[i].rec.finals);
    CHECK_EQ(sides[i].rec.result, 0);
    CHECK_EQ(sides[i].bytes, kRounds * kBytes);
    eddy_stream_close_reset(sides[i].stream, NULL, NULL);
  }
  CHECK_EQ(total, wanted);
  CHECK_EQ(eddy_pool_free(pool), buffers);
  eddy_pool_close(pool, NULL, NULL);
}

static void nothing_is_lost(uint32_t buffers, uint32_t credits) {
  int before = open_descriptors();
  eddy_loop_t *loop = open_tiny();
  storm(loop, buffers, credits);
  end_loop(loop);
  assert_int_equal(open_descriptors(), before);
}

static void multishot_reads(void **state) {
  (void)state;
  nothing_is_lost(256, 0);
}

static void reads_by_credit(void **state) {
  (void)state;
  nothing_is_lost(256, 2);
}

// Out of buffers all the time, which ends requests as well.
static void with_few_buffers(void **state) {
  (void)state;
  nothing_is_lost(3, 0);
  nothing_is_lost(3, 1);
  nothing_is_lost(1, 0);
}

// Waits, and a wake-up in the middle of it all.
static void waits_and_wakes(void **state) {
  (void)state;
  eddy_loop_t *loop = open_tiny();
  eddy_remote_t *remote = eddy_loop_remote(loop);
  struct rec posted = {0};
  memset(plain, 0, sizeof plain);
  for (int i = 0; i < kStreams; i++) {
    sides[i].peer = tcp_peer(loop, &sides[i].stream);
    eddy_stream_wait(sides[i].stream, &plain[i].op, EDDY_READABLE, rec_cb);
  }
  for (int i = 0; i < 3; i++) eddy_loop_step(loop, 0);
  for (int i = 0; i < kStreams; i++) CHECK_EQ(write(sides[i].peer, "x", 1), 1);
  CHECK_EQ(eddy_post(remote, &posted.op, rec_cb), EDDY_PENDING);
  for (int i = 0; i < kStreams; i++) UNTIL(loop, plain[i].finals);
  UNTIL(loop, posted.finals);
  for (int i = 0; i < kStreams; i++) {
    CHECK_EQ(plain[i].calls, 1);
    CHECK_EQ(plain[i].result, EDDY_READABLE);
  }
  // The poll on the wake descriptor may have died of the overflow: posts still end a wait.
  struct rec again = {0};
  for (int i = 0; i < 3; i++) eddy_loop_step(loop, 0);
  eddy_post(remote, &again.op, rec_cb);
  eddy_loop_step(loop, eddy_update_now(loop) + 10 * EDDY_SECOND);
  UNTIL(loop, again.finals);
  for (int i = 0; i < kStreams; i++) raw_reset(sides[i].peer);
  eddy_remote_release(remote);
  end_loop(loop);
}

// A cancelled read's data, then nothing for a turn: the end of the request was put off by the overflow. The stream
// has been closed meanwhile, which drops what was received.
static void closed_behind_a_full_queue(void **state) {
  (void)state;
  eddy_loop_t *loop = open_tiny();
  eddy_pool_t *pool = pool_of(loop, 8, 256);
  eddy_stream_t *stream, *other;
  int peer = tcp_peer(loop, &stream), other_peer = tcp_peer(loop, &other);
  struct rec read = {0}, waits[6], late;
  memset(waits, 0, sizeof waits);
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  CHECK_EQ(write(peer, "x", 1), 1);
  UNTIL(loop, read.mores == 1);
  for (int used = 0; used < 6;
       used++) { // the place that is left for the data depends on the kernel
    for (int i = 0; i < used; i++) {
      waits[i] = (struct rec){0};
      eddy_stream_wait(other, &waits[i].op, EDDY_READABLE, rec_cb);
    }
    eddy_loop_step(loop, 0);
    CHECK_EQ(write(other_peer, "y", 1), 1);
    CHECK_EQ(write(peer, "z", 1), 1);
    struct pollfd arrived = {(int)eddy_stream_native(stream), POLLIN, 0};
    CHECK_EQ(poll(&arrived, 1, 10000), 1);
    late = (struct rec){0};
    eddy_stream_wait(stream, &late.op, EDDY_PRIORITY, rec_cb);
    eddy_loop_flush(loop);
    int mores = read.mores;
    eddy_cancel(&read.op);
    eddy_stream_close(stream, NULL, NULL);
    UNTIL(loop, read.finals);
    CHECK_EQ(read.mores, mores);
    CHECK_EQ(read.result, EDDY_ECANCELED);
    CHECK_EQ(eddy_pool_free(pool), 8);
    UNTIL(loop, late.finals);
    for (int i = 0; i < used; i++) UNTIL(loop, waits[i].finals);
    char byte;
    CHECK_EQ(recv((int)eddy_stream_native(other), &byte, 1, 0), 1);
    close(peer);
    peer = tcp_peer(loop, &stream);
    read = (struct rec){0};
    eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
    eddy_loop_step(loop, 0);
  }
  eddy_stream_close(stream, NULL, NULL);
  UNTIL(loop, read.finals);
  close(peer);
  close(other_peer);
  eddy_stream_close(other, NULL, NULL);
  eddy_pool_close(pool, NULL, NULL);
  end_loop(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(multishot_reads), cmocka_unit_test(reads_by_credit),
      cmocka_unit_test(with_few_buffers), cmocka_unit_test(waits_and_wakes),
      cmocka_unit_test(closed_behind_a_full_queue)};
  return RUN_TESTS(tests);
}
