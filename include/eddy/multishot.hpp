// Readers: what one task asks for, one at a time, and a multishot operation brings.
#ifndef EDDY_MULTISHOT_HPP
#define EDDY_MULTISHOT_HPP

#include <eddy/conclude.hpp>
#include <eddy/fiber.hpp>
#include <eddy/frame.hpp>
#include <eddy/time.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace EDDY_NS::detail {

// The operation of a reader. It outlives the reader by the time that its cancel takes, so it is made by new, and deletes
// itself.
class multishot : public waiter {
public:
  multishot() { op_.data = this; }
  multishot(const multishot &) = delete;
  multishot &operator=(const multishot &) = delete;

  static void *operator new(std::size_t size) { return frame_new(size); }
  static void operator delete(void *memory, std::size_t size) noexcept {
    frame_delete(memory, size);
  }

  // The reader is gone.
  void abandon() {
    if (asked_ && !left_by_fork) misuse("a reader was destroyed while a task waits for it");
    abandoned_ = true;
    if (!inside_) let_go();
  }
  void leave() noexcept override { waiting_ = nullptr; }

  // One task asks at a time, until it has gone on: with what it was handed, or cancelled.
  void begin_ask() {
    if (asked_) misuse("two tasks wait for one reader");
    asked_ = true;
  }
  void end_ask() { asked_ = false; }

protected:
  virtual ~multishot() = default;
  // What the callback has brought.
  virtual void take_in(std::int64_t value) = 0;
  // Gives back whatever nobody asked for.
  virtual void drop() = 0;

  static void on_event(eddy_op_t *op, std::int64_t value) {
    multishot &self = *static_cast<multishot *>(op->data);
    self.inside_ = true;
    if (!self.abandoned_) self.take_in(value);
    self.inside_ = false;
    if (self.abandoned_) self.let_go();
  }

  void begin_wait(fiber &f) { waiting_ = &f; }
  // The task that waits goes on: here, or in the next turn when it has a time-out to give back.
  void hand_over() {
    if (!waiting_) return;
    fiber &f = *std::exchange(waiting_, nullptr);
    if (eddy_op_pending(&f.op)) return f.settle(0);
    f.waits = nullptr;
    f.loop->budget = loop_state::kBudget;
    f.resume();
  }

  eddy_loop_t *loop_ = nullptr; // once the op was started
  eddy_op_t op_{};
  fiber *waiting_ = nullptr;
  bool inside_ = false, abandoned_ = false;
  bool asked_ = false; // by a task that has not gone on yet

private:
  // In a forked child the loop has it.
  void let_go() {
    if (left_by_fork) return;
    drop();
    if (!eddy_op_pending(&op_))
      delete this;
    else if (!eddy_loop_inherited(loop_))
      eddy_cancel(&op_);
  }
};

struct abandon_source {
  void operator()(multishot *source) const { source->abandon(); }
};

// The next one of a reader. Its source has
//   bool ready(loop_state &, deadline)   there is one, or an end; else the task is to wait
//   void wait(fiber &, std::coroutine_handle<>, deadline)
//   bool has() const                     there is one
//   std::int64_t end()                   else why
//   take()                               gives it, and what stands for an end that is no error
// There is none in a reader that was moved from: errc::closed.
template<class Source, bool Throws>
class [[nodiscard]] next_of {
public:
  class awaiter {
  public:
    awaiter(fiber &f, Source *source, deadline limit) : fiber_(f), source_(source), limit_(limit) {}

    bool await_ready() {
      if (source_) source_->begin_ask();
      fiber_.result = fiber_.stopping() ? EDDY_ECANCELED : source_ ? 0 : EDDY_ECLOSED;
      ready_ = fiber_.result || source_->ready(*fiber_.loop, limit_);
      return ready_ && fiber_.spend();
    }
    void await_suspend(std::coroutine_handle<> h) {
      if (!ready_) return source_->wait(fiber_, h, limit_);
      fiber_.waiting = h;
      fiber_.settle(fiber_.result);
    }
    auto await_resume() {
      std::int64_t error = fiber_.result;
      if (source_) source_->end_ask();
      if (error >= 0 && !source_->has()) error = source_->end();
      return conclude<Throws>(error, [&] { return source_->take(); });
    }

  private:
    fiber &fiber_;
    Source *source_;
    deadline limit_;
    bool ready_ = false;
  };

  next_of(Source *source, deadline limit) : source_(source), limit_(limit) {}
  // How long to wait for this one.
  template<class Rep, class Period>
  next_of within(std::chrono::duration<Rep, Period> d) const {
    return next_of(source_, deadline(duration_of(d)));
  }
  next_of until(time_point at) const { return next_of(source_, deadline(at)); }
  next_of<Source, false> nothrow() const { return next_of<Source, false>(source_, limit_); }
  awaiter eddy_await(fiber &f) const { return awaiter(f, source_, limit_); }

private:
  Source *source_;
  deadline limit_;
};

} // namespace EDDY_NS::detail

#endif
