// The adapter, row by row: when it tries, when it waits, what it believes about readiness.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

#include <initializer_list>

using namespace eddy;
using namespace eddy::fake;

namespace {

constexpr unsigned kRead = 1u << kReadLane, kWrite = 1u << kWriteLane;

struct Adapted {
  Loop &loop = *open(false);
  eddy_stream_t *stream = fake::stream(loop);
  Line &line = fake::line(stream);
  char bytes[64] = {};
  int reads() const { return line.attempts[kReadLane]; }
  int writes() const { return line.attempts[kWriteLane]; }
};

void a_first_read_arms_and_does_not_try(void **) {
  Adapted a;
  Rec read = {};
  fake::read(a.stream, read, a.bytes, 8);
  assert_int_equal(a.reads(), 0);
  assert_int_equal(a.line.arms, 1);
  fake::at(kStart + 5, a.line, arrive, 8);
  eddy_loop_run(&a.loop);
  ONCE(read, 8);
  assert_int_equal(a.reads(), 1);
  end(a.loop);
}

void what_was_there_before_it_was_armed_is_reported(void **) {
  Adapted a;
  arrive(a.line, 5);
  Rec read = {};
  fake::read(a.stream, read, a.bytes, 8);
  turn(a.loop);
  ONCE(read, 5);
  for (int i = 0; i < 5; i++)
    assert_int_equal(static_cast<uint8_t>(a.bytes[i]), fake::pattern(static_cast<uint64_t>(i)));
  end(a.loop);
}

void a_ready_lane_is_tried_at_submit(void **) {
  Adapted a;
  Rec first = {}, second = {};
  fake::write(a.stream, first, "hello", 5);
  assert_int_equal(a.writes(), 1);
  assert_int_equal(first.calls, 0);
  eddy_op_set_flags(&second.op, EDDY_OP_INLINE);
  turn(a.loop);
  ONCE(first, 5);
  assert_int_equal(fake::write(a.stream, second, "world", 5), EDDY_DONE);
  assert_int_equal(eddy_op_result(&second.op), 5);
  assert_int_equal(second.calls, 0);
  assert_int_equal(a.line.arms, 0);
  end(a.loop);
}

void only_the_head_is_tried(void **) {
  Adapted a;
  a.line.room = 0;
  Rec first = {}, second = {};
  fake::write(a.stream, first, "hello", 5);
  fake::write(a.stream, second, "world", 5);
  assert_int_equal(a.writes(), 1);
  assert_int_equal(a.line.arms, 1);
  fake::at(kStart + 1, a.line, make_room, 10);
  eddy_loop_run(&a.loop);
  ONCE(first, 5);
  ONCE(second, 5);
  assert_int_equal(a.writes(), 2); // both in one gather
  assert_true(first.order < second.order);
  end(a.loop);
}

void again_waits_for_the_next_report(void **) {
  Adapted a;
  Rec read = {};
  fake::read(a.stream, read, a.bytes, 8);
  for (int i = 1; i <= 5; i++) fake::at(kStart + static_cast<Time>(i), a.line, ready, kRead);
  fake::at(kStart + 9, a.line, arrive, 2);
  eddy_loop_run(&a.loop);
  ONCE(read, 2);
  assert_int_equal(a.reads(), 6); // a spurious report costs one attempt
  assert_int_equal(read.when, kStart + 9);
  end(a.loop);
}

void a_short_read_clears_readiness(void **) {
  Adapted a;
  Rec first = {}, second = {};
  fake::read(a.stream, first, a.bytes, 8);
  fake::at(kStart + 1, a.line, arrive, 3);
  eddy_loop_run(&a.loop);
  ONCE(first, 3);
  fake::read(a.stream, second, a.bytes, 8);
  assert_int_equal(a.reads(), 1); // it is known to be empty
  fake::at(kStart + 2, a.line, arrive, 8);
  eddy_loop_run(&a.loop);
  ONCE(second, 8);
  assert_int_equal(a.reads(), 2);
  Rec third = {};
  fake::read(a.stream, third, a.bytes, 8);
  assert_int_equal(a.reads(), 3); // a full one says nothing
  cancel(third);
  end(a.loop);
}

void not_so_after_a_hang_up(void **) {
  Adapted a;
  Rec first = {}, second = {};
  fake::read(a.stream, first, a.bytes, 8);
  fake::read(a.stream, second, a.bytes, 8);
  a.line.arrived = 3;
  fake::at(kStart + 1, a.line, finish, 0);
  eddy_loop_run(&a.loop); // one report brings both the bytes and the end
  ONCE(first, 3);
  ONCE(second, 0);
  assert_int_equal(second.when, kStart + 1);
  end(a.loop);
}

void a_hang_up_runs_both_lanes_and_the_attempt_tells(void **) {
  Adapted a;
  a.line.room = 0;
  Rec read = {}, write = {}, behind = {};
  fake::read(a.stream, read, a.bytes, 8);
  fake::write(a.stream, write, "x", 1);
  fake::write(a.stream, behind, "y", 1);
  fake::at(kStart + 1, a.line, reset, static_cast<uint64_t>(-EDDY_ECONNRESET));
  eddy_loop_run(&a.loop);
  ONCE(read, EDDY_ECONNRESET);
  assert_int_equal(eddy_op_os_error(&read.op), 99);
  ONCE(write, EDDY_ECONNRESET);
  ONCE(behind, EDDY_ECANCELED);
  end(a.loop);
}

void the_budget_is_sixteen_attempts_a_turn(void **) {
  Adapted a;
  eddy_stream_t *other = fake::stream(a.loop);
  Rec reads[40] = {}, meek = {};
  for (Rec &rec : reads) fake::read(a.stream, rec, a.bytes, 1);
  fake::read(other, meek, a.bytes + 8, 1);
  fake::at(kStart + 1, a.line, arrive, 40);
  fake::at(kStart + 1, fake::line(other), arrive, 1);
  eddy_loop_run(&a.loop);
  assert_int_equal(a.reads(), 40);
  assert_int_equal(meek.order, 17); // behind the first sixteen
  assert_int_equal(world(a.loop).now, kStart + 1);
  for (int i = 1; i < 40; i++) assert_true(reads[i - 1].order < reads[i].order);
  end(a.loop);
}

void a_partial_write_stays_at_the_head(void **) {
  Adapted a;
  char sink[16] = {};
  a.line.sink = sink;
  a.line.sink_size = sizeof sink;
  a.line.script[kWriteLane].push(2);
  a.line.room = 0;
  Rec first = {}, second = {};
  fake::write(a.stream, first, "hello", 5);
  fake::write(a.stream, second, "world", 5);
  assert_int_equal(eddy_stream_queued(a.stream), 8);
  turn(a.loop);
  assert_int_equal(first.calls, 0);
  fake::at(kStart + 1, a.line, make_room, 8);
  eddy_loop_run(&a.loop);
  ONCE(first, 5);
  ONCE(second, 5);
  assert_string_equal(sink, "helloworld");
  assert_int_equal(eddy_stream_queued(a.stream), 0);
  end(a.loop);
}

void a_failed_arm_gives_the_head_the_reason(void **) {
  Adapted a;
  a.line.arm_error = {EDDY_ENOMEM, 12};
  Rec read = {}, waiter = {};
  fake::read(a.stream, read, a.bytes, 8);
  fake::wait(a.stream, waiter, EDDY_READABLE);
  assert_int_equal(read.calls + waiter.calls, 0);
  eddy_loop_run(&a.loop);
  ONCE(read, EDDY_ENOMEM);
  assert_int_equal(eddy_op_os_error(&read.op), 12);
  ONCE(waiter, EDDY_ENOMEM);
  a.line.arm_error = {};
  Rec again = {};
  fake::read(a.stream, again, a.bytes, 8);
  fake::at(kStart + 1, a.line, arrive, 4);
  eddy_loop_run(&a.loop);
  ONCE(again, 4);
  end(a.loop);
}

void a_failed_arm_backs_a_multishot_accept_off(void **) {
  Loop &loop = *open(false);
  eddy_listener_t *listener = fake::listener(loop);
  fake::line(listener).arm_error = {EDDY_ENOMEM, 12};
  Rec many = {};
  fake::accept_many(listener, many, 0);
  turn(loop, 3);
  assert_int_equal(many.mores, 1);
  assert_int_equal(many.last_more, EDDY_ENOMEM);
  fake::line(listener).arm_error = {};
  fake::line(listener).connections = 1;
  eddy_loop_step(&loop, EDDY_NEVER);
  turn(loop, 2);
  assert_int_equal(world(loop).now, kStart + 100 * EDDY_MILLISECOND);
  assert_int_equal(many.mores, 2);
  assert_int_equal(many.last_more, 0);
  end(loop);
}

void a_cancel_unlinks_and_the_next_one_leads(void **) {
  Adapted a;
  Rec first = {}, second = {};
  fake::read(a.stream, first, a.bytes, 8);
  fake::read(a.stream, second, a.bytes, 8);
  turn(a.loop);
  cancel(first);
  cancel(first);
  assert_int_equal(first.calls, 0);
  fake::at(kStart + 3, a.line, arrive, 8);
  eddy_loop_run(&a.loop);
  ONCE(first, EDDY_ECANCELED);
  ONCE(second, 8);
  end(a.loop);
}

void waiters_are_told_with_the_lanes(void **) {
  Adapted a;
  Rec read = {}, readable = {}, both = {}, writable = {};
  fake::read(a.stream, read, a.bytes, 8);
  fake::wait(a.stream, readable, EDDY_READABLE);
  fake::wait(a.stream, both, EDDY_READABLE | EDDY_WRITABLE);
  fake::wait(a.stream, writable, EDDY_WRITABLE);
  fake::at(kStart + 1, a.line, arrive, 8);
  turn(a.loop);
  eddy_loop_step(&a.loop, kStart + 1);
  ONCE(read, 8);
  ONCE(readable, EDDY_READABLE);
  ONCE(both, EDDY_READABLE);
  assert_int_equal(writable.calls, 0);
  fake::close(a.stream);
  eddy_loop_run(&a.loop);
  ONCE(writable, EDDY_ECANCELED);
  end(a.loop);
}

void it_is_deregistered_once_and_only_if_it_was(void **) {
  Adapted a;
  eddy_stream_t *never = fake::stream(a.loop);
  Line &unarmed = fake::line(never);
  Rec read = {}, closed = {};
  fake::read(a.stream, read, a.bytes, 8);
  turn(a.loop);
  fake::close(a.stream, &closed);
  fake::close(never);
  assert_int_equal(a.line.releases, 0);
  eddy_loop_run(&a.loop);
  ONCE(read, EDDY_ECANCELED);
  ONCE(closed, 0);
  assert_true(read.order < closed.order);
  assert_int_equal(a.line.releases, 1);
  assert_int_equal(unarmed.releases, 0);
  end(a.loop);
}

void a_connect_is_tried_at_once_and_the_rest_waits_behind_it(void **) {
  Loop &loop = *open(false);
  for (int64_t outcome : {int64_t{0}, int64_t{EDDY_ECONNREFUSED}}) {
    eddy_stream_t *stream;
    eddy_addr_t peer;
    eddy_addr_loopback(&peer, EDDY_AF_INET, 1);
    assert_int_equal(eddy_stream_open(&loop, EDDY_AF_INET, &stream), 0);
    Line &line = fake::line(stream);
    line.room = 0;
    line.script[kWriteLane].push(kAgain);
    Rec connect = {}, read = {}, write = {};
    char bytes[8];
    quietly(&connect, [&] { return eddy_stream_connect(stream, &connect.op, &peer, rec_cb); });
    assert_int_equal(line.attempts[kWriteLane], 1);
    fake::read(stream, read, bytes, 8);
    fake::write(stream, write, "hi", 2);
    assert_int_equal(line.attempts[kReadLane], 0);
    line.script[kWriteLane].push(outcome);
    line.arrived = 4;
    line.room = 100;
    fake::at(world(loop).now + 1, line, ready, kRead | kWrite);
    eddy_loop_run(&loop);
    ONCE(connect, outcome);
    ONCE(read, outcome ? outcome : 4);
    ONCE(write, outcome ? outcome : 2);
  }
  end(loop);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(a_first_read_arms_and_does_not_try),
      FAKE_TEST(what_was_there_before_it_was_armed_is_reported),
      FAKE_TEST(a_ready_lane_is_tried_at_submit),
      FAKE_TEST(only_the_head_is_tried),
      FAKE_TEST(again_waits_for_the_next_report),
      FAKE_TEST(a_short_read_clears_readiness),
      FAKE_TEST(not_so_after_a_hang_up),
      FAKE_TEST(a_hang_up_runs_both_lanes_and_the_attempt_tells),
      FAKE_TEST(the_budget_is_sixteen_attempts_a_turn),
      FAKE_TEST(a_partial_write_stays_at_the_head),
      FAKE_TEST(a_failed_arm_gives_the_head_the_reason),
      FAKE_TEST(a_failed_arm_backs_a_multishot_accept_off),
      FAKE_TEST(a_cancel_unlinks_and_the_next_one_leads),
      FAKE_TEST(waiters_are_told_with_the_lanes),
      FAKE_TEST(it_is_deregistered_once_and_only_if_it_was),
      FAKE_TEST(a_connect_is_tried_at_once_and_the_rest_waits_behind_it),
  };
  return cmocka_run_group_tests_name("seam_adapter", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
