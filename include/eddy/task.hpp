// task<T>: a coroutine that begins when it is awaited, and is awaited once.
//
//   eddy::task<int> answer() { co_await eddy::sleep_for(1s); co_return 42; }
//   int n = co_await answer();
//
// It runs on the loop of whoever awaits it, and ends when they are cancelled: its awaits then throw
// eddy::canceled. What it throws, the await throws.
#ifndef EDDY_TASK_HPP
#define EDDY_TASK_HPP

#include <eddy/fiber.hpp>
#include <eddy/frame.hpp>
#include <eddy/result.hpp>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace EDDY_NS {

template<class T>
class task;

namespace detail {

template<class A>
concept awaitable = requires(A &&a, fiber &f) {
  std::forward<A>(a).eddy_await(f);
};

class promise_base {
public:
  promise_base() = default;
  promise_base(const promise_base &) = delete;
  promise_base &operator=(const promise_base &) = delete;

  static void *operator new(std::size_t size) { return frame_new(size); }
  static void operator delete(void *frame, std::size_t size) noexcept { frame_delete(frame, size); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  template<class A>
  decltype(auto) await_transform(A &&a) {
    static_assert(awaitable<A>,
                  "a task awaits operations, tasks and primitives of eddy; awaitables of others as "
                  "eddy::foreign(x); a task that has a name is awaited as std::move(name)");
    return std::forward<A>(a).eddy_await(*fiber_);
  }

  void begin(fiber &f, std::coroutine_handle<> parent) {
    fiber_ = &f;
    parent_ = parent;
  }
  fiber &where() const { return *fiber_; }
  // Next in the fiber is whoever awaits this, or nobody: then it ends.
  void leave() const noexcept {
    fiber_->next = parent_;
    fiber_->ended = !parent_;
  }

protected:
  fiber *fiber_ = nullptr;
  std::coroutine_handle<> parent_;
};

class final_awaiter {
public:
  bool await_ready() const noexcept { return false; }
  template<class Promise>
  void await_suspend(std::coroutine_handle<Promise> h) const noexcept {
    h.promise().leave();
  }
  void await_resume() const noexcept {}
};

// What a task leaves behind: a value or an exception.
template<class T>
class returned {
public:
  template<class U>
  void set(U &&value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() { return std::move(*value_); }

private:
  std::optional<T> value_;
};

template<class T>
class returned<T &> {
public:
  void set(T &value) { value_ = &value; }
  T &take() { return *value_; }

private:
  T *value_ = nullptr;
};

template<>
class returned<void> {
public:
  void take() {}
};

template<class T>
class task_promise_base : public promise_base {
public:
  ~task_promise_base() {
    if (fiber_ && !finished_ && !fiber_->loop->inherited()) {
      misuse(eddy_op_pending(&fiber_->op) ? "a task was destroyed while its operation is in flight"
                                          : "a task was destroyed before it had ended");
    }
  }

  task<T> get_return_object();
  final_awaiter final_suspend() noexcept {
    finished_ = true;
    return {};
  }
#if EDDY_EXCEPTIONS
  void unhandled_exception() noexcept { failure_ = std::current_exception(); }
  const std::exception_ptr &failure() const { return failure_; }
  T take() {
    if (failure_) std::rethrow_exception(std::move(failure_));
    return returned_.take();
  }
#else
  void unhandled_exception() noexcept {}
  T take() { return returned_.take(); }
#endif

protected:
  returned<T> returned_;

private:
#if EDDY_EXCEPTIONS
  std::exception_ptr failure_;
#endif
  bool finished_ = false;
};

template<class T>
class task_promise : public task_promise_base<T> {
public:
  template<class U = T>
  requires std::is_convertible_v<U &&, T>
  void return_value(U &&value) { this->returned_.set(std::forward<U>(value)); }
};

template<>
class task_promise<void> : public task_promise_base<void> {
public:
  void return_void() const noexcept {}
};

template<class Promise>
class owned_frame {
public:
  using handle = std::coroutine_handle<Promise>;

  owned_frame() = default;
  explicit owned_frame(handle h) : handle_(h) {}
  owned_frame(owned_frame &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  owned_frame &operator=(owned_frame &&other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~owned_frame() { reset(); }

  void reset() {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }
  explicit operator bool() const { return bool(handle_); }
  handle get() const { return handle_; }
  Promise &promise() const { return handle_.promise(); }

private:
  handle handle_;
};

template<class T, bool Throws>
class task_awaiter {
public:
  task_awaiter(fiber &f, owned_frame<task_promise<T>> frame) : fiber_(f), frame_(std::move(frame)) {
    if (!frame_) misuse("a task was awaited twice, or after it was moved away");
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    frame_.promise().begin(fiber_, h);
    fiber_.next = frame_.get();
  }
  decltype(auto) await_resume() {
    if constexpr (Throws)
      return take();
    else
      return take_result();
  }

private:
  T take() { return frame_.promise().take(); }

  auto take_result() {
    using type = std::conditional_t<is_result<T>, T, result<T>>;
#if EDDY_EXCEPTIONS
    try {
#endif
      if constexpr (std::is_void_v<T>)
        return take(), type();
      else
        return type(take());
#if EDDY_EXCEPTIONS
    } catch (const canceled &) {
      return type(errc::canceled);
    } catch (const std::system_error &error) {
      return type(error.code());
    }
#endif
  }

  fiber &fiber_;
  owned_frame<task_promise<T>> frame_;
};

template<class T>
class quiet_task;

} // namespace detail

template<class T = void>
class [[nodiscard]] task {
public:
  using promise_type = detail::task_promise<T>;
  using value_type = T;

  task() = default;
  explicit task(std::coroutine_handle<promise_type> h) : frame_(h) {}

  // False when it was never there, was moved away, or has been awaited.
  explicit operator bool() const { return bool(frame_); }

  // Makes the await give a result<T>: canceled and std::system_error become its error, other exceptions
  // still pass.
  detail::quiet_task<T> nothrow() &&;

  auto eddy_await(detail::fiber &f) && {
    return detail::task_awaiter<T, true>(f, std::move(frame_));
  }
  detail::owned_frame<promise_type> take_frame() && { return std::move(frame_); }

private:
  detail::owned_frame<promise_type> frame_;
};

namespace detail {

template<class T>
class [[nodiscard]] quiet_task {
public:
  explicit quiet_task(owned_frame<task_promise<T>> frame) : frame_(std::move(frame)) {}
  auto eddy_await(fiber &f) && { return task_awaiter<T, false>(f, std::move(frame_)); }

private:
  owned_frame<task_promise<T>> frame_;
};

template<class T>
task<T> task_promise_base<T>::get_return_object() {
  return task<T>(
      std::coroutine_handle<task_promise<T>>::from_promise(static_cast<task_promise<T> &>(*this)));
}

template<class T>
inline constexpr bool is_task = false;
template<class T>
inline constexpr bool is_task<task<T>> = true;

// The task that calling f(args...) gives.
template<class F, class... Args>
using task_of = std::invoke_result_t<F &, Args...>;

} // namespace detail

template<class T>
detail::quiet_task<T> task<T>::nothrow() && {
  return detail::quiet_task<T>(std::move(frame_));
}

} // namespace EDDY_NS

#endif
