// Timers and deadlines in virtual time, where an hour takes no time and the order is exact.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

#include <initializer_list>

using namespace eddy;
using namespace eddy::fake;

namespace {

constexpr Time kHour = 3600 * EDDY_SECOND;

void hours_pass_at_once(void **) {
  Loop &loop = *open(false);
  Rec day = {}, hour = {};
  fake::sleep(loop, day, kStart + 24 * kHour);
  fake::sleep(loop, hour, kStart + kHour);
  assert_int_equal(eddy_loop_run(&loop), 0);
  ONCE(hour, 0);
  ONCE(day, 0);
  assert_int_equal(hour.when, kStart + kHour);
  assert_int_equal(day.when, kStart + 24 * kHour);
  assert_int_equal(world(loop).waits, 2);
  end(loop);
}

void the_order_is_deadline_then_start(void **) {
  Loop &loop = *open(false);
  static const Time at[] = {30, 10, 20, 10, 30, 20, 10};
  static const int order[] = {6, 1, 4, 2, 7, 5, 3};
  Rec recs[7] = {};
  for (int i = 0; i < 7; i++) fake::sleep(loop, recs[i], kStart + at[i]);
  world(loop).now = kStart + 100; // all of them in one go
  eddy_loop_run(&loop);
  for (int i = 0; i < 7; i++) assert_int_equal(recs[i].order, order[i]);
  end(loop);
}

void one_in_the_past_comes_in_the_next_timer_phase(void **) {
  Loop &loop = *open(false);
  Rec zero = {}, past = {};
  fake::sleep(loop, zero, 0);
  fake::sleep(loop, past, kStart - 5);
  assert_int_equal(zero.calls + past.calls, 0);
  turn(loop);
  ONCE(zero, 0);
  ONCE(past, 0);
  assert_true(zero.order < past.order);
  end(loop);
}

struct Late {
  uint32_t policy;
  int callbacks; // when the loop was 3.5 periods late
  int64_t last;  // the periods of the last of them
  Time next;     // after the first due time, in tenths of a period
};

void a_late_tick_catches_up_by_its_policy(void **) {
  static const Late cases[] = {
      {EDDY_TICK_BURST, 4, 1, 40}, {EDDY_TICK_SKIP, 1, 4, 40}, {EDDY_TICK_DELAY, 1, 1, 45}};
  for (const Late &late : cases) {
    Loop &loop = *open(false);
    Rec rec = {};
    fake::tick(loop, rec, kStart + 10, 10, late.policy);
    world(loop).now = kStart + 10 + 35;
    turn(loop, 8);
    assert_int_equal(rec.mores, late.callbacks);
    assert_int_equal(rec.last_more, late.last);
    assert_int_equal(eddy_loop_next_deadline(&loop), kStart + 10 + late.next);
    eddy_loop_step(&loop, EDDY_NEVER);
    assert_int_equal(rec.mores, late.callbacks + 1);
    assert_int_equal(rec.last_more, 1);
    cancel(rec);
    eddy_loop_run(&loop);
    ONCE(rec, EDDY_ECANCELED);
    end(loop);
  }
}

void a_tick_stays_on_its_grid_for_hours(void **) {
  Loop &loop = *open(false);
  Rec rec = {};
  deadline(rec, kStart + 100 * kHour + 1);
  fake::tick(loop, rec, kStart + kHour, kHour, EDDY_TICK_BURST);
  eddy_loop_run(&loop);
  ONCE(rec, EDDY_ETIMEDOUT);
  assert_int_equal(rec.mores, 100);
  assert_int_equal(rec.when, kStart + 100 * kHour + 1);
  end(loop);
}

void a_tick_refuses_what_makes_no_sense(void **) {
  Loop &loop = *open(false);
  Rec none = {}, policy = {};
  fake::tick(loop, none, kStart, 0, EDDY_TICK_SKIP);
  fake::tick(loop, policy, kStart, 1, EDDY_TICK_DELAY + 1);
  eddy_loop_run(&loop);
  ONCE(none, EDDY_EINVAL);
  ONCE(policy, EDDY_EINVAL);
  end(loop);
}

void rearm_moves_it_both_ways_and_counts_as_a_start(void **) {
  Loop &loop = *open(false);
  Rec later = {}, sooner = {}, still = {}, idle = {};
  fake::sleep(loop, later, kStart + 10);
  fake::sleep(loop, sooner, kStart + 90);
  fake::sleep(loop, still, kStart + 50);
  assert_int_equal(eddy_rearm(&later.op, kStart + 50), 0);
  assert_int_equal(eddy_rearm(&sooner.op, kStart + 20), 0);
  assert_int_equal(eddy_rearm(&idle.op, kStart + 20), EDDY_EINVAL);
  eddy_loop_run(&loop);
  assert_int_equal(sooner.when, kStart + 20);
  assert_int_equal(later.when, kStart + 50);
  assert_true(sooner.order < still.order && still.order < later.order);
  end(loop);
}

Rec *victim;

void cancel_victim(Rec &, int64_t) { cancel(*victim); }
void rearm_victim(Rec &rec, int64_t) {
  assert_int_equal(eddy_rearm(&victim->op, rec.when + 5), EDDY_EALREADY);
}

void one_that_is_due_too_can_be_cancelled_but_not_moved(void **) {
  Loop &loop = *open(false);
  Rec first = {}, second = {}, third = {};
  first.then = rearm_victim;
  second.then = cancel_victim;
  victim = &third;
  fake::sleep(loop, first, kStart + 10);
  fake::sleep(loop, second, kStart + 10);
  fake::sleep(loop, third, kStart + 10);
  eddy_loop_run(&loop);
  ONCE(first, 0);
  ONCE(second, 0);
  ONCE(third, EDDY_ECANCELED);
  end(loop);
}

void a_sleep_is_ended_by_an_earlier_deadline_only(void **) {
  Loop &loop = *open(false);
  Rec before = {}, same = {}, past = {};
  deadline(before, kStart + 5);
  fake::sleep(loop, before, kStart + 10);
  deadline(same, kStart + 10);
  fake::sleep(loop, same, kStart + 10);
  deadline(past, kStart);
  fake::sleep(loop, past, kStart + 10);
  eddy_loop_run(&loop);
  ONCE(before, EDDY_ETIMEDOUT);
  assert_int_equal(before.when, kStart + 5);
  ONCE(same, 0);
  ONCE(past, EDDY_ETIMEDOUT);
  assert_true(past.order < before.order);
  end(loop);
}

// Deadlines of I/O, on both tables.
void io_deadlines(bool completes) {
  Loop &loop = *open(completes);
  eddy_stream_t *stream = fake::stream(loop);
  line(stream).room = 0;
  char in[8], out[8] = {};
  Rec read = {}, behind = {}, write = {}, last = {}, waiter = {}, never = {};
  deadline(read, kStart + 2 * kHour);
  fake::read(stream, read, in, sizeof in);
  deadline(behind, kStart + kHour); // counts although it only queues
  fake::read(stream, behind, in, sizeof in);
  deadline(write, kStart + 3 * kHour);
  fake::write(stream, write, out, sizeof out);
  fake::write(stream, last, out, sizeof out);
  deadline(waiter, kStart + 4 * kHour);
  fake::wait(stream, waiter, EDDY_READABLE);
  deadline(never, kStart); // no attempt is made
  fake::read(stream, never, in, sizeof in);
  fake::at(kStart + 5 * kHour, line(stream), make_room, 100);
  eddy_loop_run(&loop);
  ONCE(behind, EDDY_ETIMEDOUT);
  assert_int_equal(behind.when, kStart + kHour);
  ONCE(read, EDDY_ETIMEDOUT);
  assert_int_equal(read.when, kStart + 2 * kHour);
  ONCE(write, EDDY_ETIMEDOUT);
  assert_int_equal(write.when, kStart + 3 * kHour);
  ONCE(waiter, EDDY_ETIMEDOUT);
  assert_int_equal(waiter.when, kStart + 4 * kHour);
  ONCE(last, 8); // nothing was torn, so it goes on
  assert_int_equal(last.when, kStart + 5 * kHour);
  ONCE(never, EDDY_ETIMEDOUT);
  assert_true(never.order < behind.order);
  end(loop);
}

void deadlines_end_reads_writes_and_waits(void **) {
  io_deadlines(false);
  io_deadlines(true);
}

void multishot_deadline(bool completes) {
  Loop &loop = *open(completes);
  eddy_stream_t *stream = fake::stream(loop);
  eddy_pool_t *pool = fake::pool(loop, 4);
  Rec rec = {};
  deadline(rec, kStart + 100);
  fake::read_pool(stream, rec, pool, 2);
  fake::at(kStart + 10, line(stream), arrive, 30);
  fake::at(kStart + 90, line(stream), arrive, 30);
  fake::at(kStart + 110, line(stream), arrive, 30);
  eddy_loop_run(&loop);
  ONCE(rec, EDDY_ETIMEDOUT);
  assert_int_equal(rec.mores, 2);
  assert_int_equal(rec.when, kStart + 100);
  assert_int_equal(eddy_pool_free(pool), 4);
  end(loop);
}

void a_deadline_covers_a_multishot_op_as_a_whole(void **) {
  multishot_deadline(false);
  multishot_deadline(true);
}

// The kernel keeps the request after its first reason; a second one changes nothing.
void the_first_reason_wins(void **) {
  for (bool user_first : {true, false}) {
    Loop &loop = *open(true);
    eddy_stream_t *stream = fake::stream(loop);
    line(stream).cancel_loses = true;
    char in[8];
    Rec read = {}, user = {};
    user.then = cancel_victim;
    victim = &read;
    deadline(read, kStart + (user_first ? 20 : 10));
    fake::read(stream, read, in, sizeof in);
    fake::sleep(loop, user, kStart + (user_first ? 10 : 20));
    fake::at(kStart + 50, line(stream), fake::cancel_wins, 1u << kReadLane);
    eddy_loop_run(&loop);
    ONCE(read, user_first ? EDDY_ECANCELED : EDDY_ETIMEDOUT);
    assert_int_equal(read.when, kStart + 50);
    end(loop);
  }
}

void rearm_postpones_the_deadline_of_a_read(void **) {
  Loop &loop = *open(false);
  eddy_stream_t *stream = fake::stream(loop);
  char in[8];
  Rec read = {};
  deadline(read, kStart + 10);
  fake::read(stream, read, in, sizeof in);
  assert_int_equal(eddy_rearm(&read.op, kStart + 40), 0);
  eddy_loop_run(&loop);
  ONCE(read, EDDY_ETIMEDOUT);
  assert_int_equal(read.when, kStart + 40);
  end(loop);
}

void a_far_deadline_that_is_not_needed_costs_no_wait(void **) {
  Loop &loop = *open(false);
  eddy_stream_t *stream = fake::stream(loop);
  char in[8];
  Rec read = {};
  deadline(read, kStart + kHour);
  fake::read(stream, read, in, sizeof in);
  fake::at(kStart + 7, line(stream), arrive, 3);
  eddy_loop_run(&loop);
  ONCE(read, 3);
  assert_int_equal(world(loop).now, kStart + 7);
  end(loop);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(hours_pass_at_once),
      FAKE_TEST(the_order_is_deadline_then_start),
      FAKE_TEST(one_in_the_past_comes_in_the_next_timer_phase),
      FAKE_TEST(a_late_tick_catches_up_by_its_policy),
      FAKE_TEST(a_tick_stays_on_its_grid_for_hours),
      FAKE_TEST(a_tick_refuses_what_makes_no_sense),
      FAKE_TEST(rearm_moves_it_both_ways_and_counts_as_a_start),
      FAKE_TEST(one_that_is_due_too_can_be_cancelled_but_not_moved),
      FAKE_TEST(a_sleep_is_ended_by_an_earlier_deadline_only),
      FAKE_TEST(deadlines_end_reads_writes_and_waits),
      FAKE_TEST(a_deadline_covers_a_multishot_op_as_a_whole),
      FAKE_TEST(the_first_reason_wins),
      FAKE_TEST(rearm_postpones_the_deadline_of_a_read),
      FAKE_TEST(a_far_deadline_that_is_not_needed_costs_no_wait),
  };
  return cmocka_run_group_tests_name("core_timers", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
