// <eddy/time.hpp>: points and spans of the loop's clock.
#include "net.hpp"

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
}

TEST(deadlines_are_points_or_spans) {
  eddy::loop l;
  CHECK(!deadline());
  CHECK(deadline(0ns) && deadline(l.now()));
  CHECK(deadline(-5ns).at(l.get()) == eddy_now(l.get()));
  CHECK(deadline(7ns).at(l.get()) == eddy_now(l.get()) + 7);
  CHECK(deadline(l.now() + 7ns).at(l.get()) == eddy_now(l.get()) + 7);
  CHECK(deadline(std::chrono::nanoseconds::max()).at(l.get()) > eddy_now(l.get()));
  CHECK(deadline(eddy::time_point()).at(l.get()) == 0);
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
