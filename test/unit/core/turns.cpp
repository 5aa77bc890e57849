// A turn of the loop: what comes before what, and when it does not wait.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

#include <initializer_list>

using namespace eddy;
using namespace eddy::fake;

namespace {

void again(Rec &rec, int64_t) {
  if (rec.finals < 30) fake::yield(*loop_running(), rec);
}

void a_busy_loop_polls_every_ninth_turn(void **) {
  Loop &loop = *open(false);
  Rec rec = {};
  rec.then = again;
  fake::yield(loop, rec);
  turn(loop, 8);
  assert_int_equal(world(loop).polls, 0);
  turn(loop);
  assert_int_equal(world(loop).polls, 1);
  turn(loop, 8);
  assert_int_equal(world(loop).polls, 1);
  turn(loop);
  assert_int_equal(world(loop).polls, 2);
  assert_int_equal(world(loop).waits, 0);
  assert_int_equal(rec.finals, 18);
  eddy_loop_run(&loop);
  end(loop);
}

void what_gets_ready_meanwhile_waits_for_the_next_turn(void **) {
  Loop &loop = *open(false);
  Rec rec = {};
  rec.then = again;
  fake::yield(loop, rec);
  for (int i = 1; i <= 5; i++) {
    turn(loop);
    assert_int_equal(rec.finals, i);
  }
  eddy_loop_run(&loop);
  assert_int_equal(rec.finals, 30);
  end(loop);
}

void stop(Rec &, int64_t) { eddy_loop_stop(loop_running()); }

void stop_is_consumed_by_one_run(void **) {
  Loop &loop = *open(false);
  Rec timer = {}, first = {};
  fake::sleep(loop, timer, kStart + 100);
  first.then = stop;
  fake::sleep(loop, first, kStart + 10);
  assert_int_equal(eddy_loop_run(&loop), 1);
  assert_int_equal(world(loop).now, kStart + 10);
  eddy_loop_stop(&loop); // outside: for the next one
  int waits = world(loop).waits;
  assert_int_equal(eddy_loop_run(&loop), 1);
  assert_int_equal(world(loop).waits, waits);
  assert_int_equal(timer.calls, 0);
  assert_int_equal(eddy_loop_run(&loop), 0);
  ONCE(timer, 0);
  end(loop);
}

void an_armed_idle_hook_keeps_it_from_waiting(void **) {
  Loop &loop = *open(false);
  Rec idle = {}, timer = {};
  fake::sleep(loop, timer, kStart + 100);
  quietly(&idle, [&] { return eddy_hook_idle(&loop, &idle.op, rec_cb); });
  for (int i = 1; i <= 3; i++) {
    eddy_loop_step(&loop, EDDY_NEVER);
    assert_int_equal(idle.mores, i);
  }
  assert_int_equal(world(loop).waits, 0);
  assert_int_equal(eddy_loop_next_deadline(&loop), 0);
  cancel(idle);
  eddy_loop_run(&loop);
  ONCE(idle, EDDY_ECANCELED);
  assert_int_equal(world(loop).waits, 1);
  end(loop);
}

int phases[16], phase_count;
struct Phase {
  Rec rec; // first
  int number;
};
void note(Rec &rec, int64_t) {
  if (phase_count < 16) phases[phase_count++] = reinterpret_cast<Phase &>(rec).number;
}

void the_phases_have_their_order(void **) {
  Loop &loop = *open(false);
  eddy_stream_t *stream = fake::stream(loop), *closing = fake::stream(loop);
  Phase all[7] = {};
  for (int i = 0; i < 7; i++) {
    all[i].number = i;
    all[i].rec.then = note;
  }
  char byte;
  phase_count = 0;
  eddy_remote_t *remote = eddy_loop_remote(&loop);
  fake::sleep(loop, all[6].rec, kStart + 5); // comes due in the wait
  quietly(&all[4].rec, [&] { return eddy_hook_after_wait(&loop, &all[4].rec.op, rec_cb); });
  quietly(&all[2].rec, [&] { return eddy_hook_before_wait(&loop, &all[2].rec.op, rec_cb); });
  fake::read(stream, all[3].rec, &byte, 1);
  turn(loop, 2);
  phase_count = 0;
  fake::at(kStart + 5, line(stream), arrive, 1);
  quietly(nullptr, [&] { return eddy_post(remote, &all[0].rec.op, rec_cb); });
  eddy_loop_step(&loop, EDDY_NEVER);
  assert_int_equal(phase_count, 3); // a step that ran a post does not wait
  fake::close(closing, &all[5].rec);
  world(loop).now = kStart + 4;
  eddy_loop_step(&loop, EDDY_NEVER); // the close is due, so it does not wait
  static const int wanted[] = {0, 2, 4, 2, 4, 5};
  for (int i = 0; i < 6; i++) assert_int_equal(phases[i], wanted[i]);
  assert_int_equal(phase_count, 6);
  phase_count = 0;
  eddy_loop_step(&loop, EDDY_NEVER);
  static const int last[] = {2, 3, 4, 6};
  for (int i = 0; i < 4; i++) assert_int_equal(phases[i], last[i]);
  eddy_remote_release(remote);
  end(loop);
}

// The parts of a write that the kernel takes one after the other are no event, so the native handle is signalled.
void a_host_is_told_of_work_that_is_left(void **) {
  Loop &loop = *open(false);
  eddy_stream_t *stream = fake::stream(loop);
  Rec rec = {};
  char data[400] = {};
  line(stream).chop = 1;
  eddy_loop_native_handle(&loop);
  fake::write(stream, rec, data, sizeof data);
  for (int steps = 0; !rec.finals; steps++) {
    turn(loop);
    assert_true(steps < 100);
    if (!rec.finals) assert_int_equal(loop.remote->sleep.load(), kNotified);
  }
  ONCE(rec, 400);
  turn(loop, 2);
  assert_int_equal(loop.remote->sleep.load(), kAsleep);
  end(loop);
}

void close_it(Rec &rec, int64_t) {
  Rec &closer = *static_cast<Rec *>(rec.context);
  fake::close(static_cast<eddy_stream_t *>(closer.context), &closer);
}

void a_close_ends_in_the_turn_that_made_it_due(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    eddy_stream_t *stream = fake::stream(loop);
    Rec yielded = {}, closed = {};
    closed.context = stream;
    yielded.context = &closed;
    yielded.then = close_it;
    fake::yield(loop, yielded);
    turn(loop);
    ONCE(closed, 0);
    assert_int_equal(eddy_loop_alive(&loop), 0);
    end(loop);
  }
}

void close_phase_does_not_run_what_it_starts(void **) {
  Loop &loop = *open(false);
  eddy_stream_t *first = fake::stream(loop), *second = fake::stream(loop);
  Rec one = {}, two = {};
  two.context = second;
  one.context = &two;
  one.then = close_it;
  fake::close(first, &one);
  turn(loop);
  ONCE(one, 0);
  assert_int_equal(two.calls, 0);
  assert_int_equal(eddy_loop_next_deadline(&loop), 0);
  turn(loop);
  ONCE(two, 0);
  end(loop);
}

void a_step_waits_no_longer_than_it_is_told(void **) {
  Loop &loop = *open(false);
  Rec rec = {};
  fake::sleep(loop, rec, kStart + 100);
  assert_int_equal(eddy_loop_step(&loop, kStart + 30), 1);
  assert_int_equal(world(loop).now, kStart + 30);
  assert_int_equal(world(loop).last_until, kStart + 30);
  assert_int_equal(eddy_loop_step(&loop, EDDY_NEVER), 0);
  ONCE(rec, 0);
  assert_int_equal(eddy_loop_step(&loop, EDDY_NEVER), 0); // not alive: no wait
  assert_int_equal(world(loop).now, kStart + 100);
  end(loop);
}

void only_refd_ops_keep_it_alive(void **) {
  Loop &loop = *open(false);
  Rec background = {}, work = {};
  eddy_op_set_flags(&background.op, EDDY_OP_UNREF);
  fake::tick(loop, background, kStart + 10, 10, EDDY_TICK_SKIP);
  fake::sleep(loop, work, kStart + 45);
  assert_int_equal(eddy_loop_run(&loop), 0);
  assert_int_equal(background.mores, 4);
  eddy_op_ref(&background.op);
  assert_int_equal(eddy_loop_alive(&loop), 1);
  eddy_op_unref(&background.op);
  assert_int_equal(eddy_loop_alive(&loop), 0);
  end(loop);
}

// It waits for what the kernel keeps, in one go, and leaves the stop behind.
void a_drain_with_a_stop_pending_sleeps(void **) {
  Loop &loop = *open(true);
  eddy_stream_t *stream = fake::stream(loop);
  Rec rec = {};
  char byte;
  fake::read(stream, rec, &byte, 1);
  turn(loop);
  line(stream).cancel_loses = true;
  eddy_loop_stop(&loop);
  int before = world(loop).polls;
  assert_int_equal(eddy_loop_drain(&loop, kStart + 100), 2);
  assert_int_equal(world(loop).now, kStart + 100);
  assert_true(world(loop).polls - before <= 3);
  assert_int_equal(eddy_loop_next_deadline(&loop), 0);
  assert_int_equal(eddy_loop_step(&loop, EDDY_NEVER), 1);
  assert_int_equal(world(loop).now, kStart + 100);
  fake::at(kStart + 200, line(stream), cancel_wins, bit(kReadLane));
  assert_int_equal(eddy_loop_drain(&loop, EDDY_NEVER), 0);
  ONCE(rec, EDDY_ECANCELED);
  end(loop);
}

void hooked(Rec &, int64_t) {}

// Whoever is called back in a turn finds another time in the next one.
void the_clock_moves_in_turns_that_call_back(void **) {
  Loop &loop = *open(false);
  eddy_remote_t *remote = eddy_loop_remote(&loop);
  world(loop).drift = 1;
  Rec hooks[3] = {}, post = {}, ready = {};
  auto arm = [&](int which) {
    if (which < 3) hooks[which].then = hooked;
    if (which == 0) quietly(&hooks[0], [&] { return eddy_hook_idle(&loop, &hooks[0].op, rec_cb); });
    if (which == 1)
      quietly(&hooks[1], [&] { return eddy_hook_before_wait(&loop, &hooks[1].op, rec_cb); });
    if (which == 2)
      quietly(&hooks[2], [&] { return eddy_hook_after_wait(&loop, &hooks[2].op, rec_cb); });
    if (which == 3) quietly(&post, [&] { return eddy_post(remote, &post.op, rec_cb); });
    if (which == 4) fake::yield(loop, ready);
  };
  for (int which = 0; which < 5; which++) {
    arm(which);
    Time before = loop.now;
    loop_enter(loop);
    Time entered = loop.now;
    assert_true(entered > before);
    loop_turn(loop, 0, Caller::run);
    assert_true(loop.now > entered);
    loop_leave(loop, Caller::run);
    if (which < 3) cancel(hooks[which]);
    turn(loop, 2);
  }
  Time before = (turn(loop), loop.now);
  turn(loop); // one that calls nobody reads it once, at its start
  assert_int_equal(loop.now, before + 1);
  eddy_remote_release(remote);
  end(loop);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(a_busy_loop_polls_every_ninth_turn),
      FAKE_TEST(what_gets_ready_meanwhile_waits_for_the_next_turn),
      FAKE_TEST(stop_is_consumed_by_one_run),
      FAKE_TEST(a_host_is_told_of_work_that_is_left),
      FAKE_TEST(an_armed_idle_hook_keeps_it_from_waiting),
      FAKE_TEST(the_phases_have_their_order),
      FAKE_TEST(a_close_ends_in_the_turn_that_made_it_due),
      FAKE_TEST(close_phase_does_not_run_what_it_starts),
      FAKE_TEST(a_step_waits_no_longer_than_it_is_told),
      FAKE_TEST(only_refd_ops_keep_it_alive),
      FAKE_TEST(a_drain_with_a_stop_pending_sleeps),
      FAKE_TEST(the_clock_moves_in_turns_that_call_back),
  };
  return cmocka_run_group_tests_name("core_turns", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
