// <eddy/timer.hpp>.
#include "net.hpp"

#include <initializer_list>
#include <limits>

static eddy::task<> sleeps(eddy::loop &l) {
  eddy::time_point before = l.update_now();
  co_await eddy::sleep_for(5ms);
  CHECK(l.now() - before >= 5ms);
  eddy::time_point at = l.now() + 5ms;
  co_await eddy::sleep_until(at);
  CHECK(l.now() >= at);
  co_await eddy::sleep_until(before); // long past
  co_await eddy::sleep_for(-1s);
  auto late = co_await eddy::sleep_for(1h).within(5ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  auto later = co_await eddy::sleep_for(1h).until(l.now() + 1ms).nothrow();
  CHECK(later.error() == std::errc::timed_out);
  CHECK_THROWS(std::system_error, co_await eddy::sleep_for(1h).within(1ms));
}

TEST(sleep) { test::on_loop(sleeps); }

// What is awaited after 5 ms of computing has all of its time.
template<class Wait>
static eddy::task<> waits_in_full(Wait wait) {
  test::compute(10ms);
  test::steady::time_point begin = test::steady::now();
  co_await wait();
  CHECK(test::steady::now() - begin >= 5ms);
}

static eddy::task<> in_full(eddy::loop &l) {
  auto both = co_await test::connected(l);
  std::array<char, 8> bytes;
  eddy::event never;
  auto sleeps = []() -> eddy::task<> { co_await eddy::sleep_for(5ms); };
  auto reads = [&]() -> eddy::task<> { (void)co_await both.one.read(bytes).within(5ms).nothrow(); };
  auto waits = [&]() -> eddy::task<> { (void)co_await never.wait().within(5ms).nothrow(); };
  auto long_sleep = []() -> eddy::task<> { co_await eddy::sleep_for(1h); };
  auto times_out = [&]() -> eddy::task<> {
    (void)co_await eddy::with_timeout(long_sleep(), 5ms).nothrow();
  };
  auto on_timer = [&]() -> eddy::task<> {
    eddy::timer t(l, 5ms);
    co_await t.wait();
  };
  auto ticks = [&]() -> eddy::task<> {
    eddy::ticker t(l, 5ms);
    (void)co_await t.next();
  };
  co_await waits_in_full(sleeps);
  co_await waits_in_full(reads);
  co_await waits_in_full(waits);
  co_await waits_in_full(times_out);
  co_await waits_in_full(on_timer);
  co_await waits_in_full(ticks);

  // A period after the tick before, which came late.
  auto busy = [](eddy::time_point at) -> eddy::task<> {
    co_await eddy::sleep_until(at);
    test::compute(10ms);
  };
  eddy::time_point now = l.now();
  l.spawn(busy, now);
  eddy::ticker t(now, 5ms, eddy::late_ticks::delay);
  (void)co_await t.next();
  test::steady::time_point begin = test::steady::now();
  (void)co_await t.next();
  CHECK(test::steady::now() - begin >= 5ms);
}

TEST(durations_count_from_where_they_are_given) { test::on_loop(in_full); }

// Many that become ready in one turn, each of which computes and then asks again. What is there is read, whatever the
// turn has taken by then; what is not has all of its time.
static eddy::task<> computes_and_asks(eddy::stream &s, bool there, int &read) {
  std::array<char, 1> byte;
  co_await s.read(byte);
  test::compute(1ms);
  test::steady::time_point begin = test::steady::now();
  auto r = co_await s.read(byte).within(10ms).nothrow();
  if (r) read++;
  if (there) CHECK(r && *r == 1);
  if (!there) CHECK(!r && test::steady::now() - begin >= 10ms);
}

static eddy::task<> busy_turn(eddy::loop &l) {
  constexpr int kMany = 40;
  std::vector<test::pair> pairs;
  for (int i = 0; i < kMany; i++) pairs.push_back(co_await test::connected(l));
  std::vector<eddy::task<>> tasks;
  int read = 0;
  for (int i = 0; i < kMany; i++)
    tasks.push_back(computes_and_asks(pairs[static_cast<std::size_t>(i)].two, i % 2, read));
  auto write = [&]() -> eddy::task<> {
    for (int i = 0; i < kMany; i++)
      co_await pairs[static_cast<std::size_t>(i)].one.write(std::string_view("xy", i % 2 ? 2 : 1));
  };
  auto ask = [&]() -> eddy::task<> { co_await eddy::when_all(std::move(tasks)); };
  co_await eddy::when_all(ask(), write());
  CHECK(read == kMany / 2);
}

TEST(a_turn_that_computes_for_long) { test::on_loop(busy_turn); }

static eddy::task<> waits_for(eddy::timer &t, int &woken) {
  co_await t.wait();
  woken++;
}

static eddy::task<> moves_a_timer(eddy::loop &l) {
  eddy::timer t(l, 1h);
  int woken = 0;
  l.spawn(waits_for, std::ref(t), std::ref(woken));
  t.set(l.now() + 2h);
  co_await eddy::yield();
  CHECK(woken == 0);
  t.set(l.now()); // earlier
  while (!woken) co_await eddy::sleep_for(1ms);
  co_await t.wait(); // it has come and stays so
  t.set(l.now() + 5ms);
  eddy::time_point at = t.at();
  co_await t.wait();
  CHECK(l.now() >= at);
}

TEST(a_timer_is_moved_while_it_is_waited_for) { test::on_loop(moves_a_timer); }

static eddy::task<> ticks(eddy::loop &l) {
  eddy::time_point begin = l.update_now();
  eddy::ticker each(l, 2ms);
  std::uint64_t periods = 0;
  while (periods < 5) periods += co_await each.next();
  CHECK(l.now() - begin >= 10ms);

  eddy::ticker skips(l.now() - 100ms, 10ms, eddy::late_ticks::skip);
  periods = co_await skips.next();
  CHECK(periods >= 11);
  eddy::ticker bursts(l.now() - 100ms, 10ms, eddy::late_ticks::burst);
  for (int i = 0; i < 10; i++) {
    periods = co_await bursts.next();
    CHECK(periods == 1);
  }
  eddy::ticker delays(l.now() - 100ms, 10ms, eddy::late_ticks::delay);
  periods = co_await delays.next();
  CHECK(periods == 1);
  eddy::time_point then = l.now();
  periods = co_await delays.next();
  CHECK(periods == 1 && l.now() - then >= 10ms);
}

TEST(ticker) { test::on_loop(ticks); }

template<class Wait>
static eddy::task<> for_ever(Wait wait) {
  bool ended = false;
  auto inner = [&]() -> eddy::task<> {
    co_await wait();
    ended = true;
  };
  auto r = co_await eddy::with_timeout(inner(), 2ms).nothrow();
  CHECK(!ended && r.error() == std::errc::timed_out);
}

static eddy::task<> extremes(eddy::loop &l) {
  using nanoseconds = std::chrono::nanoseconds;
  using seconds = std::chrono::duration<double>;
  auto sleep = [](auto d) { return [d]() -> eddy::task<> { co_await eddy::sleep_for(d); }; };
  co_await for_ever(sleep(nanoseconds::max()));
  co_await for_ever(sleep(nanoseconds::max() - 1ns));
  co_await for_ever(sleep(std::chrono::hours::max()));
  co_await for_ever(sleep(seconds(1e300)));
  co_await for_ever(sleep(seconds(std::numeric_limits<double>::infinity())));
  co_await sleep(std::chrono::hours::min())();
  co_await sleep(seconds(-1e300))();

  auto on_timer = [&](auto d) {
    return [&l, d]() -> eddy::task<> {
      eddy::timer t(l, d);
      co_await t.wait();
    };
  };
  co_await for_ever(on_timer(std::chrono::hours::max()));
  co_await for_ever(on_timer(nanoseconds::max()));
  co_await for_ever(on_timer(nanoseconds::max() - 1ns));
  co_await on_timer(std::chrono::hours::min())();
  eddy::timer far(l, std::chrono::hours::max());
  CHECK(far.at() == eddy::time_point::max());
  auto moves = [&]() -> eddy::task<> {
    eddy::timer t(l, 1h);
    auto waits = [&]() -> eddy::task<> { co_await t.wait(); };
    auto sets = [&]() -> eddy::task<> {
      t.set(eddy::time_point::max());
      co_await eddy::yield();
      t.set(eddy::time_point::min());
    };
    co_await eddy::when_all(waits(), sets());
  };
  co_await moves();

  auto on_ticker = [&](auto d) {
    return [&l, d]() -> eddy::task<> {
      eddy::ticker t(l, d);
      (void)co_await t.next();
    };
  };
  co_await for_ever(on_ticker(std::chrono::hours::max()));
  co_await for_ever(on_ticker(nanoseconds::max()));
  for (auto late : {eddy::late_ticks::burst, eddy::late_ticks::skip, eddy::late_ticks::delay}) {
    eddy::ticker t(l.now(), nanoseconds::max() - 1ns, late);
    std::uint64_t one = co_await t.next();
    CHECK(one == 1);
    auto again = [&]() -> eddy::task<> { (void)co_await t.next(); };
    co_await for_ever(again);
  }

  eddy::event never;
  auto limited = [&](auto d) {
    return [&never, d]() -> eddy::task<> { co_await never.wait().within(d); };
  };
  co_await for_ever(limited(std::chrono::hours::max()));
  auto late = co_await limited(std::chrono::hours::min())().nothrow();
  CHECK(late.error() == std::errc::timed_out);
  auto slow = []() -> eddy::task<> { co_await eddy::sleep_for(1h); };
  auto within = [&](auto d) {
    return [&slow, d]() -> eddy::task<> { co_await eddy::with_timeout(slow(), d); };
  };
  co_await for_ever(within(std::chrono::hours::max()));
  co_await for_ever(within(seconds(std::numeric_limits<double>::quiet_NaN())));
  late = co_await within(-1s)().nothrow();
  CHECK(late.error() == std::errc::timed_out);
}

TEST(extreme_durations) { test::on_loop(extremes); }
