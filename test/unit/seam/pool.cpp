// Receive pools over the seam: hard credits, turns among the parked.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

#include <initializer_list>

using namespace eddy;
using namespace eddy::fake;

namespace {

struct Taker {
  Rec rec; // first: the op is the Rec
  uint64_t ids[16];
  int count;
  uint64_t bytes;
};

void keep(Rec &rec, int64_t result) {
  Taker &taker = reinterpret_cast<Taker &>(rec);
  eddy_lease_t lease;
  if (!eddy_op_more(&rec.op)) return;
  assert_int_equal(eddy_op_take_lease(&rec.op, &lease), 1);
  assert_int_equal(eddy_op_take_lease(&rec.op, &lease), 0);
  assert_int_equal(lease.size, result);
  for (size_t i = 0; i < lease.size; i++)
    assert_int_equal(static_cast<uint8_t *>(lease.data)[i], fake::pattern(taker.bytes + i));
  taker.bytes += lease.size;
  taker.ids[taker.count++] = lease.id;
}

void give(eddy_pool_t *pool, Taker &taker) {
  assert_int_equal(eddy_pool_give(pool, taker.ids[--taker.count]), 0);
}

// A payload of a turn in which the stream closes goes back to the pool.
void a_close_gives_back_what_nobody_saw(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    eddy_pool_t *pool = fake::pool(loop, 4);
    eddy_stream_t *first = fake::stream(loop), *stream = fake::stream(loop);
    Rec read = {}, closer = {};
    char byte;
    closer.context = stream;
    closer.then = [](Rec &rec, int64_t) { fake::close(static_cast<eddy_stream_t *>(rec.context)); };
    fake::read(first, closer, &byte, 1);
    fake::read_pool(stream, read, pool, 2);
    turn(loop);
    fake::at(kStart + 5, line(first), arrive, 1);
    fake::at(kStart + 5, line(stream), arrive, 10);
    for (int i = 0; i < 5; i++) eddy_loop_step(&loop, kStart + 10);
    ONCE(closer, 1);
    ONCE(read, EDDY_ECANCELED);
    assert_int_equal(read.mores, 0);
    assert_int_equal(eddy_pool_free(pool), 4);
    fake::close(first);
    eddy_pool_close(pool, nullptr, nullptr);
    turn(loop, 3);
    end(loop);
  }
}

void settle_down(Loop &loop) { turn(loop, 6); }

void credits(bool completes, uint32_t credits, uint32_t count) {
  Loop &loop = *open(completes);
  eddy_pool_t *pool = fake::pool(loop, count);
  eddy_stream_t *stream = fake::stream(loop);
  Taker taker = {};
  taker.rec.then = keep;
  fake::read_pool(stream, taker.rec, pool, credits);
  fake::at(kStart, line(stream), arrive, 64 * 12);
  settle_down(loop);
  uint32_t most = credits && credits < count ? credits : count;
  assert_int_equal(taker.count, most);
  assert_int_equal(eddy_pool_free(pool), count - most);
  for (int given = 0; given < 4; given++) { // one back, one more
    give(pool, taker);
    settle_down(loop);
    assert_int_equal(taker.count, most);
    assert_int_equal(taker.rec.mores, static_cast<int>(most) + given + 1);
  }
  cancel(taker.rec);
  settle_down(loop);
  ONCE(taker.rec, EDDY_ECANCELED);
  uint64_t id = taker.ids[0];
  while (taker.count) give(pool, taker);
  assert_int_equal(eddy_pool_give(pool, id), EDDY_EINVAL);
  assert_int_equal(eddy_pool_free(pool), count);
  end(loop);
}

void credits_are_hard(void **) {
  for (uint32_t of : {1u, 2u, 3u, 4u, 0u}) {
    credits(false, of, 4);
    credits(true, of, 4);
  }
}

// Reads that find no buffer come in the order in which they found none.
void the_parked_wake_in_turn(void **) {
  for (int mode = 0; mode < 3; mode++) {
    Loop &loop = *open(mode == 1);
    world(loop).once = mode == 2;
    eddy_pool_t *pool = fake::pool(loop, 1);
    eddy_stream_t *streams[4];
    Taker takers[4] = {};
    for (int i = 0; i < 4; i++) {
      streams[i] = fake::stream(loop);
      takers[i].rec.then = keep;
      fake::read_pool(streams[i], takers[i].rec, pool, 1);
      fake::at(kStart + 1 + static_cast<Time>(i), line(streams[i]), arrive, 10);
    }
    while (world(loop).now < kStart + 4) eddy_loop_step(&loop, kStart + 10);
    settle_down(loop);
    for (int i = 0; i < 4; i++) {
      for (int k = 0; k < 4; k++) assert_int_equal(takers[k].rec.mores, k <= i);
      assert_int_equal(eddy_pool_free(pool), 0);
      give(pool, takers[i]);
      settle_down(loop);
    }
    assert_int_equal(eddy_pool_free(pool), 1);
    end(loop);
  }
}

void a_parked_read_that_ends_lets_the_next_one_go(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    eddy_pool_t *pool = fake::pool(loop, 1);
    eddy_stream_t *streams[3];
    Taker takers[3] = {};
    for (int i = 0; i < 3; i++) {
      streams[i] = fake::stream(loop);
      takers[i].rec.then = keep;
      fake::read_pool(streams[i], takers[i].rec, pool, 1);
      fake::at(kStart + 1 + static_cast<Time>(i), line(streams[i]), arrive, 10);
    }
    while (world(loop).now < kStart + 3) eddy_loop_step(&loop, kStart + 10);
    settle_down(loop);
    give(pool, takers[0]); // wakes the second
    cancel(takers[1].rec); // ... which leaves
    settle_down(loop);
    ONCE(takers[1].rec, EDDY_ECANCELED);
    assert_int_equal(takers[2].rec.mores, 1);
    give(pool, takers[2]);
    end(loop);
  }
}

// Far more streams than buffers, on a system that reports a lane once: each buffer that comes back goes on to the
// next in turn, although nobody reports anything meanwhile.
void few_buffers_serve_many(void **) {
  enum { kStreams = 20, kBytes = 300 };
  for (uint32_t buffers : {1u, 3u})
    for (uint32_t of : {0u, 1u}) {
      Loop &loop = *open(false);
      world(loop).once = true;
      eddy_pool_t *pool = fake::pool(loop, buffers);
      eddy_stream_t *streams[kStreams];
      Rec reads[kStreams] = {};
      for (int i = 0; i < kStreams; i++) {
        streams[i] = fake::stream(loop);
        fake::read_pool(streams[i], reads[i], pool, of);
        fake::at(kStart + 1, line(streams[i]), arrive, kBytes);
        fake::at(kStart + 2, line(streams[i]), arrive, kBytes);
        fake::at(kStart + 3, line(streams[i]), finish, 0);
      }
      eddy_loop_run(&loop); // a wait for ever fails
      for (int i = 0; i < kStreams; i++) {
        assert_int_equal(line(streams[i]).taken, 2 * kBytes);
        assert_int_equal(reads[i].finals, 1);
        assert_int_equal(reads[i].result, 0);
      }
      assert_int_equal(eddy_pool_free(pool), buffers);
      end(loop);
    }
}

void idle_reads_hold_no_buffer(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    eddy_pool_t *pool = fake::pool(loop, 2);
    Taker takers[20] = {};
    eddy_stream_t *streams[20];
    for (int i = 0; i < 20; i++) {
      streams[i] = fake::stream(loop);
      fake::read_pool(streams[i], takers[i].rec, pool, 0);
    }
    settle_down(loop);
    assert_int_equal(eddy_pool_free(pool), 2);
    fake::at(kStart, line(streams[19]), arrive, 8);
    settle_down(loop);
    assert_int_equal(takers[19].rec.mores, 1);
    assert_int_equal(eddy_pool_free(pool), 2);
    end(loop);
  }
}

void a_lease_outlives_its_stream_and_its_pool(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    eddy_pool_t *pool = fake::pool(loop, 2);
    eddy_stream_t *stream = fake::stream(loop);
    Taker taker = {};
    Rec closed = {};
    taker.rec.then = keep;
    fake::read_pool(stream, taker.rec, pool, 2);
    fake::at(kStart, line(stream), arrive, 20);
    settle_down(loop);
    fake::close(stream);
    quietly(&closed, [&] { return eddy_pool_close(pool, &closed.op, rec_cb); });
    settle_down(loop);
    ONCE(taker.rec, EDDY_ECANCELED);
    ONCE(closed, 0);
    assert_int_equal(eddy_loop_drain(&loop, kStart), 1);
    assert_int_equal(eddy_loop_close(&loop), EDDY_EBUSY);
    give(pool, taker);
    end(loop);
  }
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(credits_are_hard),
      FAKE_TEST(the_parked_wake_in_turn),
      FAKE_TEST(a_parked_read_that_ends_lets_the_next_one_go),
      FAKE_TEST(few_buffers_serve_many),
      FAKE_TEST(idle_reads_hold_no_buffer),
      FAKE_TEST(a_lease_outlives_its_stream_and_its_pool),
      FAKE_TEST(a_close_gives_back_what_nobody_saw),
  };
  return cmocka_run_group_tests_name("seam_pool", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
