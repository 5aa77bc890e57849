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

#include <eddy/call.hpp>
#include <eddy/conclude.hpp>
#include <eddy/fiber.hpp>
#include <eddy/time.hpp>

#include <type_traits>

namespace EDDY_NS {
namespace detail {

template<class>
class select_slot;

template<bool Throws, class Call>
auto finish(const Call &call, eddy_op_t *op, std::int64_t outcome) {
  call.ended(op);
  return conclude<Throws>(outcome, [&] { return call.value(op, outcome); });
}

// For coroutines that are no tasks of ours: with an op of its own.
template<class Call, bool Throws>
class io_foreign_awaiter {
public:
  io_foreign_awaiter(const Call &call, deadline limit) : call_(call), limit_(limit) {}
  io_foreign_awaiter(const io_foreign_awaiter &) = delete;
  io_foreign_awaiter &operator=(const io_foreign_awaiter &) = delete;
  ~io_foreign_awaiter() {
    if (eddy_op_pending(&op_) && !eddy_loop_inherited(call_.loop()))
      misuse("a coroutine was destroyed while its operation is in flight");
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> h) {
    op_.data = this;
    waiting_ = h;
    if (call_.closed()) {
      outcome_ = EDDY_ECLOSED;
      return false;
    }
    eddy_loop_t *loop = call_.loop();
    if (!loop) misuse("this operation does not know its loop: await it in an eddy::task");
    eddy_op_set_flags(&op_, EDDY_OP_INLINE);
    if (limit_) eddy_op_set_deadline(&op_, limit_.at(loop));
    if (call_(loop, &op_, on_done) != EDDY_DONE) return true;
    outcome_ = eddy_op_result(&op_);
    return false;
  }
  auto await_resume() { return finish<Throws>(call_, &op_, outcome_); }

private:
  static void on_done(eddy_op_t *op, std::int64_t value) {
    io_foreign_awaiter &self = *static_cast<io_foreign_awaiter *>(op->data);
    self.outcome_ = value;
    self.waiting_.resume();
  }

  eddy_op_t op_{};
  std::int64_t outcome_ = 0;
  std::coroutine_handle<> waiting_;
  Call call_;
  deadline limit_;
};

} // namespace detail

template<class Call, bool Throws = true>
class [[nodiscard]] io {
  // Compilers have destroyed temporaries of co_await expressions twice (g++ 12.2).
  static_assert(std::is_trivially_destructible_v<Call>);

public:
  using call_type = Call;

  explicit io(const Call &call, detail::deadline limit = {}) : call_(call), limit_(limit) {}

  // Ends it with errc::timed_out when it takes longer than `d`, counted from its await.
  template<class Rep, class Period>
  io within(std::chrono::duration<Rep, Period> d) const {
    return io(call_, detail::deadline(detail::duration_of(d)));
  }
  // The same with a point in time.
  io until(time_point at) const { return io(call_, detail::deadline(at)); }
  // Gives a result<T> instead of throwing.
  io<Call, false> nothrow() const { return io<Call, false>(call_, limit_); }

  // Little more than a reference: g++ 12 gives every temporary of an await a place of its own in the frame.
  class awaiter {
  public:
    explicit awaiter(io &which) : io_(which) {}
    bool await_ready() { return io_.begin(); }
    void await_suspend(std::coroutine_handle<> h) noexcept { io_.where().waiting = h; }
    auto await_resume() {
      detail::fiber &f = io_.where();
      io_.call_.swap(f.kept);
      return detail::finish<Throws>(io_.call_, &f.op, f.result);
    }

  private:
    io &io_;
  };
  awaiter eddy_await(detail::fiber &f) {
    f.refused = call_.refuses();
    f.kept = call_.swap(~reinterpret_cast<std::uintptr_t>(&f));
    return awaiter(*this);
  }
  auto operator co_await() const { return detail::io_foreign_awaiter<Call, Throws>(call_, limit_); }

private:
  template<class>
  friend class detail::select_slot;

  // As a complement, which no generation is.
  detail::fiber &where() const { return *reinterpret_cast<detail::fiber *>(~call_.word()); }

  // True when it has ended, or may not begin.
  bool begin() {
    detail::fiber &f = where();
    if (Call::kCancellable && f.stopping()) return refused(f, EDDY_ECANCELED);
    if (f.refused) return refused(f, EDDY_ECLOSED);
    if (limit_) eddy_op_set_deadline(&f.op, limit_.at(f.loop->native));
    if (!f.spend()) {
      f.plain = true;
      eddy_op_set_flags(&f.op, 0);
    }
    // It may end at once but never calls back from in here, so the coroutine is suspended by then.
    if (call_(f.loop->native, &f.op, &detail::fiber::on_done) != EDDY_DONE) return false;
    f.result = eddy_op_result(&f.op);
    return true;
  }
  // A task that tries again and again lets others run all the same.
  bool refused(detail::fiber &f, std::int64_t why) {
    if (f.kept > UINT32_MAX)
      detail::misuse("an operation was awaited by two tasks at a time: each needs one of its own");
    f.result = why;
    if (f.spend()) return true;
    f.settle(why);
    return false;
  }

  Call call_;
  detail::deadline limit_;
};

template<class Call>
io(const Call &) -> io<Call>;

} // namespace EDDY_NS

#endif
