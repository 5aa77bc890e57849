// <eddy/time.hpp>: points and spans of the loop's clock.
#include "net.hpp"

#include <cmath>
#include <limits>

using eddy::detail::deadline;
using eddy::detail::duration_of;

TEST(durations_are_rounded_up_and_saturate) {
  using picoseconds = std::chrono::duration<std::int64_t, std::pico>;
  CHECK(duration_of(picoseconds(1)) == 1ns);
  CHECK(duration_of(std::chrono::duration<double>(0.5e-9)) == 1ns);
  CHECK(duration_of(3ms) == 3'000'000ns);
  CHECK(duration_of(std::chrono::hours::max()) == std::chrono::nanoseconds::max());
  CHECK(duration_of(std::chrono::duration<double>(1e300)) == std::chrono::nanoseconds::max());
  CHECK(duration_of(-1s) == -1s);
  using seconds = std::chrono::duration<double>;
  double infinite = std::numeric_limits<double>::infinity();
  CHECK(duration_of(seconds(infinite)) == std::chrono::nanoseconds::max());
  CHECK(duration_of(seconds(std::nan(""))) == std::chrono::nanoseconds::max());
  CHECK(duration_of(seconds(-infinite)) < 0ns && duration_of(seconds(-1e300)) < 0ns);
  CHECK(duration_of(std::chrono::hours::min()) < 0ns);
  CHECK(duration_of(std::chrono::duration<float>(0.5F)) == 500ms);
}

TEST(points_saturate) {
  using eddy::detail::native_of, eddy::detail::point_of, eddy::detail::later;
  CHECK(point_of(7) == eddy::time_point(7ns));
  CHECK(point_of(EDDY_NEVER) == eddy::time_point::max());
  CHECK(point_of(eddy_time_t{1} << 63) == eddy::time_point::max()); // not the distant past
  CHECK(native_of(eddy::time_point::max()) == EDDY_NEVER);
  CHECK(native_of(eddy::time_point::min()) == 0);
  CHECK(native_of(point_of(INT64_MAX - 1)) == INT64_MAX - 1);
  CHECK(later(5, EDDY_NEVER) == EDDY_NEVER && later(5, EDDY_NEVER - 5) == EDDY_NEVER);
  CHECK(later(5, EDDY_NEVER - 6) == EDDY_NEVER - 1);
}

TEST(deadlines_are_points_or_spans) {
  eddy::loop l;
  CHECK(!deadline());
  CHECK(deadline(0ns) && deadline(l.now()));
  CHECK(deadline(-5ns).at(l.get()) == eddy_now(l.get()));
  CHECK(deadline(7ns).at(l.get()) == eddy_now(l.get()) + 7);
  CHECK(deadline(l.now() + 7ns).at(l.get()) == eddy_now(l.get()) + 7);
  CHECK(deadline(eddy::time_point()).at(l.get()) == 0);
  CHECK(!deadline(std::chrono::nanoseconds::max()) && !deadline(eddy::time_point::max()));
  CHECK(deadline().at(l.get()) == EDDY_NEVER);
  eddy_time_t far = deadline(std::chrono::nanoseconds::max() - 1ns).at(l.get());
  CHECK(far == eddy_now(l.get()) + static_cast<eddy_time_t>(INT64_MAX - 1));
  CHECK(deadline(eddy::time_point(std::chrono::nanoseconds::max() - 1ns)).at(l.get()) ==
        INT64_MAX - 1);
}

// From the clock as it is, not as the turn found it.
TEST(spans_count_from_now) {
  eddy::loop l;
  eddy::time_point begin = l.update_now();
  test::compute(5ms);
  CHECK(deadline(1ms).at(l.get()) >= eddy::detail::native_of(begin + 6ms));
  test::compute(5ms);
  CHECK(eddy::detail::after(l.get(), 1ms) >= eddy::detail::native_of(begin + 11ms));
}

static eddy::task<> passes(eddy::loop &l) {
  static_assert(eddy::clock::is_steady);
  eddy::time_point begin = l.update_now();
  co_await eddy::sleep_until(begin + 2ms);
  CHECK(l.now() >= begin + 2ms);
  // What is too far away to be counted is for ever, not long past.
  auto never = co_await eddy::sleep_for(std::chrono::hours::max()).within(1ms).nothrow();
  CHECK(never.error() == std::errc::timed_out);
  auto far = co_await eddy::sleep_until(eddy::time_point::max()).within(1ms).nothrow();
  CHECK(far.error() == std::errc::timed_out);
  auto past = co_await eddy::sleep_until(eddy::time_point::min()).nothrow();
  CHECK(past);
}

TEST(the_clock_of_the_loop) { test::on_loop(passes); }

// A time-out that passes while the turn computes: what has arrived meanwhile comes first.
template<class Read>
static eddy::task<> behind_work(eddy::loop &l, Read read) {
  auto both = co_await test::connected(l);
  bool got = false;
  auto reader = [&]() -> eddy::task<> { got = co_await read(both.two); };
  auto body = [&](eddy::scope &readers) -> eddy::task<> {
    readers.spawn(reader);
    co_await eddy::yield(); // it waits
    co_await both.one.write("x");
    test::compute(20ms);
  };
  eddy::scope readers;
  co_await readers.run(body, std::ref(readers));
  CHECK(got);
}

static eddy::task<> all_behind_work(eddy::loop &l) {
  std::array<char, 8> bytes;
  eddy::pool pool(l, 4, 64);
  auto reads = [&](eddy::stream &s) -> eddy::task<bool> {
    co_return (co_await s.read(bytes).within(5ms).nothrow()).has_value();
  };
  auto waits = [&](eddy::stream &s) -> eddy::task<bool> {
    co_return (co_await s.wait(EDDY_READABLE).within(5ms).nothrow()).has_value();
  };
  auto chunks = [&](eddy::stream &s) -> eddy::task<bool> {
    auto in = s.chunks(pool);
    co_return (co_await in.next().within(5ms).nothrow()).has_value();
  };
  auto reads_in_a_task = [&](eddy::stream &s) -> eddy::task<bool> {
    auto n = co_await eddy::with_timeout(eddy::read_exactly(s, std::span(bytes).first(1)), 5ms)
                 .nothrow();
    co_return n.has_value();
  };
  auto selects = [&](eddy::stream &s) -> eddy::task<bool> {
    co_return (co_await eddy::select(s.wait(EDDY_READABLE)).within(5ms).nothrow()).has_value();
  };
  co_await behind_work(l, reads);
  co_await behind_work(l, waits);
  co_await behind_work(l, chunks);
  co_await behind_work(l, reads_in_a_task);
  co_await behind_work(l, selects);
}

TEST(what_came_during_work_is_in_time) { test::on_loop(all_behind_work); }
