// The seam when the kernel owns requests: cancels that lose, gathers, short writes, several pollers.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

#include <initializer_list>
#include <unistd.h>

using namespace eddy;
using namespace eddy::fake;

namespace {

constexpr unsigned kRead = 1u << kReadLane, kWrite = 1u << kWriteLane;

struct Seam {
  Loop &loop = *open(true);
  eddy_stream_t *stream = fake::stream(loop);
  Line &line = fake::line(stream);
  char bytes[64] = {}, sink[64] = {};
  Seam() {
    line.room = 0;
    line.sink = sink;
    line.sink_size = sizeof sink;
  }
  void launch() { turn(loop); }
};

void a_read_whose_cancel_loses_brings_its_bytes(void **) {
  Seam s;
  s.line.cancel_loses = true;
  Rec read = {}, next = {};
  fake::read(s.stream, read, s.bytes, 8);
  fake::read(s.stream, next, s.bytes + 8, 8);
  s.launch();
  cancel(read);
  turn(s.loop, 3);
  assert_int_equal(read.calls, 0); // the kernel still has its buffer
  fake::at(kStart + 5, s.line, arrive, 12);
  eddy_loop_run(&s.loop);
  ONCE(read, 8);
  assert_int_equal(read.transferred, 8);
  ONCE(next, 4); // not a byte is lost
  assert_int_equal(static_cast<uint8_t>(s.bytes[8]), fake::pattern(8));
  end(s.loop);
}

void a_read_whose_cancel_wins_later_has_the_reason(void **) {
  Seam s;
  s.line.cancel_loses = true;
  Rec read = {}, next = {};
  fake::read(s.stream, read, s.bytes, 8);
  fake::read(s.stream, next, s.bytes, 8);
  s.launch();
  cancel(read);
  fake::at(kStart + 5, s.line, fake::cancel_wins, kRead);
  fake::at(kStart + 9, s.line, arrive, 3);
  eddy_loop_run(&s.loop);
  ONCE(read, EDDY_ECANCELED);
  assert_int_equal(read.when, kStart + 5);
  ONCE(next, 3);
  end(s.loop);
}

void a_pool_read_whose_cancel_loses_delivers_first(void **) {
  for (uint32_t credits : {1u, 4u}) { // one-shot receives, and a multishot one
    Seam s;
    eddy_pool_t *pool = fake::pool(s.loop, 4);
    s.line.cancel_loses = true;
    Rec read = {};
    fake::read_pool(s.stream, read, pool, credits);
    s.launch();
    cancel(read);
    fake::at(kStart + 5, s.line, arrive, 20);
    eddy_loop_run(&s.loop);
    ONCE(read, EDDY_ECANCELED);
    assert_int_equal(read.mores, 1);
    assert_int_equal(read.last_more, 20);
    assert_int_equal(eddy_pool_free(pool), 4);
    end(s.loop);
  }
}

void a_write_whose_cancel_loses_has_its_bytes(void **) {
  Seam s;
  s.line.cancel_loses = true;
  Rec write = {};
  fake::write(s.stream, write, "hello", 5);
  s.launch();
  cancel(write);
  fake::at(kStart + 5, s.line, make_room, 100);
  eddy_loop_run(&s.loop);
  ONCE(write, 5);
  assert_int_equal(write.transferred, 5);
  end(s.loop);
}

void the_others_of_a_gather_go_on(void **) {
  for (int victim = 0; victim < 3; victim++) {
    Seam s;
    Rec writes[3] = {};
    static const char *const texts[] = {"one", "two", "six"};
    for (int i = 0; i < 3; i++) fake::write(s.stream, writes[i], texts[i], 3);
    s.launch();
    assert_int_equal(s.line.launches[kWriteLane], 1);
    cancel(writes[victim]);
    fake::at(kStart + 5, s.line, make_room, 100);
    eddy_loop_run(&s.loop);
    for (int i = 0; i < 3; i++) ONCE(writes[i], i == victim ? EDDY_ECANCELED : 3);
    assert_string_equal(s.sink, victim == 0 ? "twosix" : victim == 1 ? "onesix" : "onetwo");
    assert_int_equal(eddy_stream_queued(s.stream), 0);
    end(s.loop);
  }
}

void a_gather_cut_in_the_cancelled_member_ends_those_behind(void **) {
  Seam s;
  s.line.cancel_loses = true;
  Rec writes[4] = {};
  for (Rec &rec : writes) fake::write(s.stream, rec, "abcd", 4);
  s.launch();
  cancel(writes[1]);
  fake::at(kStart + 5, s.line, make_room, 6); // the first, and half of the second
  eddy_loop_run(&s.loop);
  ONCE(writes[0], 4);
  ONCE(writes[1], EDDY_ECANCELED);
  assert_int_equal(writes[1].transferred, 2);
  for (int i = 2; i < 4; i++) {
    ONCE(writes[i], EDDY_ECANCELED);
    assert_int_equal(writes[i].transferred, 0);
  }
  assert_int_equal(s.line.sent, 6);
  assert_int_equal(eddy_stream_queued(s.stream), 0);
  end(s.loop);
}

void short_then_cancelled(bool completes, Time limit) {
  Loop &loop = *open(completes);
  eddy_stream_t *stream = fake::stream(loop);
  Line &line = fake::line(stream);
  line.room = 3;
  Rec first = {}, second = {}, shut = {}, after = {};
  if (limit) deadline(first, kStart + limit);
  fake::write(stream, first, "hello", 5);
  fake::write(stream, second, "world", 5);
  fake::shutdown(stream, shut);
  turn(loop, 2);
  assert_int_equal(first.calls, 0);
  assert_int_equal(line.sent, 3);
  if (!limit) cancel(first);
  eddy_loop_run(&loop);
  ONCE(first, limit ? EDDY_ETIMEDOUT : EDDY_ECANCELED);
  assert_int_equal(first.transferred, 3);
  ONCE(second, EDDY_ECANCELED);
  assert_int_equal(second.transferred, 0);
  ONCE(shut, EDDY_ECANCELED);
  assert_int_equal(eddy_stream_queued(stream), 0);
  fake::write(stream, after, "x", 1); // it was not shut after all
  fake::at(kStart + 90, line, make_room, 100);
  eddy_loop_run(&loop);
  ONCE(after, 1);
  end(loop);
}

void a_short_write_that_ends_says_how_much(void **) {
  for (bool completes : {false, true}) {
    short_then_cancelled(completes, 0);
    short_then_cancelled(completes, 50);
  }
}

void an_error_ends_what_is_queued_behind(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    eddy_stream_t *stream = fake::stream(loop);
    Line &line = fake::line(stream);
    line.script[kWriteLane].push(kAgain);
    line.script[kWriteLane].push(2);
    line.script[kWriteLane].push(EDDY_EPIPE, 32);
    for (Time i = 1; i < 4; i++) fake::at(kStart + i, line, ready, kWrite);
    Rec first = {}, second = {};
    fake::write(stream, first, "hello", 5);
    fake::write(stream, second, "world", 5);
    eddy_loop_run(&loop);
    ONCE(first, EDDY_EPIPE);
    assert_int_equal(first.transferred, 2);
    assert_int_equal(eddy_op_os_error(&first.op), 32);
    ONCE(second, EDDY_ECANCELED);
    end(loop);
  }
}

// Nothing is touched: six gigabytes that do not exist.
void a_write_of_many_gigabytes_counts_on(void **) {
  Loop &loop = *open(false);
  eddy_stream_t *stream = fake::stream(loop);
  Line &line = fake::line(stream);
  constexpr uint64_t kGiga = UINT64_C(1) << 30;
  line.phantom = true;
  line.room = 10 * kGiga; // what a wrong count would go on to
  line.chop = kGiga;
  Rec write = {};
  fake::write(stream, write, &line, 6 * kGiga);
  turn(loop, 20);
  assert_int_equal(write.transferred, 6 * kGiga);
  ONCE(write, static_cast<int64_t>(6 * kGiga));
  assert_int_equal(line.sent, 6 * kGiga);
  end(loop);
}

void requests_complete_out_of_order_across_streams(void **) {
  Loop &loop = *open(true);
  Rec reads[8] = {};
  char bytes[8];
  for (int i = 0; i < 8; i++) {
    eddy_stream_t *stream = fake::stream(loop);
    fake::read(stream, reads[i], bytes + i, 1);
    fake::at(kStart + 100 - static_cast<Time>(i * 5 % 8), line(stream), arrive, 1);
  }
  eddy_loop_run(&loop);
  for (int i = 0; i < 8; i++) {
    ONCE(reads[i], 1);
    assert_int_equal(reads[i].order, 8 - i * 5 % 8);
  }
  end(loop);
}

void an_accept_whose_cancel_loses(void **) {
  for (bool many : {false, true}) {
    Loop &loop = *open(true);
    eddy_listener_t *listener = fake::listener(loop);
    fake::line(listener).cancel_loses = true;
    Rec rec = {};
    if (many)
      fake::accept_many(listener, rec, 0);
    else
      fake::accept(listener, rec);
    turn(loop);
    cancel(rec);
    fake::at(kStart + 1, fake::line(listener), knock, 1);
    eddy_loop_run(&loop);
    ONCE(rec, many ? EDDY_ECANCELED : 0); // one that had an effect says so
    assert_int_equal(rec.mores, many ? 1 : 0);
    end(loop); // what nobody took is not leaked
  }
}

void an_accept_that_timed_out_says_so(void **) {
  for (bool many : {false, true}) {
    Loop &loop = *open(true);
    eddy_listener_t *listener = fake::listener(loop);
    Rec rec = {};
    deadline(rec, kStart + 10);
    if (many)
      fake::accept_many(listener, rec, 0);
    else
      fake::accept(listener, rec);
    eddy_loop_run(&loop);
    ONCE(rec, EDDY_ETIMEDOUT);
    end(loop);
  }
}

// A set with broadcast: every poller that matches is told, the others stay.
void several_pollers_on_one_descriptor(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    eddy_fd_t *fd = nullptr, *twin = nullptr;
    assert_int_equal(eddy_fd_open(&loop, ends[0], &fd), 0);
    assert_int_equal(eddy_fd_open(&loop, ends[0], &twin), EDDY_EEXIST);
    Line &line = fake::line(fd);
    line.room = 0;
    Rec readers[3] = {}, writer = {}, both = {}, leaver = {}, late = {};
    for (Rec &rec : readers) fake::poll(fd, rec, EDDY_READABLE);
    fake::poll(fd, writer, EDDY_WRITABLE);
    fake::poll(fd, both, EDDY_READABLE | EDDY_WRITABLE);
    fake::poll(fd, leaver, EDDY_READABLE);
    turn(loop, 2);
    cancel(leaver);
    fake::at(kStart + 3, line, raise_level, EDDY_READABLE);
    fake::at(kStart + 6, line, raise_level, EDDY_WRITABLE);
    eddy_loop_run(&loop);
    ONCE(leaver, EDDY_ECANCELED);
    for (Rec &rec : readers) {
      ONCE(rec, EDDY_READABLE);
      assert_int_equal(rec.when, kStart + 3);
    }
    ONCE(both, EDDY_READABLE);
    ONCE(writer, EDDY_WRITABLE);
    assert_int_equal(writer.when, kStart + 6);
    fake::poll(fd, late, EDDY_READABLE); // level: it holds now
    eddy_loop_run(&loop);
    ONCE(late, EDDY_READABLE);
    assert_int_equal(eddy_fd_close(fd, nullptr, nullptr), 0);
    end(loop);
    ::close(ends[0]);
    ::close(ends[1]);
  }
}

void a_repeated_poll_reports_each_turn_while_it_holds(void **) {
  for (bool completes : {false, true}) {
    Loop &loop = *open(completes);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    eddy_fd_t *fd = nullptr;
    assert_int_equal(eddy_fd_open(&loop, ends[0], &fd), 0);
    Rec rec = {};
    deadline(rec, kStart + 100);
    fake::poll(fd, rec, EDDY_READABLE, EDDY_POLL_REPEAT);
    fake::at(kStart + 5, line(fd), raise_level, EDDY_READABLE);
    while (world(loop).now < kStart + 5) eddy_loop_step(&loop, kStart + 5);
    turn(loop, 10);
    int told = rec.mores;
    assert_true(told >= 5 && told <= 11);
    lower_level(line(fd), EDDY_READABLE);
    eddy_loop_run(&loop);
    assert_true(rec.mores <= told + 1);
    ONCE(rec, EDDY_ETIMEDOUT);
    end(loop);
    ::close(ends[0]);
    ::close(ends[1]);
  }
}

// What was there for a moment between two callbacks is told with the rest.
void reports_of_one_turn_are_one_mask(void **) {
  Loop &loop = *open(false);
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  eddy_fd_t *fd = nullptr;
  assert_int_equal(eddy_fd_open(&loop, ends[0], &fd), 0);
  Rec rec = {};
  fake::poll(fd, rec, EDDY_READABLE | EDDY_WRITABLE, EDDY_POLL_REPEAT);
  turn(loop);
  fake::at(kStart + 5, line(fd), raise_level, EDDY_READABLE);
  fake::at(kStart + 5, line(fd), lower_level, EDDY_READABLE);
  fake::at(kStart + 5, line(fd), raise_level, EDDY_WRITABLE);
  while (!rec.mores) eddy_loop_step(&loop, kStart + 10);
  assert_int_equal(rec.last_more, EDDY_READABLE | EDDY_WRITABLE);
  assert_int_equal(rec.mores, 1);
  cancel(rec);
  turn(loop, 2);
  ONCE(rec, EDDY_ECANCELED);
  end(loop);
  ::close(ends[0]);
  ::close(ends[1]);
}

void a_lost_cancel_of_a_poller_reports_what_it_saw(void **) {
  Seam s;
  s.line.cancel_loses = true;
  Rec sees = {}, ends = {};
  fake::wait(s.stream, sees, EDDY_READABLE);
  fake::wait(s.stream, ends, EDDY_WRITABLE);
  s.launch();
  cancel(sees);
  cancel(ends);
  fake::at(kStart + 2, s.line, raise_level, EDDY_READABLE);
  fake::at(kStart + 4, s.line, fake::cancel_wins, 1u << kWaiters);
  eddy_loop_run(&s.loop);
  ONCE(sees, EDDY_READABLE);
  ONCE(ends, EDDY_ECANCELED);
  end(s.loop);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(a_read_whose_cancel_loses_brings_its_bytes),
      FAKE_TEST(a_read_whose_cancel_wins_later_has_the_reason),
      FAKE_TEST(a_pool_read_whose_cancel_loses_delivers_first),
      FAKE_TEST(a_write_whose_cancel_loses_has_its_bytes),
      FAKE_TEST(the_others_of_a_gather_go_on),
      FAKE_TEST(a_gather_cut_in_the_cancelled_member_ends_those_behind),
      FAKE_TEST(a_short_write_that_ends_says_how_much),
      FAKE_TEST(an_error_ends_what_is_queued_behind),
      FAKE_TEST(a_write_of_many_gigabytes_counts_on),
      FAKE_TEST(requests_complete_out_of_order_across_streams),
      FAKE_TEST(an_accept_whose_cancel_loses),
      FAKE_TEST(an_accept_that_timed_out_says_so),
      FAKE_TEST(several_pollers_on_one_descriptor),
      FAKE_TEST(a_repeated_poll_reports_each_turn_while_it_holds),
      FAKE_TEST(reports_of_one_turn_are_one_mask),
      FAKE_TEST(a_lost_cancel_of_a_poller_reports_what_it_saw),
  };
  return cmocka_run_group_tests_name("seam_cancel", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
