// What is not eddy's, in a task: callbacks of other libraries, from whatever thread, and their awaitables.
//
//   auto start = [&](eddy::completion<int> done) { other_library(request, [done](int n) { done.set(n); }); };
//   int n = co_await eddy::from_callback<int>(start);
//   int m = co_await eddy::foreign(their_future);
//
// A task that is cancelled, or out of time, goes on at once; what comes later is dropped. So nothing that start has
// passed on may refer to the task's locals.
#ifndef EDDY_BRIDGE_HPP
#define EDDY_BRIDGE_HPP

#include <eddy/conclude.hpp>
#include <eddy/loop.hpp>
#include <eddy/outcome.hpp>

#include <atomic>

namespace EDDY_NS {
namespace detail {

// What a completion and the task that waits for it share. It is posted to the task's loop once it is complete.
template<class T>
class completion_state {
public:
  explicit completion_state(fiber &f) : fiber_(&f), remote_(f.loop->native) { op_.data = this; }
  completion_state(const completion_state &) = delete;
  completion_state &operator=(const completion_state &) = delete;

  static void *operator new(std::size_t size) { return frame_new(size); }
  static void operator delete(void *memory, std::size_t size) noexcept {
    frame_delete(memory, size);
  }

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // The first call counts. False: it was complete already, or its loop has ended. What making the outcome throws is the
  // outcome.
  template<class Make>
  bool complete(Make make) {
    if (completed_.exchange(true, std::memory_order_acq_rel)) return false;
#if EDDY_EXCEPTIONS
    try {
      outcome_.emplace(make());
    } catch (...) {
      outcome_.emplace(failure(std::current_exception()));
    }
#else
    outcome_.emplace(make());
#endif
    retain(); // for the post
    if (eddy_post(remote_.native(), &op_, on_arrival) == EDDY_PENDING) return true;
    release();
    return false;
  }

  // The loop's thread.
  void forget() { fiber_ = nullptr; }
  outcome<T> take() { return std::move(*outcome_); }

private:
  static void on_arrival(eddy_op_t *op, std::int64_t) {
    completion_state &self = *static_cast<completion_state *>(op->data);
    if (self.fiber_) self.fiber_->settle(0);
    self.release();
  }

  fiber *fiber_; // null once nobody waits
  remote remote_;
  eddy_op_t op_{};
  std::optional<outcome<T>> outcome_;
  std::atomic<std::uint32_t> references_{1};
  std::atomic<bool> completed_{false};
};

} // namespace detail

// What ends a from_callback: once, from any thread. Copies are the same; when the last of them goes without having been
// used, the task gets errc::lost.
template<class T>
class completion {
public:
  using state = detail::completion_state<T>;
  explicit completion(state &s) : uses_(new uses{&s, {1}}) { s.retain(); }
  completion(const completion &other) noexcept : uses_(other.uses_) {
    if (uses_) uses_->count.fetch_add(1, std::memory_order_relaxed);
  }
  completion(completion &&other) noexcept : uses_(std::exchange(other.uses_, nullptr)) {}
  completion &operator=(completion other) noexcept {
    std::swap(uses_, other.uses_);
    return *this;
  }
  ~completion() {
    if (!uses_ || uses_->count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    fail(make_error_code(errc::lost));
    uses_->shared->release();
    delete uses_;
  }

  // All of them are false when it was used before, or the loop of the task has ended. What copying or moving the value
  // throws is thrown by the task's await.
  template<class U = T>
  requires(!std::is_void_v<T>) bool set(U &&value) const {
    return uses_->shared->complete([&] { return outcome<T>(T(std::forward<U>(value))); });
  }
  bool set() const requires std::is_void_v<T> {
    return uses_->shared->complete([] { return outcome<T>(); });
  }
  bool fail(std::error_code why) const { return fail(detail::failure(why)); }
  bool fail(errc why) const { return fail(make_error_code(why)); }
#if EDDY_EXCEPTIONS
  bool fail(std::exception_ptr thrown) const { return fail(detail::failure(std::move(thrown))); }
#endif

private:
  struct uses {
    state *shared;
    std::atomic<std::uint32_t> count;
  };
  bool fail(detail::failure why) const {
    return uses_->shared->complete([&] { return outcome<T>(std::move(why)); });
  }

  uses *uses_;
};

namespace detail {

template<class T, class Start, bool Throws>
class callback_awaiter final : public waiter {
public:
  callback_awaiter(fiber &f, Start &start, deadline limit)
      : fiber_(f), start_(start), limit_(limit) {}
  callback_awaiter(const callback_awaiter &) = delete;
  callback_awaiter &operator=(const callback_awaiter &) = delete;
  ~callback_awaiter() { let_go(); }

  bool await_ready() {
    fiber_.result = fiber_.stopping() ? EDDY_ECANCELED : 0;
    return fiber_.result && fiber_.spend();
  }
  void await_suspend(std::coroutine_handle<> h) {
    if (fiber_.result) { // cancelled, and it has come here again and again
      fiber_.waiting = h;
      fiber_.settle(fiber_.result);
      return;
    }
    state_ = new completion_state<T>(fiber_);
    loop_ = fiber_.loop;
    loop_->expect();
    fiber_.wait(*this, h, limit_ ? limit_.at(fiber_.loop->native) : EDDY_NEVER);
#if EDDY_EXCEPTIONS
    try {
      start_(completion<T>(*state_));
    } catch (...) {
      thrown_ = std::current_exception(); // it may have passed the completion on, or not
      leave();
      fiber_.settle(0);
    }
#else
    start_(completion<T>(*state_));
#endif
  }
  auto await_resume() {
    using type = std::conditional_t<Throws, T, result<T>>;
#if EDDY_EXCEPTIONS
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
#endif
    outcome<T> ended =
        fiber_.result < 0 ? outcome<T>(failure(code_of(fiber_.result))) : state_->take();
    if constexpr (Throws) {
#if !EDDY_EXCEPTIONS
      static_assert(!Throws, "without exceptions, await its .nothrow()");
#endif
      return static_cast<type>(std::move(ended).value());
    } else {
      if (!ended) return type(ended.error());
      if constexpr (std::is_void_v<T>)
        return type();
      else
        return type(std::move(*ended));
    }
  }
  void leave() noexcept override {
    if (state_) state_->forget();
  }

private:
  void let_go() {
    if (!state_) return;
    state_->forget();
    loop_->arrived();
    std::exchange(state_, nullptr)->release();
  }

  fiber &fiber_;
  Start &start_;
  deadline limit_;
  completion_state<T> *state_ = nullptr;
  loop_state *loop_ = nullptr;
#if EDDY_EXCEPTIONS
  std::exception_ptr thrown_;
#endif
};

template<class T, class Start, bool Throws>
class [[nodiscard]] callback_op {
public:
  explicit callback_op(Start &start, deadline limit = {}) : start_(&start), limit_(limit) {}

  // errc::timed_out when it takes longer.
  template<class Rep, class Period>
  callback_op within(std::chrono::duration<Rep, Period> d) const {
    return callback_op(*start_, deadline(duration_of(d)));
  }
  callback_op until(time_point at) const { return callback_op(*start_, deadline(at)); }
  callback_op<T, Start, false> nothrow() const {
    return callback_op<T, Start, false>(*start_, limit_);
  }
  callback_awaiter<T, Start, Throws> eddy_await(fiber &f) const {
    return callback_awaiter<T, Start, Throws>(f, *start_, limit_);
  }

private:
  Start *start_;
  deadline limit_;
};

} // namespace detail

// Calls start(completion<T>), which is to pass the completion on, and waits for its use. `start` is named, for it has
// to be there until the await is over.
template<class T, class Start>
detail::callback_op<T, Start, true> from_callback(Start &start) {
  return detail::callback_op<T, Start, true>(start);
}

namespace detail {

// A coroutine that nobody waits for: it awaits what is not ours in its own way.
class relay {
public:
  struct promise_type {
    static void *operator new(std::size_t size) { return frame_new(size); }
    static void operator delete(void *frame, std::size_t size) noexcept {
      frame_delete(frame, size);
    }
    relay get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

template<class A>
decltype(auto) awaiter_of(A &&what) {
  if constexpr (requires { std::forward<A>(what).operator co_await(); })
    return std::forward<A>(what).operator co_await();
  else if constexpr (requires { operator co_await(std::forward<A>(what)); })
    return operator co_await(std::forward<A>(what));
  else
    return std::forward<A>(what);
}
template<class A>
using foreign_value =
    std::decay_t<decltype(std::declval<std::decay_t<decltype(awaiter_of(std::declval<A>()))> &>()
                              .await_resume())>;

template<class T, class A>
relay bring(A what, completion<T> done) {
#if EDDY_EXCEPTIONS
  try {
#endif
    if constexpr (std::is_void_v<T>) {
      co_await std::forward<A>(what);
      done.set();
    } else {
      done.set(co_await std::forward<A>(what));
    }
#if EDDY_EXCEPTIONS
  } catch (...) {
    done.fail(std::current_exception());
  }
#endif
}

} // namespace detail

// Awaits an awaitable of another library, which may be resumed on any thread. One that is named is referred to, and has
// to live until it is done, which may be after the task was cancelled; a temporary is moved.
template<class A>
task<fallible<detail::foreign_value<A>>> foreign(A &&what) {
  using value = detail::foreign_value<A>;
  auto start = [&](completion<value> done) {
    detail::bring<value, A>(std::forward<A>(what), std::move(done));
  };
#if EDDY_EXCEPTIONS
  co_return co_await from_callback<value>(start);
#else
  co_return co_await from_callback<value>(start).nothrow();
#endif
}

} // namespace EDDY_NS

#endif
