// Whatever ends the head of a lane hands the lane on, on every kind of driver: one that reports readiness for ever, one
// that reports it once, and one that owns requests.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

#include <initializer_list>

using namespace eddy;
using namespace eddy::fake;

namespace {

enum Mode { kEdges, kOnce, kCompletes, kModes };
enum End { kFinish, kReset, kCancel, kDeadline, kPoolClose, kEnds };

constexpr int64_t kResults[] = {0, EDDY_ECONNRESET, EDDY_ECANCELED, EDDY_ETIMEDOUT, EDDY_ECANCELED};
constexpr Time kSoon = kStart + 5, kLater = kStart + 9;

Loop &open_mode(Mode mode) {
  Loop &loop = *open(mode == kCompletes);
  world(loop).once = mode == kOnce;
  return loop;
}

void end_head(Loop &loop, Line &line, Rec &head, eddy_pool_t *pool, End how) {
  switch (how) {
  case kFinish: fake::at(kSoon, line, fake::finish); break;
  case kReset: fake::at(kSoon, line, fake::reset, static_cast<uint64_t>(-EDDY_ECONNRESET)); break;
  case kCancel: cancel(head); break;
  case kPoolClose: quietly(nullptr, [&] { return eddy_pool_close(pool, nullptr, nullptr); }); break;
  default: break; // the deadline comes by itself
  }
  (void)loop;
}

void reads(Mode mode, End how, uint32_t credits, bool behind_pooled, bool early, bool loses) {
  Loop &loop = open_mode(mode);
  eddy_stream_t *stream = fake::stream(loop);
  Line &line = fake::line(stream);
  eddy_pool_t *pool = fake::pool(loop, 2), *other = fake::pool(loop, 2);
  char bytes[64];
  Rec head = {}, behind = {};
  line.cancel_loses = loses; // the kernel keeps a cancelled request until something comes
  if (how == kDeadline) deadline(head, kSoon);
  fake::read_pool(stream, head, pool, credits);
  if (behind_pooled)
    fake::read_pool(stream, behind, other, 0);
  else
    fake::read(stream, behind, bytes, sizeof bytes);
  if (!early) turn(loop, 3);
  end_head(loop, line, head, pool, how);
  bool ends_stream = how == kFinish || how == kReset;
  if (!ends_stream) fake::at(kLater, line, arrive, 10);
  if (!ends_stream) fake::at(kLater + 1, line, arrive, 10);
  if (behind_pooled && !ends_stream) fake::at(kLater + 2, line, fake::finish);
  eddy_loop_run(&loop); // a wait for ever fails
  ONCE(head, kResults[how]);
  if (behind_pooled)
    ONCE(behind, ends_stream ? kResults[how] : 0);
  else
    ONCE(behind, ends_stream ? kResults[how] : 10);
  end(loop);
}

void a_read_behind_a_pool_read(void **) {
  for (int mode = 0; mode < kModes; mode++)
    for (int how = 0; how < kEnds; how++)
      for (uint32_t bits = 0; bits < 16; bits++) {
        bool loses = bits & 8;
        if (loses && (mode != kCompletes || how == kFinish || how == kReset)) continue;
        reads(static_cast<Mode>(mode), static_cast<End>(how), bits & 1, bits & 2, bits & 4, loses);
      }
}

// One that waits in its pool's line when it ends.
void a_read_behind_a_parked_one(void **) {
  for (int mode = 0; mode < kModes; mode++)
    for (int how = kCancel; how < kEnds; how++) {
      Loop &loop = open_mode(static_cast<Mode>(mode));
      eddy_stream_t *owner = fake::stream(loop), *stream = fake::stream(loop);
      eddy_pool_t *pool = fake::pool(loop, 1);
      static eddy_lease_t lease;
      Rec holder = {}, head = {}, behind = {};
      holder.then = [](Rec &rec, int64_t) {
        if (eddy_op_more(&rec.op)) assert_int_equal(eddy_op_take_lease(&rec.op, &lease), 1);
      };
      char bytes[64];
      fake::read_pool(owner, holder, pool, 0);
      fake::at(kStart, line(owner), arrive, 1);
      turn(loop, 4);
      assert_int_equal(eddy_pool_free(pool), 0);
      if (how == kDeadline) deadline(head, kSoon);
      fake::read_pool(stream, head, pool, 0);
      fake::read(stream, behind, bytes, sizeof bytes);
      fake::at(kStart, line(stream), arrive, 10);
      turn(loop, 4);
      assert_int_equal(head.calls, 0);
      end_head(loop, line(stream), head, pool, static_cast<End>(how));
      for (int i = 0; i < 20 && !behind.finals; i++) eddy_loop_step(&loop, kLater);
      ONCE(head, kResults[how]);
      ONCE(behind, 10);
      cancel(holder);
      turn(loop, 4);
      eddy_pool_give(pool, lease.id);
      end(loop);
    }
}

void a_write_behind_one_that_ends(void **) {
  for (int mode = 0; mode < kModes; mode++)
    for (int how : {kReset, kCancel, kDeadline})
      for (bool early : {false, true}) {
        Loop &loop = open_mode(static_cast<Mode>(mode));
        eddy_stream_t *stream = fake::stream(loop);
        Line &line = fake::line(stream);
        line.room = 0;
        Rec head = {}, behind = {}, shut = {};
        if (how == kDeadline) deadline(head, kSoon);
        fake::write(stream, head, "hello", 5);
        fake::write(stream, behind, "world", 5);
        fake::shutdown(stream, shut);
        if (!early) turn(loop, 3);
        end_head(loop, line, head, nullptr, static_cast<End>(how));
        if (how != kReset) fake::at(kLater, line, make_room, 100);
        eddy_loop_run(&loop);
        ONCE(head, kResults[how]);
        ONCE(behind, how == kReset ? EDDY_ECANCELED : 5);
        ONCE(shut, how == kReset ? EDDY_ECANCELED : 0);
        end(loop);
      }
}

void an_accept_behind_one_that_ends(void **) {
  for (int mode = 0; mode < kModes; mode++)
    for (int how : {kReset, kCancel, kDeadline}) // here an error of the listener
      for (bool many : {false, true}) {
        Loop &loop = open_mode(static_cast<Mode>(mode));
        eddy_listener_t *listener = fake::listener(loop);
        Line &line = fake::line(listener);
        Rec head = {}, behind = {};
        if (how == kDeadline) deadline(head, kSoon);
        if (many)
          fake::accept_many(listener, head, 2);
        else
          fake::accept(listener, head);
        fake::accept(listener, behind);
        turn(loop, 3);
        if (how == kCancel) cancel(head);
        if (how == kReset) {
          line.script[kReadLane].push(EDDY_EINVAL, 22);
          fake::at(kSoon, line, ready, bit(kReadLane));
        }
        fake::at(kLater, line, knock, 1);
        eddy_loop_run(&loop);
        ONCE(head, how == kReset ? int64_t{EDDY_EINVAL} : kResults[how]);
        ONCE(behind, 0);
        end(loop);
      }
}

void all_of_them_behind_a_connect(void **) {
  for (int mode = 0; mode < kModes; mode++)
    for (int how : {kFinish, kReset, kCancel, kDeadline}) { // kFinish: it succeeds
      Loop &loop = open_mode(static_cast<Mode>(mode));
      eddy_addr_t peer;
      eddy_addr_loopback(&peer, EDDY_AF_INET, 9);
      eddy_stream_t *stream = nullptr;
      assert_int_equal(eddy_stream_open(&loop, EDDY_AF_INET, &stream), 0);
      Line &line = fake::line(stream);
      eddy_pool_t *pool = fake::pool(loop, 2);
      line.room = 0; // what reports the end of a connect
      Rec head = {}, pooled = {}, plain = {}, write = {};
      char bytes[8];
      if (how == kDeadline) deadline(head, kSoon);
      quietly(&head, [&] { return eddy_stream_connect(stream, &head.op, &peer, rec_cb); });
      bool works = how == kFinish;
      // The fake's pool reads take from the descriptor, which is not connected.
      if (!works) fake::read_pool(stream, pooled, pool, 0);
      fake::read(stream, plain, bytes, sizeof bytes);
      fake::write(stream, write, "hi", 2);
      turn(loop, 3);
      if (how == kCancel) cancel(head);
      if (how == kFinish || how == kReset) {
        line.script[kWriteLane].push(how == kFinish ? 0 : EDDY_ECONNREFUSED, 111);
        fake::at(kSoon, line, make_room, 100);
      }
      if (works) fake::at(kLater, line, fake::finish);
      eddy_loop_run(&loop);
      int64_t why = how == kReset ? int64_t{EDDY_ECONNREFUSED} : kResults[how];
      ONCE(head, why);
      if (!works) ONCE(pooled, why);
      ONCE(plain, why);
      ONCE(write, works ? 2 : why);
      end(loop);
    }
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(a_read_behind_a_pool_read),    FAKE_TEST(a_read_behind_a_parked_one),
      FAKE_TEST(a_write_behind_one_that_ends), FAKE_TEST(an_accept_behind_one_that_ends),
      FAKE_TEST(all_of_them_behind_a_connect),
  };
  return cmocka_run_group_tests_name("seam_lanes", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
