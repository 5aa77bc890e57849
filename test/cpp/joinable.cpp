// <eddy/joinable.hpp>, and frames from memory of the program's.
#include "net.hpp"

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
