// Awaitable operations.
//
//   n = co_await s.read(buf);                       throws canceled or std::system_error
//   n = co_await s.read(buf).within(2s);            with a deadline of its own: errc::timed_out
//   r = co_await s.read(buf).nothrow();             result<std::size_t>
//
// In a task an operation costs no memory. Other coroutine types can await one too, if it names its loop;
// they hold the op in their frame.
#ifndef EDDY_IO_HPP
#define EDDY_IO_HPP

#include <eddy/fiber.hpp>
#include <eddy/result.hpp>
#include <eddy/time.hpp>

#include <type_traits>

namespace eddy {
namespace detail {

// A Start is what one kind of operation needs: operator()(loop, op, callback) starts it, finish(op,
// result) makes its value (ended(op), if there is one, is told of any end), loop() names its loop or is null for "the loop of whoever awaits it", and
// kCancellable says whether a stopped task still may begin it.
template<bool Throws, class Start>
auto finish(const Start &start, eddy_op_t *op, std::int64_t value) {
  using type = decltype(start.finish(op, value));
  if constexpr (requires { start.ended(op); }) start.ended(op);
  if constexpr (Throws) {
#if EDDY_EXCEPTIONS
    check(value);
    return start.finish(op, value);
#else
    static_assert(!Throws, "without exceptions, await the operation's .nothrow()");
    return start.finish(op, value);
#endif
  } else {
    if (value < 0) return result<type>(code_of(value));
    if constexpr (std::is_void_v<type>)
      return result<void>();
    else
      return result<type>(start.finish(op, value));
  }
}

// For coroutines that are no tasks of ours: with an op of its own.
template<class Start, bool Throws>
class io_foreign_awaiter {
public:
  io_foreign_awaiter(const Start &start, deadline limit) : start_(start), limit_(limit) {}
  io_foreign_awaiter(const io_foreign_awaiter &) = delete;
  io_foreign_awaiter &operator=(const io_foreign_awaiter &) = delete;
  ~io_foreign_awaiter() {
    if (eddy_op_pending(&op_) && !eddy_loop_inherited(loop_))
      misuse("a coroutine was destroyed while its operation is in flight");
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> h) {
    loop_ = start_.loop();
    if (!loop_) misuse("this operation does not know its loop: await it in an eddy::task");
    op_.data = h.address();
    eddy_op_set_flags(&op_, EDDY_OP_INLINE);
    if (limit_) eddy_op_set_deadline(&op_, limit_.at(loop_));
    return start_(loop_, &op_, [](eddy_op_t *op, std::int64_t) {
             std::coroutine_handle<>::from_address(op->data).resume();
           }) != EDDY_DONE;
  }
  auto await_resume() { return finish<Throws>(start_, &op_, eddy_op_result(&op_)); }

private:
  eddy_op_t op_{};
  eddy_loop_t *loop_ = nullptr;
  Start start_;
  deadline limit_;
};

} // namespace detail

template<class Start, bool Throws = true>
class [[nodiscard]] io {
  // Compilers have destroyed temporaries of co_await expressions twice (g++ 12.2).
  static_assert(std::is_trivially_destructible_v<Start>);

public:
  explicit io(const Start &start, detail::deadline limit = {}) : start_(start), limit_(limit) {}

  // Ends it with errc::timed_out when it takes longer than `d`, counted from its start.
  template<class Rep, class Period>
  io within(std::chrono::duration<Rep, Period> d) const {
    return io(start_, detail::deadline(detail::duration_of(d)));
  }
  // The same with a point in time.
  io until(time_point at) const { return io(start_, detail::deadline(at)); }
  // Gives a result<T> instead of throwing.
  io<Start, false> nothrow() const { return io<Start, false>(start_, limit_); }

  // Little more than a reference: g++ 12 gives every temporary of an await a place of its own in the frame.
  class awaiter {
  public:
    explicit awaiter(io &which) : io_(which) {}
    bool await_ready() { return io_.begin(*io_.fiber_); }
    void await_suspend(std::coroutine_handle<> h) noexcept { io_.fiber_->waiting = h; }
    auto await_resume() {
      return detail::finish<Throws>(io_.start_, &io_.fiber_->op, io_.fiber_->result);
    }

  private:
    io &io_;
  };
  awaiter eddy_await(detail::fiber &f) {
    fiber_ = &f;
    return awaiter(*this);
  }
  auto operator co_await() const {
    return detail::io_foreign_awaiter<Start, Throws>(start_, limit_);
  }

private:
  // True when it has ended, or may not begin.
  bool begin(detail::fiber &f) {
    if (Start::kCancellable && f.stopping()) {
      f.result = EDDY_ECANCELED;
      return true;
    }
    if (limit_) eddy_op_set_deadline(&f.op, limit_.at(f.loop->native));
    if (!f.spend()) {
      f.plain = true;
      eddy_op_set_flags(&f.op, 0);
    }
    // It may end at once but never calls back from in here, so the coroutine is suspended by then.
    if (start_(f.loop->native, &f.op, &detail::fiber::on_done) != EDDY_DONE) return false;
    f.result = eddy_op_result(&f.op);
    return true;
  }

  Start start_;
  detail::deadline limit_;
  detail::fiber *fiber_ = nullptr;
};

} // namespace eddy

#endif
