// What is lost when an await of what is between tasks, or of tasks, is cancelled: the table "Cancel safety" of
// docs/guide-cpp.md, row by row. The rows of streams are in cancel_safety.cpp.
#include "other_thread.hpp"

#include <atomic>
#include <thread>

// Runs `waits` in a task of its own until it waits, then, in one turn, `meanwhile` and a cancel.
template<class Waits, class Meanwhile>
static eddy::task<> cancelled(Waits waits, Meanwhile meanwhile) {
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(waits);
    co_await eddy::yield();
    meanwhile();
    s.cancel();
  };
  co_await s.run(body);
}

static void nothing() {}

static eddy::task<> channels(eddy::loop &) {
  eddy::channel<std::string, 1> c;
  std::string log;
  auto receives = [&]() -> eddy::task<> {
    auto got = co_await c.receive().nothrow();
    log += got ? **got : "-";
  };
  auto sends = [&]() -> eddy::task<> {
    std::string value = "value";
    auto sent = co_await c.send(std::move(value)).nothrow();
    log += sent ? "sent" : value;
  };
  auto put = [&] {
    std::string value = "handed over";
    CHECK(c.try_send(value));
  };
  co_await cancelled(receives, nothing);
  CHECK(log == "-");
  co_await cancelled(receives, put);
  CHECK(log == "-handed over" && c.size() == 0);
  put();
  log.clear();
  co_await cancelled(sends, nothing);
  CHECK(log == "value" && c.size() == 1);
  auto take = [&] { CHECK(c.try_receive()); };
  log.clear();
  co_await cancelled(sends, take);
  CHECK(log == "sent" && *c.try_receive() == "value");
}

TEST(send_and_receive) { test::on_loop(channels); }

static eddy::task<> locks(eddy::loop &) {
  eddy::mutex m;
  eddy::semaphore permits(0);
  int locked = 0, acquired = 0;
  auto first = m.try_lock();
  auto lock = [&]() -> eddy::task<> {
    auto held = co_await m.lock().nothrow();
    if (held) locked++;
  };
  auto acquire = [&]() -> eddy::task<> {
    auto got = co_await permits.acquire().nothrow();
    if (got) acquired++;
  };
  co_await cancelled(lock, nothing);
  CHECK(locked == 0 && m.locked());
  auto unlock = [&] { first.unlock(); };
  co_await cancelled(lock, unlock);
  CHECK(locked == 1 && !m.locked()); // it had it, and gave it back
  co_await cancelled(acquire, nothing);
  CHECK(acquired == 0 && permits.available() == 0);
  auto release = [&] { permits.release(); };
  co_await cancelled(acquire, release);
  CHECK(acquired + int(permits.available()) == 1);
}

TEST(lock_and_acquire) { test::on_loop(locks); }

static eddy::task<> events(eddy::loop &) {
  eddy::event e;
  eddy::latch l(2);
  auto waits = [&]() -> eddy::task<> { co_await e.wait(); };
  co_await cancelled(waits, nothing);
  e.set();
  co_await e.wait();
  auto arrives = [&]() -> eddy::task<> { co_await l.arrive_and_wait(); };
  co_await cancelled(arrives, nothing);
  CHECK(l.count() == 1); // that stays
  auto opens = [&] { l.count_down(); };
  auto waits_for_all = [&]() -> eddy::task<> { co_await l.wait(); };
  co_await cancelled(waits_for_all, opens);
  co_await l.wait();
}

TEST(event_and_latch) { test::on_loop(events); }

static eddy::task<> times(eddy::loop &l) {
  eddy::ticker t(l, 1ms, eddy::late_ticks::burst);
  auto start = l.now();
  std::uint64_t ticks = 0;
  while (ticks < 5) {
    auto tick = co_await t.next().within(100us).nothrow();
    if (tick) ticks += *tick;
  }
  CHECK(l.now() - start >= 5ms && l.now() - start >= std::chrono::milliseconds(ticks));
  eddy::timer once(l, 1ms);
  auto late = co_await once.wait().within(100us).nothrow();
  CHECK(!late || l.now() >= once.at());
  co_await once.wait();
  CHECK(l.now() >= once.at());
}

TEST(sleeps_timers_and_tickers) { test::on_loop(times); }

static eddy::async_generator<int> counts(std::chrono::milliseconds pause) {
  for (int i = 0;; i++) {
    if (i == 2) co_await eddy::sleep_for(pause);
    co_yield i;
  }
}

static eddy::task<std::optional<int>> next_of(eddy::async_generator<int> &g) {
  auto value = co_await g.next();
  co_return value;
}

static eddy::task<> generators(eddy::loop &) {
  auto numbers = counts(1h);
  for (int i = 0; i < 2; i++) {
    auto n = co_await eddy::with_timeout(next_of(numbers), 1h);
    CHECK(n && *n == i);
  }
  auto late = co_await eddy::with_timeout(next_of(numbers), 1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  auto end = co_await numbers.next();
  CHECK(!end); // the cancel went through it
}

TEST(generator_next) { test::on_loop(generators); }

static eddy::task<> offloads(eddy::loop &) {
  std::atomic<bool> begun = false;
  int value = 0;
  auto computes = [&]() -> eddy::task<> {
    auto f = [&](eddy::work_token token) {
      begun = true;
      while (!token.stop_requested()) std::this_thread::yield();
      return 42;
    };
    value = co_await eddy::offload(f);
  };
  auto until_begun = [&] {
    while (!begun) std::this_thread::yield();
  };
  co_await cancelled(computes, until_begun);
  CHECK(value == 42);
}

TEST(offload) { test::on_loop(offloads); }

static eddy::task<> hops(eddy::loop &home) {
  test::other_thread other;
  bool back = false;
  auto moves = [&]() -> eddy::task<> {
    co_await eddy::yield();
    co_await eddy::hop(other.loop());
    co_await eddy::hop(home); // whatever was asked for meanwhile
    back = eddy_loop_inside(home.get()) == 1;
  };
  co_await cancelled(moves, nothing);
  CHECK(back);
}

TEST(hop) { test::on_loop(hops); }

static eddy::task<int> takes(eddy::channel<int, 4> &c) {
  auto value = co_await c.receive();
  co_return value.value_or(-1);
}

static eddy::task<eddy::result<int>> takes_result(eddy::channel<int, 4> &c) {
  auto value = co_await c.receive().nothrow();
  if (!value) co_return value.error();
  co_return value->value_or(-1);
}

static eddy::task<> together(eddy::loop &) {
  eddy::channel<int, 4> full, empty;
  for (int i = 0; i < 4; i++) co_await full.send(i);
  auto late = co_await eddy::with_timeout(eddy::when_all(takes(full), takes(empty)), 1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out && full.size() == 3); // 0 is lost
  auto kept =
      co_await eddy::with_timeout(eddy::when_all(takes_result(full), takes_result(empty)), 1ms);
  CHECK(*std::get<0>(kept) == 1 && std::get<1>(kept).is_canceled());
  auto any = co_await eddy::when_any(takes(empty), takes(full), takes(full));
  CHECK(any.first == 1 && *std::get<1>(any.outcomes) == 2);
  CHECK(std::get<0>(any.outcomes).is_canceled() && std::get<2>(any.outcomes).is_canceled());
  CHECK(*full.try_receive() == 3); // the last had not begun
  auto none = co_await eddy::select(full.readable(), empty.readable()).within(1ms).nothrow();
  CHECK(none.error() == std::errc::timed_out);
  co_await full.send(4);
  auto which = co_await eddy::select(empty.readable(), full.readable());
  CHECK(which == 1 && full.size() == 1);
}

TEST(when_all_when_any_and_select) { test::on_loop(together); }

static eddy::task<> scopes(eddy::loop &) {
  eddy::scope s;
  int ended = 0;
  auto child = [&]() -> eddy::task<> {
    auto slept = co_await eddy::sleep_for(1h).nothrow();
    CHECK(slept.is_canceled());
    ended++;
  };
  auto last = [&]() -> eddy::task<> {
    co_await eddy::yield(); // it may await
    ended += 10;
  };
  auto body = [&]() -> eddy::task<> {
    s.on_exit(last);
    s.spawn(child);
    co_await child();
    co_await eddy::yield(); // canceled
  };
  auto late = co_await eddy::with_timeout(s.run(body), 1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out && ended == 12);
}

TEST(scope_run) { test::on_loop(scopes); }

static eddy::task<> quiet_nap(std::chrono::milliseconds d) { co_await eddy::sleep_for(d); }

static eddy::task<int> late_value() {
  co_await eddy::shield(quiet_nap(5ms));
  co_return 7;
}

static eddy::task<> timeouts(eddy::loop &l) {
  auto start = l.now();
  int value = co_await eddy::with_timeout(late_value(), 1ms);
  CHECK(value == 7 && l.now() - start >= 5ms); // it came after the time-out, and was given
}

TEST(with_timeout) { test::on_loop(timeouts); }
