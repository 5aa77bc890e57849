// async_generator<T>: a coroutine that yields values and may await between them.
//
//   eddy::async_generator<int> count(int n) {
//     for (int i = 0; i < n; i++) {
//       co_await eddy::sleep_for(1s);
//       co_yield i;
//     }
//   }
//   auto numbers = count(3);
//   for (;;) {
//     auto n = co_await numbers.next();   // std::optional<int>
//     if (!n) break;
//   }
//
// It runs as part of the task that asks. It may be destroyed wherever it yielded.
#ifndef EDDY_GENERATOR_HPP
#define EDDY_GENERATOR_HPP

#include <eddy/task.hpp>

namespace EDDY_NS {

template<class T>
class async_generator;

namespace detail {

template<class T>
class generator_promise : public promise_base {
public:
  ~generator_promise() {
    if (running_) misuse("a generator was destroyed while it is running");
  }

  async_generator<T> get_return_object();
  // Passes a value to the task that asked, and waits to be asked again.
  class yield_awaiter {
  public:
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<generator_promise> h) const noexcept {
      h.promise().pause();
    }
    void await_resume() const noexcept {}
  };
  template<class U = T>
  yield_awaiter yield_value(U &&value) {
    value_.emplace(std::forward<U>(value));
    return {};
  }
  yield_awaiter final_suspend() noexcept {
    finished_ = true;
    return {};
  }
  void return_void() const noexcept {}
#if EDDY_EXCEPTIONS
  void unhandled_exception() noexcept { failure_ = std::current_exception(); }
#else
  void unhandled_exception() noexcept {}
#endif

  void ask(fiber &f, std::coroutine_handle<> asker) {
    if (running_) misuse("a generator was asked twice at a time");
    running_ = true;
    begin(f, asker);
  }
  void pause() noexcept {
    running_ = false;
    fiber_->next = parent_;
  }
  bool finished() const { return finished_; }
  std::optional<T> take() {
#if EDDY_EXCEPTIONS
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
#endif
    std::optional<T> value = std::move(value_);
    value_.reset();
    return value;
  }

private:
#if EDDY_EXCEPTIONS
  std::exception_ptr failure_;
#endif
  std::optional<T> value_;
  bool running_ = false, finished_ = false;
};

} // namespace detail

template<class T>
class [[nodiscard]] async_generator {
public:
  using promise_type = detail::generator_promise<T>;

  explicit async_generator(std::coroutine_handle<promise_type> h) : frame_(h) {}

  class next_op {
  public:
    class awaiter {
    public:
      awaiter(detail::fiber &f, std::coroutine_handle<promise_type> h) : fiber_(f), handle_(h) {}
      bool await_ready() const noexcept { return handle_.promise().finished(); }
      void await_suspend(std::coroutine_handle<> h) {
        handle_.promise().ask(fiber_, h);
        fiber_.next = handle_;
      }
      std::optional<T> await_resume() { return handle_.promise().take(); }

    private:
      detail::fiber &fiber_;
      std::coroutine_handle<promise_type> handle_;
    };

    explicit next_op(std::coroutine_handle<promise_type> h) : handle_(h) {}
    awaiter eddy_await(detail::fiber &f) const { return awaiter(f, handle_); }

  private:
    std::coroutine_handle<promise_type> handle_;
  };

  // The next value, or nothing at its end; what it throws.
  next_op next() {
    if (!frame_) detail::misuse("a generator was asked after it was moved away");
    return next_op(frame_.get());
  }

private:
  detail::owned_frame<promise_type> frame_;
};

namespace detail {

template<class T>
async_generator<T> generator_promise<T>::get_return_object() {
  return async_generator<T>(std::coroutine_handle<generator_promise>::from_promise(*this));
}

} // namespace detail
} // namespace EDDY_NS

#endif
