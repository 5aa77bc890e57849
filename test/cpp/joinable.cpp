// <eddy/joinable.hpp>, and frames from memory of the program's.
#include "net.hpp"

#include <new>
#include <stdexcept>

namespace {

eddy::task<int> gives(int n) {
  co_await eddy::sleep_for(1ms);
  if (n < 0) throw std::runtime_error("below zero");
  co_return n;
}

eddy::task<> sleeps() { co_await eddy::sleep_for(1h); }

int frames_taken, frames_left;

void *take_frame(std::size_t size) {
  frames_taken++;
  frames_left++;
  return ::operator new(size);
}
void give_frame(void *memory, std::size_t) noexcept {
  frames_left--;
  ::operator delete(memory);
}

eddy::task<> joins(eddy::loop &l) {
  eddy::scope tasks;
  auto body = [&]() -> eddy::task<> {
    auto good = eddy::spawn_joinable(tasks, gives, 7);
    auto bad = eddy::spawn_joinable(l, gives, -1);
    auto unjoined = eddy::spawn_joinable(tasks, gives, -1);
    CHECK(!good.over());
    int n = co_await good.join();
    CHECK(n == 7 && good.over());
    auto ended = co_await bad.outcome();
    CHECK(!ended && ended.exception());
    auto for_ever = eddy::spawn_joinable(tasks, sleeps);
    auto none = co_await eddy::with_timeout(for_ever.join(), 1ms).nothrow();
    CHECK(none.error() == std::errc::timed_out && !for_ever.over());
    tasks.cancel();
  };
  co_await tasks.run(body);
}

} // namespace

TEST(joined_or_not) { test::on_loop(joins); }

TEST(started_from_plain_code) {
  eddy::loop l;
  int value = 0, failed = 0, canceled = 0;
  eddy::start(l, gives(3), [&](eddy::outcome<int> ended) { value = ended.value(); });
  eddy::start(l, gives(-1), [&](eddy::outcome<int> ended) { failed = !ended; });
  eddy::start(l, sleeps(), [&](eddy::outcome<void> ended) { canceled = ended.is_canceled(); });
  while (!value || !failed) eddy_loop_step(l.get(), EDDY_NEVER);
  l.cancel();
  l.run();
  CHECK(value == 3 && failed == 1 && canceled == 1);
}

TEST(frames_from_elsewhere) {
  eddy::use_frame_memory({take_frame, give_frame});
  test::on_loop(joins);
  CHECK(frames_taken > 5 && frames_left == 0);
}

static eddy::task<> before_it_begins(eddy::loop &) {
  eddy::scope s;
  auto no_task = []() -> eddy::task<int> { throw std::logic_error("no task yet"); };
  auto body = [&]() -> eddy::task<> {
    auto job = eddy::spawn_joinable(s, no_task);
    CHECK_THROWS(std::logic_error, (void)co_await job.join());
  };
  co_await s.run(body);
}

TEST(fails_before_it_begins) { test::on_loop(before_it_begins); }

// Cannot be moved on.
class stuck {
public:
  stuck() = default;
  stuck(stuck &&) { throw std::logic_error("stuck"); }
};

static eddy::task<stuck> makes_a_stuck_one() {
  co_await eddy::yield();
  co_return stuck();
}

TEST(tells_of_a_value_that_cannot_be_moved) {
  eddy::loop l;
  int told = 0;
  eddy::start(l, makes_a_stuck_one(), [&](eddy::outcome<stuck> ended) { told += ended ? 100 : 1; });
  l.run();
  CHECK(told == 1);
}

static int frames_to_come = -1; // until one fails
static void *take_or_fail(std::size_t size) {
  if (frames_to_come >= 0 && frames_to_come-- == 0) throw std::bad_alloc();
  return take_frame(size);
}

static eddy::task<int> one() { co_return 1; }

TEST(no_memory_for_what_waits) {
  eddy::use_frame_memory({take_or_fail, give_frame});
  for (int n = 0;; n++) {
    eddy::loop l;
    int told = 0;
    bool started = false;
    auto work = one();
    frames_to_come = n;
    try {
      eddy::start(l, std::move(work), [&](eddy::outcome<int> ended) { told += ended ? 100 : 1; });
      started = true;
    } catch (const std::bad_alloc &) {
    }
    bool failed = frames_to_come < 0;
    frames_to_come = -1;
    work = {};
    l.run();
    CHECK(told == (!started ? 0 : failed ? 1 : 100));
    if (!failed) break;
  }
}

static eddy::task<> asks_late(eddy::loop &l) {
  auto job = eddy::spawn_joinable(l, one);
  auto late = job.join();
  auto moved = std::move(job); // the task has what it needs
  int n = co_await std::move(late);
  CHECK(n == 1);
}

TEST(the_join_outlives_the_joinable) { test::on_loop(asks_late); }
