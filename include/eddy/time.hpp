// Points in time and durations. The clock is the loop's: monotonic, in nanoseconds.
//
// A duration counts from the start of what it is given to: of an operation, its await; of a task, its first step; of
// a timer or ticker, its making. The clock is read for it there: loop::now() may be older by all that the turn has
// computed. Nothing is early. A negative duration is over at once. One that does not fit, and one that is no number,
// is for ever, as is time_point::max().
#ifndef EDDY_TIME_HPP
#define EDDY_TIME_HPP

#include <eddy/base.h>
#include <eddy/config.hpp>
#include <eddy/loop.h>

#include <chrono>
#include <cstdint>

namespace EDDY_NS {

// The clock of eddy_now: its points come from loop::now().
class clock {
public:
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<clock>;
  static constexpr bool is_steady = true;
};

using time_point = clock::time_point;

namespace detail {

inline eddy_time_t nanoseconds_of(std::chrono::nanoseconds d) {
  if (d == (std::chrono::nanoseconds::max)()) return EDDY_NEVER;
  return d.count() < 0 ? 0 : static_cast<eddy_time_t>(d.count());
}

inline eddy_time_t native_of(time_point at) { return nanoseconds_of(at.time_since_epoch()); }

inline time_point point_of(eddy_time_t at) {
  if (at >= INT64_MAX) return (time_point::max)();
  return time_point(std::chrono::nanoseconds(static_cast<std::int64_t>(at)));
}

inline eddy_time_t later(eddy_time_t at, eddy_time_t by) {
  return by < EDDY_NEVER - at ? at + by : EDDY_NEVER;
}

// Rounded up, so that nothing is early.
template<class Rep, class Period>
std::chrono::nanoseconds duration_of(std::chrono::duration<Rep, Period> d) {
  constexpr double most = 9e9; // a little less than what fits
  double seconds = std::chrono::duration_cast<std::chrono::duration<double>>(d).count();
  if (seconds < -most) return (std::chrono::nanoseconds::min)();
  if (!(seconds <= most)) return (std::chrono::nanoseconds::max)();
  return std::chrono::ceil<std::chrono::nanoseconds>(d);
}

// The time `d` from now on.
inline eddy_time_t after(eddy_loop_t *loop, std::chrono::nanoseconds d) {
  eddy_time_t by = nanoseconds_of(d);
  return by == EDDY_NEVER ? EDDY_NEVER : later(eddy_update_now(loop), by);
}

// None, a point in time, or a time from the start of the operation on.
class deadline {
public:
  deadline() = default;
  explicit deadline(time_point at) : value_(native_of(at)) {}
  explicit deadline(std::chrono::nanoseconds d) : value_(nanoseconds_of(d) | kRelative) {}

  explicit operator bool() const { return value_ != EDDY_NEVER; }
  eddy_time_t at(eddy_loop_t *loop) const {
    if (!*this || !(value_ & kRelative)) return value_;
    return later(eddy_update_now(loop), value_ & ~kRelative);
  }

private:
  // Free in both: neither a point nor a duration is above INT64_MAX.
  static constexpr eddy_time_t kRelative = eddy_time_t{1} << 63;
  eddy_time_t value_ = EDDY_NEVER;
};

} // namespace detail
} // namespace EDDY_NS

#endif
