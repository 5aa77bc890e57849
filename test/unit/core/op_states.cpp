// The op state machine as a table: what each call does to an op in each state.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

using namespace eddy;
using namespace eddy::fake;

namespace {

// The states, each reached with one read on a fresh completion loop.
enum At { kIdle, kQueued, kActive, kAsked, kReady, kStates };
// And what is done to it there.
enum Call { kCancel, kDue, kClose, kArrives, kLost, kDrain, kCalls };

struct Scene {
  Loop &loop = *open(true);
  eddy_stream_t *stream = fake::stream(loop);
  char bytes[8] = {};
  Rec lead = {}, rec = {}, closed = {};

  State state() { return op_of(&rec.op).state; }

  void reach(At at) {
    line(stream).cancel_loses = true;
    if (at == kIdle) return;
    if (at == kQueued) fake::read(stream, lead, bytes, 1);
    deadline(rec, kStart + 100);
    fake::read(stream, rec, bytes, 8);
    turn(loop);
    if (at == kAsked) cancel(rec);
    if (at == kReady) { // done in the last poll of a step, which has no time to deliver it
      line(stream).arrived = 8;
      complete(line(stream), kReadLane);
    }
  }

  void call(Call what) {
    switch (what) {
    case kCancel: cancel(rec); break;
    case kDue: op_cancel(op_of(&rec.op), Reason::deadline); break;
    case kClose: fake::close(stream, &closed); break;
    case kArrives: arrive(line(stream), 5); break;
    case kLost: loop_lost(loop, 9); break;
    case kDrain: eddy_loop_drain(&loop, kStart); break;
    default: break;
    }
  }
};

constexpr int64_t kNone = 1000; // no callback ever
constexpr int64_t kLate = 2000; // only when the kernel says so: then cancelled, by the reason below

struct Row {
  State after; // right after the call
  int64_t result;
};

constexpr Row table[kStates][kCalls] = {
    // cancel, due, close, arrives, lost, drain
    {{State::idle, kNone},
     {State::idle, kNone},
     {State::idle, kNone},
     {State::idle, kNone},
     {State::idle, kNone},
     {State::idle, kNone}},
    {{State::ready, EDDY_ECANCELED},
     {State::ready, EDDY_ETIMEDOUT},
     {State::ready, EDDY_ECANCELED},
     {State::queued, 4}, // one byte goes to the read before it
     {State::ready, EDDY_ELOST},
     {State::idle, EDDY_ECANCELED}},
    {{State::active, kLate + EDDY_ECANCELED},
     {State::active, kLate + EDDY_ETIMEDOUT},
     {State::active, kLate + EDDY_ECANCELED},
     {State::ready, 5},
     {State::ready, EDDY_ELOST},
     {State::active, kLate + EDDY_ECANCELED}},
    {{State::active, kLate + EDDY_ECANCELED},
     {State::active, kLate + EDDY_ECANCELED},
     {State::active, kLate + EDDY_ECANCELED},
     {State::ready, 5},
     {State::ready, EDDY_ELOST},
     {State::active, kLate + EDDY_ECANCELED}},
    {{State::ready, 8},
     {State::ready, 8},
     {State::ready, 8},
     {State::ready, 8},
     {State::ready, 8},
     {State::idle, 8}},
};

void check(At at, Call call) {
  Scene s;
  s.reach(at);
  s.call(call);
  const Row &row = table[at][call];
  if (s.state() != row.after)
    fail_msg("state %d, call %d: is in %d", at, call, static_cast<int>(s.state()));
  turn(s.loop, 3);
  int64_t expected = row.result;
  if (expected > kNone) { // still the kernel's
    assert_int_equal(s.rec.finals, 0);
    expected -= kLate;
    fake::at(kStart + 1, line(s.stream), fake::cancel_wins, 1u << kReadLane);
    eddy_loop_step(&s.loop, kStart + 1);
    turn(s.loop, 2);
  }
  int wanted = expected == kNone ? 0 : 1;
  if (s.rec.finals != wanted || (wanted && s.rec.result != expected))
    fail_msg("state %d, call %d: %d final callbacks, result %lld for %lld", at, call, s.rec.finals,
             static_cast<long long>(s.rec.result), static_cast<long long>(expected));
  assert_int_equal(static_cast<int>(s.state()), static_cast<int>(State::idle));
  fake::at(kStart + 2, line(s.stream), fake::cancel_wins, 1u << kReadLane);
  if (s.loop.lost) s.closed.starts = s.closed.finals; // it may be closing still
  assert_int_equal(eddy_loop_drain(&s.loop, kStart + 50), 0);
  assert_int_equal(s.rec.finals, wanted);
  assert_int_equal(eddy_loop_close(&s.loop), 0);
  assert_int_equal(worlds, 0);
}

void every_call_in_every_state(void **) {
  for (int at = 0; at < kStates; at++)
    for (int call = 0; call < kCalls; call++) check(static_cast<At>(at), static_cast<Call>(call));
}

// Any two calls after each other end it once, by the first that had a say.
void every_pair_of_calls_in_every_state(void **) {
  for (int at = 1; at < kStates; at++) {
    for (int first = 0; first < kCalls; first++) {
      for (int second = 0; second < kCalls; second++) {
        if (first == second && (first == kClose || first == kLost)) continue;
        if (second == kArrives && (first == kDrain || first == kLost || first == kClose)) continue;
        Scene s;
        s.reach(static_cast<At>(at));
        s.call(static_cast<Call>(first));
        s.call(static_cast<Call>(second));
        turn(s.loop);
        fake::at(kStart + 1, line(s.stream), fake::cancel_wins, 1u << kReadLane);
        assert_int_equal(eddy_loop_drain(&s.loop, kStart + 50), 0);
        if (s.rec.finals != 1 || s.closed.finals != s.closed.starts)
          fail_msg("state %d, calls %d and %d: ended %d times", at, first, second, s.rec.finals);
        assert_int_equal(eddy_loop_close(&s.loop), 0);
      }
    }
  }
}

void a_ready_op_keeps_its_result_and_its_time(void **) {
  Scene s;
  s.reach(kReady);
  assert_int_equal(eddy_rearm(&s.rec.op, kStart + 5), EDDY_EALREADY);
  assert_int_equal(eddy_op_pending(&s.rec.op), 1);
  turn(s.loop);
  ONCE(s.rec, 8);
  assert_int_equal(eddy_rearm(&s.rec.op, kStart + 5), EDDY_EINVAL);
  end(s.loop);
}

void restart(Rec &rec, int64_t) {
  rec.then = nullptr;
  fake::read(static_cast<eddy_stream_t *>(rec.context), rec, rec.op.data, 8);
}

void it_may_start_again_in_its_callback(void **) {
  Scene s;
  s.rec.then = restart;
  s.rec.context = s.stream;
  s.rec.op.data = s.bytes;
  s.reach(kReady);
  turn(s.loop);
  assert_int_equal(s.rec.finals, 1);
  assert_int_equal(eddy_op_pending(&s.rec.op), 1);
  fake::at(kStart + 9, line(s.stream), arrive, 2);
  eddy_loop_run(&s.loop);
  ONCE(s.rec, 2);
  assert_int_equal(s.rec.when, kStart + 9); // the deadline was for the first start only
  end(s.loop);
}

void an_inline_end_keeps_the_order_of_its_lane(void **) {
  Loop &loop = *open(false);
  eddy_stream_t *stream = fake::stream(loop);
  Rec first = {}, second = {};
  eddy_op_set_flags(&second.op, EDDY_OP_INLINE);
  fake::write(stream, first, "abc", 3); // done, but its callback is to come
  int started = fake::write(stream, second, "def", 3);
  assert_int_equal(started, EDDY_PENDING);
  eddy_loop_run(&loop);
  assert_true(first.order < second.order);
  end(loop);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(every_call_in_every_state),
      FAKE_TEST(every_pair_of_calls_in_every_state),
      FAKE_TEST(a_ready_op_keeps_its_result_and_its_time),
      FAKE_TEST(it_may_start_again_in_its_callback),
      FAKE_TEST(an_inline_end_keeps_the_order_of_its_lane),
  };
  return cmocka_run_group_tests_name("core_op_states", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
