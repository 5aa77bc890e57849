// Time: sleeping, timers that others move, and periodic ticks.
#ifndef EDDY_TIMER_HPP
#define EDDY_TIMER_HPP

#include <eddy/io.hpp>
#include <eddy/loop.hpp>
#include <eddy/timer.h>

namespace eddy {
namespace detail {

class sleep_start {
public:
  static constexpr bool kCancellable = true;
  sleep_start(eddy_loop_t *loop, deadline at) : loop_(loop), at_(at) {}
  eddy_loop_t *loop() const { return loop_; }
  int operator()(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) const {
    return eddy_sleep(loop, op, at_ ? at_.at(loop) : EDDY_NEVER, cb);
  }
  void finish(eddy_op_t *, std::int64_t) const {}

private:
  eddy_loop_t *loop_;
  deadline at_;
};

class yield_start {
public:
  static constexpr bool kCancellable = true;
  eddy_loop_t *loop() const { return nullptr; }
  int operator()(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) const {
    return eddy_yield(loop, op, cb);
  }
  void finish(eddy_op_t *, std::int64_t) const {}
};

} // namespace detail

// Waits that long, never less.
template<class Rep, class Period>
io<detail::sleep_start> sleep_for(std::chrono::duration<Rep, Period> d) {
  return io(detail::sleep_start(nullptr, detail::deadline(detail::duration_of(d))));
}
template<class Rep, class Period>
io<detail::sleep_start> sleep_for(loop &l, std::chrono::duration<Rep, Period> d) {
  return io(detail::sleep_start(l.get(), detail::deadline(detail::duration_of(d))));
}
inline io<detail::sleep_start> sleep_until(time_point at) {
  return io(detail::sleep_start(nullptr, detail::deadline(at)));
}

// Lets all others run that can.
inline io<detail::yield_start> yield() { return io(detail::yield_start()); }

// A point in time to wait for, which other tasks can move while somebody waits: an idle time-out, moved
// with each message. One waits at a time.
class timer {
public:
  explicit timer(time_point at) : at_(detail::native_of(at)) {}
  timer(loop &l, std::chrono::nanoseconds d) : at_(detail::native_of(l.now() + d)) {}
  timer(const timer &) = delete;
  timer &operator=(const timer &) = delete;

  time_point at() const { return detail::point_of(at_); }
  // Moves it. O(1), be it earlier or later.
  void set(time_point at) {
    at_ = detail::native_of(at);
    if (waiting_) eddy_rearm(waiting_, at_);
  }

private:
  class start {
  public:
    static constexpr bool kCancellable = true;
    explicit start(timer &t) : timer_(&t) {}
    eddy_loop_t *loop() const { return nullptr; }
    int operator()(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) const {
      if (timer_->waiting_) detail::misuse("two tasks wait for one timer");
      timer_->waiting_ = op;
      return eddy_sleep(loop, op, timer_->at_, cb);
    }
    void finish(eddy_op_t *, std::int64_t) const {}
    void ended(const eddy_op_t *op) const {
      if (timer_->waiting_ == op) timer_->waiting_ = nullptr;
    }

  private:
    timer *timer_;
  };

public:
  // Waits until it has come.
  io<start> wait() { return io(start(*this)); }

private:
  eddy_time_t at_;
  eddy_op_t *waiting_ = nullptr;
};

// What a ticker does for a task that comes late, after more than one period: as eddy_tick.
enum class late_ticks { burst, skip, delay };

// A period: next() waits for the next tick, and gives how many periods it stands for.
class ticker {
public:
  ticker(loop &l, std::chrono::nanoseconds period, late_ticks late = late_ticks::skip)
      : ticker(l.now() + period, period, late) {}
  ticker(time_point first, std::chrono::nanoseconds period, late_ticks late = late_ticks::skip)
      : due_(first), period_(period), late_(late) {
    if (period.count() <= 0) detail::misuse("the period of a ticker is not above zero");
  }

private:
  class start {
  public:
    static constexpr bool kCancellable = true;
    explicit start(ticker &t) : ticker_(&t) {}
    eddy_loop_t *loop() const { return nullptr; }
    int operator()(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) const {
      ticker_->loop_ = loop;
      return eddy_sleep(loop, op, detail::native_of(ticker_->due_), cb);
    }
    std::uint64_t finish(eddy_op_t *, std::int64_t) const { return ticker_->advance(); }

  private:
    ticker *ticker_;
  };

public:
  io<start> next() { return io(start(*this)); }

private:
  std::uint64_t advance() {
    time_point now = detail::point_of(eddy_now(loop_));
    std::int64_t periods = 1;
    if (late_ == late_ticks::skip && now > due_) periods += (now - due_) / period_;
    due_ = (late_ == late_ticks::delay ? now : due_) + period_ * periods;
    return static_cast<std::uint64_t>(periods);
  }

  time_point due_;
  std::chrono::nanoseconds period_;
  late_ticks late_;
  eddy_loop_t *loop_ = nullptr;
};

} // namespace eddy

#endif
