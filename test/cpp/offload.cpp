// <eddy/offload.hpp>: computations on threads.
#include "net.hpp"

#include <atomic>
#include <numeric>
#include <thread>

static eddy::task<> offloads(eddy::loop &) {
  std::thread::id here = std::this_thread::get_id();
  auto where = [] { return std::this_thread::get_id(); };
  std::thread::id there = co_await eddy::offload(where);
  CHECK(there != here && std::this_thread::get_id() == here);
  auto text = [] { return std::string(100, 'x'); };
  std::string got = co_await eddy::offload(text);
  CHECK(got.size() == 100);
  bool ran = false;
  auto nothing = [&ran] { ran = true; };
  co_await eddy::offload(nothing);
  CHECK(ran);
  auto fails = [] { throw std::runtime_error("on purpose"); };
  CHECK_THROWS(std::runtime_error, co_await eddy::offload(fails));
}

TEST(values_and_exceptions) { test::on_loop(offloads); }

static eddy::task<int> until_stopped(std::atomic<bool> &started) {
  auto spins = [&started](eddy::work_token token) {
    started = true;
    while (!token.stop_requested()) std::this_thread::yield();
    return 1;
  };
  int n = co_await eddy::offload(spins);
  co_return n;
}

static eddy::task<> begun(std::atomic<bool> &started) {
  while (!started) co_await eddy::sleep_for(100us);
}

static eddy::task<> stops(eddy::loop &) {
  std::atomic<bool> started = false;
  auto first = co_await eddy::when_any(until_stopped(started), begun(started));
  CHECK(first.first == 1); // and the function has seen its token, or we would not be here
}

TEST(a_running_function_sees_the_cancel) { test::on_loop(stops); }

static eddy::task<> sums(eddy::loop &) {
  std::vector<int> numbers(100'003);
  std::iota(numbers.begin(), numbers.end(), 0);
  constexpr std::int64_t all_of_them = INT64_C(100'002) * 100'003 / 2;
  std::atomic<std::int64_t> sum = 0;
  std::atomic<std::size_t> longest = 0;
  auto body = [&](std::size_t from, std::size_t to) {
    std::int64_t part = 0;
    for (std::size_t i = from; i < to; i++) part += numbers[i];
    sum += part;
    std::size_t seen = longest;
    while (to - from > seen && !longest.compare_exchange_weak(seen, to - from)) {
    }
  };
  co_await eddy::parallel_for(0, numbers.size(), 1000, body);
  CHECK(sum == all_of_them && longest == 1000);
  co_await eddy::parallel_for(5, 5, 10, body);
  co_await eddy::parallel_for(9, 5, 10, body); // nothing to do
  CHECK(sum == all_of_them);
}

TEST(parallel_for) { test::on_loop(sums); }

static eddy::task<> stops_early(eddy::loop &) {
  std::atomic<int> pieces = 0;
  auto fails = [&](std::size_t from, std::size_t) {
    pieces++;
    if (from == 0) throw std::runtime_error("on purpose");
    test::pause(100us);
  };
  CHECK_THROWS(std::runtime_error, co_await eddy::parallel_for(0, 1'000'000, 1, fails));
  CHECK(pieces < 1'000'000);

  std::atomic<int> more = 0;
  auto slow = [&](std::size_t, std::size_t) {
    more++;
    test::pause(1ms);
  };
  auto late =
      co_await eddy::with_timeout(eddy::parallel_for(0, 1'000'000, 1, slow), 20ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  int then = more;
  test::pause(5ms);
  CHECK(more == then && then < 1'000'000);
}

TEST(failures_and_cancellation_end_it_early) { test::on_loop(stops_early); }

static eddy::task<> shares_the_loop(eddy::loop &) {
  int ticks = 0;
  auto slow = [] { test::pause(20ms); };
  auto counts = [&]() -> eddy::task<> {
    for (;;) {
      co_await eddy::sleep_for(1ms);
      ticks++;
    }
  };
  auto ended = co_await eddy::when_any(eddy::offload(slow), counts());
  CHECK(ended.first == 0 && std::get<0>(ended.outcomes));
  CHECK(ticks > 0);
}

TEST(the_loop_goes_on_meanwhile) { test::on_loop(shares_the_loop); }
