// The table "Cancel safety" of docs/guide-cpp.md for tasks of tasks, time and threads, with a cancel at every turn of an
// await's life.
#include "other_thread.hpp"
#include "sweep.hpp"

#include <atomic>
#include <initializer_list>
#include <thread>

static eddy::task<eddy::result<int>> takes(eddy::channel<int, 4> &c) {
  auto value = co_await c.receive().nothrow();
  if (!value) co_return value.error();
  co_return value->value_or(-1);
}

static eddy::task<int> takes_or_throws(eddy::channel<int, 4> &c) {
  auto value = co_await c.receive();
  co_return *value;
}

static eddy::task<> together(eddy::loop &) {
  eddy::channel<int, 4> one, two;
  int sent = 0, got = 0;
  auto all = [&]() -> eddy::task<> {
    auto both = co_await eddy::when_all(takes(one), takes(two));
    got += std::get<0>(both).has_value() + std::get<1>(both).has_value();
  };
  auto any = [&]() -> eddy::task<> {
    try {
      auto ended = co_await eddy::when_any(takes_or_throws(one), takes(two));
      got += std::get<0>(ended.outcomes).has_value() + std::get<1>(ended.outcomes).has_value();
    } catch (const eddy::canceled &) {
    }
  };
  auto some = [&]() -> eddy::task<> {
    std::vector<eddy::task<int>> tasks;
    tasks.push_back(takes_or_throws(one));
    tasks.push_back(takes_or_throws(two));
    try {
      auto ended = co_await eddy::when_any(std::move(tasks));
      for (auto &each : ended.outcomes) got += each.has_value();
    } catch (const eddy::canceled &) {
    }
  };
  auto event = [&] {
    CHECK(two.try_send(sent) && one.try_send(sent));
    sent += 2;
  };
  auto check = [&]() -> eddy::task<> {
    while (one.try_receive()) got++;
    while (two.try_receive()) got++;
    CHECK(got == sent);
    co_return;
  };
  co_await test::sweep(all, event, check);
  co_await test::sweep(any, event, check);
  co_await test::sweep(some, event, check);
}

TEST(when_all_and_when_any) { test::on_loop(together); }

// A scope's tasks and exit tasks have ended when it has, each once.
static eddy::task<> scopes(eddy::loop &) {
  eddy::event go;
  int begun = 0, ended = 0, exits = 0, rounds = 0;
  auto child = [&]() -> eddy::task<> {
    begun++;
    (void)co_await go.wait().nothrow();
    (void)co_await eddy::yield().nothrow();
    ended++;
  };
  auto last = [&]() -> eddy::task<> {
    co_await eddy::yield();
    exits++;
  };
  auto op = [&]() -> eddy::task<> {
    eddy::scope s;
    auto body = [&]() -> eddy::task<> {
      rounds++;
      s.on_exit(last);
      s.spawn(child);
      co_await child();
    };
    (void)co_await s.run(body).nothrow();
    CHECK(begun == 2 * rounds && ended == begun && exits == rounds);
  };
  auto event = [&] { go.set(); };
  auto check = [&]() -> eddy::task<> {
    go.reset();
    co_return;
  };
  co_await test::sweep(op, event, check);
}

TEST(scope_run) { test::on_loop(scopes); }

static eddy::async_generator<int> counts(eddy::semaphore &permits, bool deaf) {
  for (int i = 0;; i++) {
    for (;;) {
      auto got = co_await permits.acquire().nothrow();
      if (got) break;
      if (!deaf) throw eddy::canceled();
      co_yield -1;
    }
    co_yield i;
  }
}

// One that lets the cancel pass has ended; one that does not loses nothing.
static eddy::task<> generators(eddy::loop &) {
  for (bool deaf : {false, true}) {
    eddy::semaphore permits(0);
    auto numbers = counts(permits, deaf);
    int want = 0;
    bool passed = false;
    auto op = [&]() -> eddy::task<> {
      try {
        auto n = co_await numbers.next();
        CHECK(n && (*n == want || (deaf && *n == -1)));
        want += *n == want;
      } catch (const eddy::canceled &) {
        passed = true;
      }
    };
    auto event = [&] { permits.release(); };
    auto check = [&]() -> eddy::task<> {
      CHECK(!(deaf && passed));
      if (std::exchange(passed, false)) {
        auto end = co_await numbers.next();
        CHECK(!end);
        numbers = counts(permits, deaf);
        want = 0;
      }
      while (permits.available()) {
        auto n = co_await numbers.next();
        CHECK(n && *n == want++);
      }
    };
    co_await test::sweep(op, event, check);
  }
}

TEST(generator_next) { test::on_loop(generators); }

// No tick comes twice: that would be one too early. One that was left out would only come late, which no test can tell.
static eddy::task<> ticks(eddy::loop &l) {
  constexpr auto period = 200us;
  auto start = l.update_now();
  eddy::ticker t(start + period, period, eddy::late_ticks::burst);
  std::int64_t got = 0;
  auto op = [&]() -> eddy::task<> {
    auto tick = co_await t.next().nothrow();
    if (tick) got += static_cast<std::int64_t>(*tick);
  };
  auto event = [] {};
  auto check = [&]() -> eddy::task<> {
    CHECK(l.update_now() - start >= got * period);
    for (auto due = (l.now() - start) / period; got < due;) {
      auto tick = co_await t.next();
      got += static_cast<std::int64_t>(tick);
    }
  };
  co_await test::sweep(op, event, check);
  std::optional<eddy::timer> once(std::in_place, l, period);
  auto wait = [&]() -> eddy::task<> {
    auto done = co_await once->wait().nothrow();
    CHECK(!done || l.now() >= once->at());
  };
  auto anew = [&]() -> eddy::task<> {
    co_await once->wait();
    CHECK(l.now() >= once->at());
    once.emplace(l, period);
  };
  co_await test::sweep(wait, event, anew);
}

TEST(ticker_and_timer) { test::on_loop(ticks); }

// What has run has given its value.
static eddy::task<> offloads(eddy::loop &) {
  std::atomic<int> ran = 0;
  int got = 0, refused = 0;
  auto op = [&]() -> eddy::task<> {
    auto f = [&] { return ++ran; };
    auto value = co_await eddy::offload(f).nothrow();
    if (value)
      CHECK(*value == ++got);
    else
      refused++;
  };
  auto event = [] {};
  auto check = [&]() -> eddy::task<> {
    CHECK(ran == got);
    co_return;
  };
  co_await test::sweep(op, event, check);
  CHECK(got && refused);
}

TEST(offload) { test::on_loop(offloads); }

static eddy::task<> hops(eddy::loop &home) {
  test::other_thread other;
  int begun = 0, there = 0, back = 0;
  auto op = [&]() -> eddy::task<> {
    begun++;
    co_await eddy::hop(other.loop());
    if (eddy_loop_inside(other.loop().get()) == 1) there++;
    co_await eddy::yield(); // deaf
    co_await eddy::hop(home);
    if (eddy_loop_inside(home.get()) == 1) back++;
  };
  auto event = [] {};
  auto check = [&]() -> eddy::task<> {
    CHECK(begun == there && begun == back);
    co_return;
  };
  co_await test::sweep(op, event, check);
}

TEST(hop) { test::on_loop(hops); }
