// <eddy/mutex.hpp>.
#include "net.hpp"

#include <initializer_list>

static eddy::task<> critical(eddy::mutex &m, std::string &log, char c) {
  auto held = co_await m.lock();
  log += c;
  co_await eddy::yield();
  co_await eddy::yield();
  log += c;
}

static eddy::task<> exclusive(eddy::loop &l) {
  eddy::mutex m;
  std::string log;
  for (char c : {'a', 'b', 'c', 'd'}) l.spawn(critical, std::ref(m), std::ref(log), c);
  CHECK(!m.try_lock());
  while (log.size() < 8) co_await eddy::yield();
  CHECK(log == "aabbccdd");
  co_await eddy::yield();
  CHECK(!m.locked());
  auto guard = m.try_lock();
  CHECK(guard && m.locked());
  guard.unlock();
  CHECK(!m.locked());
}

TEST(one_at_a_time_in_order) { test::on_loop(exclusive); }

// The one that is next is cancelled before the hand-over, with it, and after it: the lock is never lost.
static eddy::task<> hand_off(eddy::loop &l) {
  for (int when = 0; when < 3; when++) {
    eddy::mutex m;
    std::string log;
    eddy::scope s;
    auto held = m.try_lock();
    auto body = [&]() -> eddy::task<> {
      s.spawn(critical, std::ref(m), std::ref(log), 'x');
      if (when == 0) s.cancel();
      held.unlock();
      if (when == 1) s.cancel();
      if (when == 2) {
        co_await eddy::yield();
        s.cancel();
      }
      co_return;
    };
    l.spawn(critical, std::ref(m), std::ref(log), 'l'); // waits first
    co_await s.run(body);
    while (m.locked()) co_await eddy::yield();
    CHECK(log.starts_with("ll"));
  }
}

TEST(hand_off_under_cancel) { test::on_loop(hand_off); }

static eddy::task<> times_out(eddy::loop &) {
  eddy::mutex m;
  auto held = co_await m.lock();
  auto late = co_await m.lock().within(2ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  held.unlock();
  auto now = co_await m.lock().nothrow();
  CHECK(now && m.locked());
}

TEST(a_lock_with_a_deadline) { test::on_loop(times_out); }
