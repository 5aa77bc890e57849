// Points in time and durations. The clock is the loop's: monotonic, in nanoseconds.
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
  return d.count() < 0 ? 0 : static_cast<eddy_time_t>(d.count());
}

inline eddy_time_t native_of(time_point at) { return nanoseconds_of(at.time_since_epoch()); }

inline time_point point_of(eddy_time_t at) {
  return time_point(std::chrono::nanoseconds(static_cast<std::int64_t>(at & INT64_MAX)));
}

// Rounded up, so that nothing is early; what does not fit is for ever.
template<class Rep, class Period>
std::chrono::nanoseconds duration_of(std::chrono::duration<Rep, Period> d) {
  using seconds = std::chrono::duration<double>;
  if (std::chrono::duration_cast<seconds>(d).count() > 9e9)
    return (std::chrono::nanoseconds::max)();
  return std::chrono::ceil<std::chrono::nanoseconds>(d);
}

// None, a point in time, or a time from the start of the operation on.
class deadline {
public:
  deadline() = default;
  explicit deadline(time_point at) : value_(native_of(at)) {}
  explicit deadline(std::chrono::nanoseconds after) : value_(nanoseconds_of(after) | kRelative) {}

  explicit operator bool() const { return value_ != EDDY_NEVER; }
  eddy_time_t at(const eddy_loop_t *loop) const {
    return value_ & kRelative ? eddy_now(loop) + (value_ & ~kRelative) : value_;
  }

private:
  static constexpr eddy_time_t kRelative = eddy_time_t{1} << 63;
  eddy_time_t value_ = EDDY_NEVER;
};

} // namespace detail
} // namespace EDDY_NS

#endif
