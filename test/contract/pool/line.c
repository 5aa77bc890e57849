// The line of a pool that is short of buffers: first come, first served, whoever waits for data holds nothing, and who
// is called and cannot or does not want to receive hands on. One buffer is on loan for good.
#include "peer.h"

enum { kSize = 64, kReaders = 3 };

struct reader {
  struct rec rec;
  struct peer peer;
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  eddy_lease_t lease;
  int has_lease, keeps;
};

static int order[64], orders;

static void take(struct rec *rec, int64_t result) {
  struct reader *reader = (struct reader *)(void *)rec;
  (void)result;
  if (!eddy_op_more(&rec->op)) return;
  if (orders < COUNT(order)) order[orders++] = (int)(intptr_t)rec->context;
  if (reader->keeps && !reader->has_lease)
    reader->has_lease = eddy_op_take_lease(&rec->op, &reader->lease);
}

static void give(struct reader *reader) {
  if (!reader->has_lease) return;
  reader->has_lease = 0;
  assert_int_equal(eddy_pool_give(reader->pool, reader->lease.id), 0);
}

static void start(struct reader *reader, uint32_t credits) {
  eddy_stream_read_pool(reader->stream, &reader->rec.op, reader->pool, credits, rec_cb);
}

static void send_much(struct reader *reader, size_t buffers) {
  static char data[kSize * 1000];
  peer_send(&reader->peer, data, buffers * kSize);
  peer_settled(&reader->peer);
}

// readers[0] has the one buffer that is on loan for good.
static eddy_pool_t *open_scene(eddy_loop_t *loop, struct reader *readers, uint32_t buffers) {
  eddy_pool_t *pool = open_pool(loop, buffers, kSize);
  memset(readers, 0, kReaders * sizeof *readers);
  for (int i = 0; i < kReaders; i++) {
    readers[i].peer = peer_open(loop, PEER_TCP, &readers[i].stream);
    readers[i].pool = pool;
    readers[i].rec.then = take;
    readers[i].rec.context = (void *)(intptr_t)i;
  }
  readers[0].keeps = 1;
  start(&readers[0], 1);
  send_much(&readers[0], 1);
  turn_until(loop, &readers[0].rec.mores, 1);
  assert_int_equal(readers[0].has_lease, 1);
  orders = 0;
  return pool;
}

static void close_scene(eddy_loop_t *loop, struct reader *readers, eddy_pool_t *pool) {
  for (int i = 0; i < kReaders; i++) {
    give(&readers[i]);
    if (readers[i].stream) eddy_stream_close(readers[i].stream, NULL, NULL);
    peer_close(&readers[i].peer);
  }
  if (pool) eddy_pool_close(pool, NULL, NULL);
  all_ended(loop);
}

static void busy_readers_alternate(void **state) {
  NEEDS(LATE_RECEIVES);
  eddy_loop_t *loop = LOOP(state);
  for (int keeps = 0; keeps < 2; keeps++) {
    struct reader readers[kReaders];
    eddy_pool_t *pool = open_scene(loop, readers, 2);
    for (int i = 1; i < kReaders; i++) {
      readers[i].keeps = keeps; // gives back a turn later, or does not take at all
      send_much(&readers[i], 100);
      start(&readers[i], 0);
    }
    for (int turn = 0; turn < 120; turn++) {
      eddy_loop_step(loop, 0);
      for (int i = 1; i < kReaders; i++) give(&readers[i]);
      int ahead = readers[1].rec.mores - readers[2].rec.mores;
      assert_true(ahead >= -1 && ahead <= 1);
    }
    assert_true(readers[1].rec.mores >= 20);
    close_scene(loop, readers, pool);
  }
}

// All of them had to wait once: from then on each has its turn.
static void fair_after_it_ran_empty(void **state) {
  NEEDS(LATE_RECEIVES);
  eddy_loop_t *loop = LOOP(state);
  struct reader readers[kReaders];
  eddy_pool_t *pool = open_scene(loop, readers, 1);
  for (int i = 1; i < kReaders; i++) {
    send_much(&readers[i], 100);
    start(&readers[i], 0);
    turns(loop, 2);
  }
  send_much(&readers[0], 100);
  turns(loop, 3);
  assert_int_equal(orders, 0);
  give(&readers[0]); // ... which then wants one more, in its turn
  readers[0].keeps = 0;
  turn_until(loop, &orders, 30);
  assert_int_equal(order[0], 1);
  assert_int_equal(order[1], 2);
  for (int i = 6; i < 30; i++) {
    assert_int_equal(order[i], order[i - 3]);
    assert_int_not_equal(order[i], order[i - 1]);
  }
  close_scene(loop, readers, pool);
}

// The first in the line is called when a buffer comes back, and has lost what it wanted to receive.
static void called_in_vain(void **state) {
  NEEDS(LATE_RECEIVES);
  eddy_loop_t *loop = LOOP(state);
  struct reader readers[kReaders];
  eddy_pool_t *pool = open_scene(loop, readers, 1);
  for (int i = 1; i < kReaders; i++) {
    send_much(&readers[i], 1);
    start(&readers[i], 0);
    turns(loop, 2);
  }
  char stolen[kSize];
  raw_receive((int)eddy_stream_native(readers[1].stream), stolen, kSize);
  give(&readers[0]);
  turn_until(loop, &readers[2].rec.mores, 1);
  assert_int_equal(readers[1].rec.mores, 0);
  assert_int_equal(eddy_pool_free(pool), 1); // who waits for data holds nothing
  send_much(&readers[2], 1);
  turn_until(loop, &readers[2].rec.mores, 2);
  send_much(&readers[1], 1);
  turn_until(loop, &readers[1].rec.mores, 1);
  close_scene(loop, readers, pool);
}

static void none(struct reader *reader) { (void)reader; }
static void by_cancel(struct reader *reader) { eddy_cancel(&reader->rec.op); }
static void by_close(struct reader *reader) {
  eddy_stream_close(reader->stream, NULL, NULL);
  reader->stream = NULL;
}

// Whoever leaves the line, before it is called or when it has been, makes way.
static void who_leaves_makes_way(void **state) {
  NEEDS(LATE_RECEIVES);
  eddy_loop_t *loop = LOOP(state);
  void (*const ways[])(struct reader *) = {none, by_cancel, by_close};
  for (int way = 1; way < COUNT(ways); way++)
    for (int called = 0; called < 3; called++) {
      struct reader readers[kReaders];
      eddy_pool_t *pool = open_scene(loop, readers, 1);
      for (int i = 1; i < kReaders; i++) {
        send_much(&readers[i], 1);
        start(&readers[i], 0);
        turns(loop, 2);
      }
      if (called) give(&readers[0]);
      ways[way](&readers[1]);
      if (called == 2) ways[way == 1 ? 2 : 0](&readers[1]); // cancelled, then closed
      if (!called) give(&readers[0]);
      turn_until(loop, &readers[1].rec.finals, 1);
      assert_int_equal(readers[1].rec.result, EDDY_ECANCELED);
      assert_int_equal(readers[1].rec.mores, 0);
      turn_until(loop, &readers[2].rec.mores, 1);
      assert_int_equal(eddy_pool_free(pool), 1);
      close_scene(loop, readers, pool);
    }
}

// A reader that is slow with its one credit leaves the other buffers to others.
static void a_slow_one_holds_its_own_only(void **state) {
  NEEDS(LATE_RECEIVES);
  eddy_loop_t *loop = LOOP(state);
  struct reader readers[kReaders];
  eddy_pool_t *pool = open_scene(loop, readers, 3);
  readers[1].keeps = 1;
  send_much(&readers[1], 100);
  start(&readers[1], 1);
  turn_until(loop, &readers[1].rec.mores, 1);
  send_much(&readers[2], 100);
  start(&readers[2], 0);
  turn_until(loop, &readers[2].rec.mores, 100);
  assert_int_equal(readers[1].rec.mores, 1);
  for (int i = 2; i < 5; i++) {
    give(&readers[1]);
    turn_until(loop, &readers[1].rec.mores, i);
  }
  close_scene(loop, readers, pool);
}

// The pool is closed while reads stand in its line, called or not: they end, and so do what waits behind them.
static void closed_with_a_line(void **state) {
  NEEDS(LATE_RECEIVES);
  eddy_loop_t *loop = LOOP(state);
  for (int called = 0; called < 2; called++)
    for (int stream_too = 0; stream_too < 2; stream_too++) {
      struct reader readers[kReaders];
      struct rec closed = {0}, plain = {0};
      char room[kSize];
      eddy_buf_t in = buffer(room, sizeof room);
      eddy_pool_t *pool = open_scene(loop, readers, 1);
      for (int i = 1; i < kReaders; i++) {
        send_much(&readers[i], 1);
        start(&readers[i], 0);
        turns(loop, 2);
      }
      eddy_stream_read(readers[2].stream, &plain.op, &in, 1, rec_cb);
      if (called) give(&readers[0]);
      if (stream_too) by_close(&readers[1]);
      eddy_pool_close(pool, &closed.op, rec_cb);
      if (!called) give(&readers[0]);
      turn_until(loop, &closed.finals, 1);
      for (int i = 0; i < kReaders; i++) {
        assert_int_equal(readers[i].rec.finals, 1);
        assert_int_equal(readers[i].rec.result, EDDY_ECANCELED);
      }
      turn_until(loop, &plain.finals, 1);
      assert_int_equal(plain.result, kSize);
      close_scene(loop, readers, NULL);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(busy_readers_alternate),
                                     FIXTURE_TEST(fair_after_it_ran_empty),
                                     FIXTURE_TEST(called_in_vain),
                                     FIXTURE_TEST(who_leaves_makes_way),
                                     FIXTURE_TEST(a_slow_one_holds_its_own_only),
                                     FIXTURE_TEST(closed_with_a_line)};
  return RUN_TESTS(tests);
}
