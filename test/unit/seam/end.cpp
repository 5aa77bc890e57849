// How handles and loops end while the kernel still has requests.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

#include <initializer_list>

using namespace eddy;
using namespace eddy::fake;

namespace {

constexpr unsigned kRead = 1u << kReadLane;

void close_waits_for_what_the_kernel_holds(void **) {
  Loop &loop = *open(true);
  eddy_stream_t *stream = fake::stream(loop);
  Line &line = fake::line(stream);
  line.cancel_loses = true;
  line.room = 0;
  char bytes[8];
  Rec reads[2] = {}, writes[2] = {}, waiter = {}, closed = {}, late = {};
  for (Rec &rec : reads) fake::read(stream, rec, bytes, 8);
  for (Rec &rec : writes) fake::write(stream, rec, "abc", 3);
  fake::wait(stream, waiter, EDDY_READABLE);
  turn(loop);
  fake::close(stream, &closed);
  fake::read(stream, late, bytes, 8);
  turn(loop, 3);
  ONCE(late, EDDY_ECLOSED);
  ONCE(reads[1], EDDY_ECANCELED); // it was only queued
  assert_int_equal(reads[0].calls + writes[0].calls + waiter.calls + closed.calls, 0);
  assert_int_equal(line.quiesces, 1);
  assert_int_equal(line.releases, 0);
  fake::at(kStart + 10, line, fake::cancel_wins, kRead);
  fake::at(kStart + 20, line, make_room, 3); // the write is done after all
  fake::at(kStart + 30, line, fake::cancel_wins, 1u << kWaiters);
  eddy_loop_run(&loop);
  ONCE(reads[0], EDDY_ECANCELED);
  assert_int_equal(reads[0].when, kStart + 10);
  ONCE(writes[0], 3);
  ONCE(writes[1], EDDY_ECANCELED);
  ONCE(waiter, EDDY_ECANCELED);
  ONCE(closed, 0);
  assert_int_equal(closed.when, kStart + 30);
  assert_true(closed.order > waiter.order);
  end(loop);
}

void drain_says_what_is_held_and_may_be_called_again(void **) {
  Loop &loop = *open(true);
  eddy_stream_t *stream = fake::stream(loop);
  line(stream).cancel_loses = true;
  char bytes[8];
  Rec read = {}, sleep = {};
  fake::read(stream, read, bytes, 8);
  fake::sleep(loop, sleep, kStart + EDDY_SECOND);
  turn(loop);
  int64_t held = eddy_loop_drain(&loop, kStart + 50);
  assert_int_equal(held, 2); // the read, and its stream
  ONCE(sleep, EDDY_ECANCELED);
  assert_int_equal(read.calls, 0);
  assert_int_equal(eddy_loop_close(&loop), EDDY_EBUSY);
  assert_int_equal(eddy_loop_drain(&loop, 0), 2);
  fake::at(kStart + 80, line(stream), fake::cancel_wins, kRead);
  assert_int_equal(eddy_loop_drain(&loop, kStart + 100), 0);
  ONCE(read, EDDY_ECANCELED);
  assert_int_equal(read.when, kStart + 80);
  assert_int_equal(eddy_loop_close(&loop), 0);
}

void a_drain_that_ran_a_post_still_waits(void **) {
  Loop &loop = *open(true);
  eddy_stream_t *stream = fake::stream(loop);
  line(stream).cancel_loses = true;
  char bytes[8];
  Rec read = {}, posted = {};
  fake::read(stream, read, bytes, 8);
  turn(loop);
  eddy_remote_t *remote = eddy_loop_remote(&loop);
  quietly(&posted, [&] { return eddy_post(remote, &posted.op, rec_cb); });
  fake::at(kStart + 10 * EDDY_MILLISECOND, line(stream), fake::cancel_wins, kRead);
  world(loop).drift = 1000;
  world(loop).polls = 0;
  assert_int_equal(eddy_loop_drain(&loop, kStart + EDDY_SECOND), 0);
  ONCE(posted, EDDY_ECANCELED);
  assert_in_range(world(loop).polls, 1, 10); // else it spins
  eddy_remote_release(remote);
  assert_int_equal(eddy_loop_close(&loop), 0);
}

void stubborn(Rec &rec, int64_t) {
  if (rec.finals > 20000) return; // let a drain that never gives up be seen to
  fake::yield(*loop_running(), rec);
}

void drain_ends_in_time_although_a_callback_starts_again(void **) {
  Loop &loop = *open(false);
  Rec rec = {};
  rec.then = stubborn;
  fake::yield(loop, rec);
  world(loop).drift = 1000;
  assert_true(eddy_loop_drain(&loop, kStart + EDDY_MILLISECOND) > 0);
  assert_in_range(rec.finals, 1, 5000);
  rec.then = nullptr;
  assert_int_equal(eddy_loop_drain(&loop, 0), 0);
  assert_int_equal(eddy_loop_close(&loop), 0);
}

void accept_again(Rec &rec, int64_t) {
  Rec &next = *static_cast<Rec *>(rec.context);
  fake::accept(static_cast<eddy_listener_t *>(next.context), next);
}

// An accept that is done, but not yet delivered when the drain begins.
void drain_closes_an_accepted_stream_once(void **) {
  Loop &loop = *open(false);
  eddy_listener_t *listener = fake::listener(loop);
  Rec first = {}, second = {};
  first.then = accept_again;
  first.context = &second;
  second.context = listener;
  fake::accept(listener, first);
  fake::at(kStart + 1, fake::line(listener), knock, 2);
  while (!first.finals) eddy_loop_step(&loop, kStart + 1);
  assert_int_equal(second.finals, 0);
  assert_int_equal(static_cast<int>(op_of(&second.op).state), static_cast<int>(State::ready));
  assert_int_equal(eddy_loop_drain(&loop, kStart + 10), 0);
  ONCE(second, 0);
  assert_int_equal(loop.closing_count, 0);
  assert_null(loop.closing.head);
  assert_null(loop.sources.head);
  assert_int_equal(eddy_loop_close(&loop), 0);
}

void a_lost_loop_ends_everything_once(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    eddy_stream_t *stream = fake::stream(loop);
    eddy_stream_t *closing = fake::stream(loop);
    eddy_pool_t *pool = fake::pool(loop, 4);
    eddy_stream_t *pooled = fake::stream(loop);
    eddy_listener_t *listener = fake::listener(loop);
    line(stream).room = line(closing).room = 0;
    line(stream).cancel_loses = line(closing).cancel_loses = true;
    char bytes[8];
    Rec read = {}, second = {}, write = {}, behind = {}, waiter = {}, pool_read = {}, accept = {},
        sleep = {}, tick = {}, hook = {}, shut = {}, held = {}, closed = {}, yielded = {};
    fake::read(stream, read, bytes, 8);
    fake::read(stream, second, bytes, 8);
    fake::write(stream, write, "abc", 3);
    fake::write(stream, behind, "abc", 3);
    fake::shutdown(stream, shut);
    fake::wait(stream, waiter, EDDY_READABLE);
    fake::read_pool(pooled, pool_read, pool, 2);
    fake::accept_many(listener, accept, 0);
    fake::sleep(loop, sleep, kStart + EDDY_SECOND);
    fake::tick(loop, tick, kStart + EDDY_SECOND, 10, EDDY_TICK_SKIP);
    fake::read(closing, held, bytes, 8);
    turn(loop, 2);
    quietly(&hook, [&] { return eddy_hook_after_wait(&loop, &hook.op, rec_cb); });
    fake::close(closing, &closed);
    fake::yield(loop, yielded);
    fake::at(kStart + 7, line(stream), lose, 9);
    assert_int_equal(eddy_loop_run(&loop), 0);
    for (Rec *rec : {&read, &second, &write, &behind, &shut, &waiter, &pool_read, &accept, &sleep,
                     &tick, &hook})
      ONCE(*rec, EDDY_ELOST);
    ONCE(held, completes ? EDDY_ELOST : EDDY_ECANCELED);
    ONCE(closed, 0);
    ONCE(yielded, 0);
    Rec after = {}, timer = {};
    fake::read(stream, after, bytes, 8);
    fake::sleep(loop, timer, kStart + 100);
    eddy_loop_run(&loop);
    ONCE(after, EDDY_ELOST);
    ONCE(timer, 0); // timers still work
    assert_int_equal(timer.when, kStart + 100);
    end(loop);
  }
}

int sends;
OsResult send_all(eddy_native_t, const void *, size_t size) {
  sends++;
  return {static_cast<int64_t>(size), 0};
}

void a_lost_loop_sends_nothing_inline(void **) {
  Loop &loop = *open(true);
  eddy_stream_t *stream = fake::stream(loop);
  loop.send_now = send_all;
  sends = 0;
  Rec before = {}, after = {};
  eddy_op_set_flags(&before.op, EDDY_OP_INLINE);
  eddy_op_set_flags(&after.op, EDDY_OP_INLINE);
  assert_int_equal(fake::write(stream, before, "abc", 3), EDDY_DONE);
  assert_int_equal(sends, 1);
  loop_lost(loop, 9);
  fake::write(stream, after, "abc", 3);
  eddy_loop_run(&loop);
  assert_int_equal(eddy_op_result(&after.op), EDDY_ELOST);
  assert_int_equal(sends, 1);
  end(loop);
}

void a_loop_that_cannot_be_bound_is_lost(void **) {
  Loop &loop = *open(true);
  eddy_stream_t *stream = fake::stream(loop);
  world(loop).bind_error = {EDDY_EPERM, 1};
  char bytes[8];
  Rec read = {};
  fake::read(stream, read, bytes, 8);
  eddy_loop_run(&loop);
  ONCE(read, EDDY_ELOST);
  end(loop);
}

// After a fork every op ends, and a connect's stream is one whose connect was cancelled.
void after_a_fork_nothing_hangs(void **) {
  Loop &loop = *open(false);
  eddy_stream_t *stream = fake::stream(loop), *connecting = nullptr;
  eddy_addr_t peer;
  eddy_addr_loopback(&peer, EDDY_AF_INET, 1);
  assert_int_equal(eddy_stream_open(&loop, EDDY_AF_INET, &connecting), 0);
  char bytes[8];
  Rec connect = {}, read = {}, again = {}, later = {};
  quietly(&connect, [&] { return eddy_stream_connect(connecting, &connect.op, &peer, rec_cb); });
  fake::read(stream, read, bytes, 8);
  turn(loop);
  loop.owner = kForked; // as the fork handler does
  assert_int_equal(eddy_loop_after_fork(&loop), 0);
  turn(loop);
  ONCE(connect, EDDY_ECANCELED);
  ONCE(read, EDDY_ECANCELED);
  fake::read(connecting, again, bytes, 8);
  fake::read(stream, later, bytes, 8);
  fake::at(kStart + 5, line(stream), arrive, 4);
  turn(loop, 2);
  assert_int_equal(again.finals, 1); // nothing would ever end it
  eddy_loop_run(&loop);
  ONCE(later, 4);
  end(loop);
}

void closing_stream(Rec &rec, int64_t) {
  eddy_stream_t *stream = static_cast<eddy_stream_t *>(rec.context);
  if (stream && !stream->closed) fake::close(stream);
}

// Closing drops what was received, also when the end had been seen behind it.
void close_drops_what_was_received(void **) {
  for (bool ended : {false, true}) {
    Loop &loop = *open(true);
    eddy_stream_t *stream = fake::stream(loop);
    eddy_pool_t *pool = fake::pool(loop, 4);
    Rec read = {};
    read.context = stream;
    read.then = closing_stream; // in the first of three callbacks
    line(stream).chop = 10;
    fake::read_pool(stream, read, pool, 4);
    turn(loop);
    line(stream).end = ended;
    fake::at(kStart + 1, line(stream), arrive, 30);
    eddy_loop_run(&loop);
    assert_int_equal(read.finals, 1);
    if (read.mores != 1) fail_msg("%d callbacks, with the end seen: %d", read.mores, ended);
    assert_int_equal(eddy_pool_free(pool), 4);
    end(loop);
  }
}

void the_pool_closes_after_its_reads(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    eddy_stream_t *stream = fake::stream(loop);
    eddy_pool_t *pool = fake::pool(loop, 4);
    Rec read = {}, closed = {};
    fake::read_pool(stream, read, pool, 2);
    fake::at(kStart + 1, line(stream), arrive, 30);
    eddy_loop_step(&loop, kStart + 1);
    turn(loop);
    quietly(&closed, [&] { return eddy_pool_close(pool, &closed.op, rec_cb); });
    eddy_loop_run(&loop);
    ONCE(read, EDDY_ECANCELED);
    ONCE(closed, 0);
    assert_true(read.order < closed.order);
    end(loop);
  }
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(close_waits_for_what_the_kernel_holds),
      FAKE_TEST(drain_says_what_is_held_and_may_be_called_again),
      FAKE_TEST(a_drain_that_ran_a_post_still_waits),
      FAKE_TEST(drain_ends_in_time_although_a_callback_starts_again),
      FAKE_TEST(drain_closes_an_accepted_stream_once),
      FAKE_TEST(a_lost_loop_ends_everything_once),
      FAKE_TEST(a_lost_loop_sends_nothing_inline),
      FAKE_TEST(a_loop_that_cannot_be_bound_is_lost),
      FAKE_TEST(after_a_fork_nothing_hangs),
      FAKE_TEST(close_drops_what_was_received),
      FAKE_TEST(the_pool_closes_after_its_reads),
  };
  return cmocka_run_group_tests_name("seam_end", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
