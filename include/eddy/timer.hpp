// Time: sleeping, timers that others move, and periodic ticks.
#ifndef EDDY_TIMER_HPP
#define EDDY_TIMER_HPP

#include <eddy/io.hpp>
#include <eddy/loop.hpp>
#include <eddy/timer.h>

namespace EDDY_NS {
namespace detail {

inline int sleep_after(eddy_loop_t *loop, eddy_op_t *op, deadline at, eddy_cb cb) {
  return eddy_sleep(loop, op, at.at(loop), cb);
}
using sleep_call = call<&sleep_after, nothing, deadline>;

} // namespace detail

// Waits that long from its await on, never less.
template<class Rep, class Period>
io<detail::sleep_call> sleep_for(std::chrono::duration<Rep, Period> d) {
  return io(detail::sleep_call({}, detail::deadline(detail::duration_of(d))));
}
template<class Rep, class Period>
io<detail::sleep_call> sleep_for(loop &l, std::chrono::duration<Rep, Period> d) {
  detail::handle_ref<eddy_loop_t> on(l.get());
  return io(detail::sleep_call(on, detail::deadline(detail::duration_of(d))));
}
inline io<detail::sleep_call> sleep_until(time_point at) {
  return io(detail::sleep_call({}, detail::deadline(at)));
}

// Lets all others run that can.
inline auto yield() { return io(detail::call<&eddy_yield, detail::nothing>({})); }

// A point in time to wait for, which other tasks can move while somebody waits: an idle time-out, moved
// with each message. One waits at a time.
class timer {
public:
  explicit timer(time_point at) : at_(detail::native_of(at)) {}
  template<class Rep, class Period>
  timer(loop &l, std::chrono::duration<Rep, Period> d)
      : at_(detail::after(l.get(), detail::duration_of(d))) {}
  timer(const timer &) = delete;
  timer &operator=(const timer &) = delete;
  ~timer() {
    if (waiting_ && !detail::left_by_fork)
      detail::misuse("a timer was destroyed while a task waits for it");
  }

  time_point at() const { return detail::point_of(at_); }
  // Moves it. O(1), be it earlier or later.
  void set(time_point at) {
    at_ = detail::native_of(at);
    if (waiting_) eddy_rearm(waiting_, at_);
  }

  // Waits until it has come.
  auto wait() { return io(detail::call<&timer::begin, waited, timer *>({}, this)); }

private:
  static int begin(eddy_loop_t *loop, eddy_op_t *op, timer *self, eddy_cb cb) {
    if (self->waiting_) detail::misuse("two tasks wait for one timer");
    self->waiting_ = op;
    return eddy_sleep(loop, op, self->at_, cb);
  }
  struct waited : detail::nothing {
    static void ended(const eddy_op_t *op, timer *self) {
      if (self->waiting_ == op) self->waiting_ = nullptr;
    }
  };

  eddy_time_t at_;
  eddy_op_t *waiting_ = nullptr;
};

// What a ticker does for a task that comes late, after more than one period: as eddy_tick.
enum class late_ticks { burst, skip, delay };

// A period: next() waits for the next tick, and gives how many periods it stands for.
class ticker {
public:
  // The first tick comes after one period.
  template<class Rep, class Period>
  ticker(loop &l, std::chrono::duration<Rep, Period> period, late_ticks late = late_ticks::skip)
      : ticker(detail::after(l.get(), detail::duration_of(period)), detail::duration_of(period),
               late) {}
  template<class Rep, class Period>
  ticker(time_point first, std::chrono::duration<Rep, Period> period,
         late_ticks late = late_ticks::skip)
      : ticker(detail::native_of(first), detail::duration_of(period), late) {}

  auto next() { return io(detail::call<&ticker::begin, ticked, ticker *>({}, this)); }

private:
  ticker(eddy_time_t first, std::chrono::nanoseconds period, late_ticks late)
      : due_(first), period_(detail::nanoseconds_of(period)), late_(late) {
    if (!period_) detail::misuse("the period of a ticker is not above zero");
  }
  static int begin(eddy_loop_t *loop, eddy_op_t *op, ticker *self, eddy_cb cb) {
    self->loop_ = loop;
    return eddy_sleep(loop, op, self->due_, cb);
  }
  struct ticked {
    static constexpr bool kCancellable = true;
    static std::uint64_t value(eddy_op_t *, std::int64_t, ticker *self) { return self->advance(); }
  };
  std::uint64_t advance() {
    std::uint64_t more = 0; // periods that have passed beside the one
    if (late_ == late_ticks::skip) {
      eddy_time_t now = eddy_now(loop_);
      if (now > due_) more = (now - due_) / period_;
    }
    eddy_time_t from = late_ == late_ticks::delay ? eddy_update_now(loop_) : due_ + period_ * more;
    due_ = detail::later(from, period_);
    return more + 1;
  }

  eddy_time_t due_, period_;
  late_ticks late_;
  eddy_loop_t *loop_ = nullptr;
};

} // namespace EDDY_NS

#endif
