// The table "Cancel safety" of docs/guide-cpp.md for what is between tasks, with a cancel at every turn of a wait's life.
#include "sweep.hpp"

// Values in their order: none is left out, none comes twice.
template<std::size_t Capacity>
static eddy::task<> receives(eddy::loop &l) {
  eddy::channel<std::string, Capacity> c;
  int sent = 0, got = 0;
  auto take = [&](std::optional<std::string> &value) {
    CHECK(value && *value == std::to_string(got++));
  };
  auto op = [&]() -> eddy::task<> {
    auto value = co_await c.receive().nothrow();
    if (value)
      take(*value);
    else
      CHECK(value.is_canceled());
  };
  auto sends = [&](int number) -> eddy::task<> { co_await c.send(std::to_string(number)); };
  auto event = [&] {
    l.spawn(sends, sent++);
    l.spawn(sends, sent++);
  };
  auto check = [&]() -> eddy::task<> {
    while (got < sent) {
      auto value = co_await c.receive().within(30s);
      take(value);
    }
    CHECK(c.size() == 0 && !c.try_receive());
  };
  co_await test::sweep(op, event, check);
}

TEST(channel_receive) {
  test::on_loop(receives<0>);
  test::on_loop(receives<1>);
  test::on_loop(receives<4>);
}

template<std::size_t Capacity>
static eddy::task<> sends(eddy::loop &l) {
  eddy::channel<std::string, Capacity> c;
  int next = 0, got = 0;
  auto fills = [&]() -> eddy::task<> { co_await c.send(std::to_string(next++)); };
  auto op = [&]() -> eddy::task<> {
    std::string value = std::to_string(next);
    auto sent = co_await c.send(std::move(value)).nothrow();
    if (sent) {
      next++;
    } else {
      CHECK(sent.is_canceled() && value == std::to_string(next)); // it is where it was
    }
  };
  auto takes = [&]() -> eddy::task<> {
    auto value = co_await c.receive().within(30s);
    CHECK(*value == std::to_string(got++));
  };
  auto event = [&] { l.spawn(takes); };
  auto check = [&]() -> eddy::task<> {
    if (!Capacity && !next) l.spawn(fills); // for the task that takes
    while (!Capacity && got == 0) co_await eddy::yield();
    while (got < next) co_await takes();
    CHECK(c.size() == 0 && !c.try_receive());
    next = got = 0;
    while (c.size() < Capacity) co_await fills();
  };
  while (c.size() < Capacity) co_await fills();
  co_await test::sweep(op, event, check);
}

TEST(channel_send) {
  test::on_loop(sends<0>);
  test::on_loop(sends<1>);
  test::on_loop(sends<3>);
}

// What is handed over is had, or has gone back.
static eddy::task<> locks(eddy::loop &) {
  eddy::mutex m;
  auto first = m.try_lock();
  eddy::mutex::guard held;
  auto op = [&]() -> eddy::task<> {
    auto got = co_await m.lock().nothrow();
    if (got) held = std::move(*got);
  };
  auto event = [&] { first.unlock(); };
  auto check = [&]() -> eddy::task<> {
    CHECK(m.locked() == bool(held));
    held.unlock();
    first = co_await m.lock().within(30s);
  };
  co_await test::sweep(op, event, check);
  first.unlock();
  eddy::semaphore permits(0);
  std::size_t given = 0, had = 0;
  auto acquire = [&]() -> eddy::task<> {
    auto got = co_await permits.acquire().nothrow();
    if (got) had++;
  };
  auto release = [&] { permits.release(), given++; };
  auto count = [&]() -> eddy::task<> {
    CHECK(had + permits.available() == given);
    while (permits.try_acquire()) had++;
    co_return;
  };
  co_await test::sweep(acquire, release, count);
}

TEST(lock_and_acquire) { test::on_loop(locks); }

static eddy::task<> events(eddy::loop &) {
  eddy::event e;
  std::optional<eddy::latch> latch(std::in_place, 2u);
  auto op = [&]() -> eddy::task<> { (void)co_await e.wait().nothrow(); };
  auto event = [&] { e.set(); };
  auto check = [&]() -> eddy::task<> {
    co_await e.wait();
    e.reset();
  };
  co_await test::sweep(op, event, check);
  auto arrives = [&]() -> eddy::task<> { (void)co_await latch->arrive_and_wait().nothrow(); };
  auto opens = [&] { latch->count_down(); };
  auto opened = [&]() -> eddy::task<> {
    CHECK(latch->count() == 0);
    co_await latch->wait();
    latch.emplace(2u);
  };
  co_await test::sweep(arrives, opens, opened);
}

TEST(event_and_latch) { test::on_loop(events); }

// `op` waits for one of two channels without taking anything, and then takes what is there.
static eddy::task<> selects(eddy::loop &) {
  eddy::channel<int, 2> one, two;
  eddy::event e;
  int sent = 0, got = 0;
  auto drain = [&] {
    while (one.try_receive()) got++;
    while (two.try_receive()) got++;
  };
  auto op = [&]() -> eddy::task<> {
    auto which =
        co_await eddy::select(e.wait(), one.readable(), eddy::sleep_for(1h), two.readable())
            .nothrow();
    if (which) {
      CHECK(*which == 3);
      drain();
    }
  };
  auto event = [&] {
    CHECK(two.try_send(sent));
    sent++;
  };
  auto check = [&]() -> eddy::task<> {
    drain();
    CHECK(got == sent);
    co_return;
  };
  co_await test::sweep(op, event, check);
}

TEST(select) { test::on_loop(selects); }
