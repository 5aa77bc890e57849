// Control of a task over time and place: with_timeout, shield, stop requests from other threads, and
// moving to another loop.
#ifndef EDDY_CONTROL_HPP
#define EDDY_CONTROL_HPP

#include <eddy/conclude.hpp>
#include <eddy/stop_bridge.hpp>
#include <eddy/timer.hpp>
#include <eddy/when.hpp>

namespace EDDY_NS {
namespace detail {

// A time-out of a group: stops it when it is due.
class alarm {
public:
  alarm(group &g, fiber &owner) : group_(g), owner_(owner) { op_.data = this; }
  alarm(const alarm &) = delete;
  alarm &operator=(const alarm &) = delete;

  void set(eddy_time_t at) {
    if (at == EDDY_NEVER) return;
    time_out(owner_.loop->native, op_, at, [](eddy_op_t *op, std::int64_t value) {
      alarm &self = *static_cast<alarm *>(op->data);
      self.fired_ = value == EDDY_ETIMEDOUT && self.group_.pending() > 0;
      if (self.fired_) self.group_.stop.request();
      if (self.joined_) self.owner_.resume();
    });
  }
  bool fired() const { return fired_; }

  // Ends the alarm; the op has to be back before the frame can go.
  class end {
  public:
    explicit end(alarm &a) : alarm_(a) {}
    bool await_ready() const noexcept { return !eddy_op_pending(&alarm_.op_); }
    void await_suspend(std::coroutine_handle<> h) {
      alarm_.owner_.waiting = h;
      alarm_.joined_ = true;
      eddy_cancel(&alarm_.op_);
    }
    void await_resume() const noexcept {}
    end eddy_await(fiber &) const { return *this; }

  private:
    alarm &alarm_;
  };

private:
  group &group_;
  fiber &owner_;
  eddy_op_t op_{};
  bool fired_ = false, joined_ = false;
};

template<class T>
void ignore_end(group &, child<T> &) {}

class hop_to {
public:
  hop_to(fiber &f, loop_state &to) : fiber_(f), to_(to) {}
  bool await_ready() const noexcept {
    fiber_.result = 0;
    return fiber_.loop == &to_;
  }
  // Once posted, the fiber may run on the other thread before this returns: nothing of it, and nothing of
  // the coroutine's frame, is touched after that.
#if defined(__GNUC__)
  [[gnu::noinline]]
#endif
  bool
  await_suspend(std::coroutine_handle<> h) noexcept {
    fiber &f = fiber_;
    loop_state *from = f.loop;
    bool leaving = from == f.home, *left = f.left;
    remote other(to_.native);
    f.waiting = h;
    f.loop = &to_;
    if (leaving) f.leave_home();
    *left = true;
    if (eddy_post(other.native(), &f.op, on_arrival) == EDDY_PENDING) return true;
    *left = false;
    f.loop = from;
    if (leaving) f.come_home();
    f.result = EDDY_ECLOSED;
    return false;
  }
  std::int64_t await_resume() const noexcept { return fiber_.result; }

private:
  static void on_arrival(eddy_op_t *op, std::int64_t value) {
    fiber &f = *static_cast<fiber *>(op->data);
    if (f.loop == f.home) f.come_home();
    fiber::on_done(op, value);
  }

  fiber &fiber_;
  loop_state &to_;
};

template<bool Throws>
class hop_awaiter : public hop_to {
public:
  using hop_to::hop_to;
  auto await_resume() const {
    return conclude<Throws>(hop_to::await_resume(), [] {});
  }
};

template<bool Throws>
class [[nodiscard]] hop_op {
public:
  explicit hop_op(loop_state &to) : to_(to) {}
  hop_op<false> nothrow() const { return hop_op<false>(to_); }
  hop_awaiter<Throws> eddy_await(fiber &f) const { return hop_awaiter<Throws>(f, to_); }

private:
  loop_state &to_;
};

class stop_query {
public:
  class awaiter {
  public:
    explicit awaiter(bool stopping) : stopping_(stopping) {}
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    bool await_resume() const noexcept { return stopping_; }

  private:
    bool stopping_;
  };
  awaiter eddy_await(fiber &f) const { return awaiter(f.stopping()); }
};

class loop_query {
public:
  class awaiter {
  public:
    explicit awaiter(loop_state &l) : loop_(l) {}
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    loop &await_resume() const noexcept { return loop::from(loop_); }

  private:
    loop_state &loop_;
  };
  awaiter eddy_await(fiber &f) const { return awaiter(*f.loop); }
};

} // namespace detail

// Cancels the task `d` after its start and, when it has ended because of that, throws errc::timed_out (a
// task<result<T>> gives it). A task that ends with a value all the same has its value. For a single
// operation .within(d) is cheaper.
template<class T, class Rep, class Period>
task<T> with_timeout(task<T> work, std::chrono::duration<Rep, Period> d) {
  detail::fiber &self = co_await detail::this_fiber();
  detail::group one(self);
  detail::child<T> child(std::move(work));
  detail::alarm alarm(one, self);
  eddy_time_t at = detail::after(self.loop->native, detail::duration_of(d));
  child.start(one, self, detail::ignore_end);
  if (one.pending()) alarm.set(at);
  co_await one.join();
  co_await detail::alarm::end(alarm);
  bool late = alarm.fired() && !self.stopping();
#if EDDY_EXCEPTIONS
  if (late && child.why().is_canceled()) detail::raise(EDDY_ETIMEDOUT);
#endif
  if constexpr (detail::is_result<T>) {
    T value = child.take();
    if (late && value.is_canceled()) value = T(errc::timed_out);
    co_return value;
  } else {
    co_return child.take();
  }
}

// Runs the task to its end, deaf to cancellation: for clean-up that has to await something. Give it a
// time-out.
template<class T>
task<T> shield(task<T> work) {
  detail::fiber &self = co_await detail::this_fiber();
  detail::heed_again guard(self);
  co_return co_await std::move(work);
}

#if EDDY_STOP_TOKEN
// Runs the task, and cancels it when a stop is requested, from whatever thread.
template<class T>
task<T> with_stop(std::stop_token token, task<T> work) {
  detail::fiber &self = co_await detail::this_fiber();
  detail::group one(self);
  detail::child<T> child(std::move(work));
  detail::stop_bridge bridge(one, self, token);
  child.start(one, self, detail::ignore_end);
  co_await one.join();
  co_await detail::stop_bridge::end(bridge);
  co_return child.take();
}
#endif

// Whether the task that asks has been cancelled: for long computations.
inline detail::stop_query stop_requested() { return {}; }

// The loop of the task that asks.
inline detail::loop_query this_loop() { return {}; }

// Goes on on another loop, on its thread; that loop has to run, and to live. Handles belong to their
// loops and stay behind. A task is deaf to cancellation while it is away from the loop on which its
// scope (or when_all, or run) started it, and has to be back there before it ends.
inline detail::hop_op<true> hop(loop &to) { return detail::hop_op<true>(to.state()); }

} // namespace EDDY_NS

#endif
