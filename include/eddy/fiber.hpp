// Fibers: what the facade is built on.
//
// A fiber is one thread of control: a task and the tasks that it awaits, of which only the innermost is
// doing something. So one fiber needs one operation at a time, and has one, whatever the depth of its
// tasks: awaiting allocates nothing, and no task carries an operation of its own.
//
// Tasks do not resume each other. Each says which one is next, suspends, and the fiber resumes it: the
// stack stays flat however deep tasks await each other and however often they end at once.
#ifndef EDDY_FIBER_HPP
#define EDDY_FIBER_HPP

#include <eddy/loop.h>
#include <eddy/misuse.hpp>
#include <eddy/op.h>
#include <eddy/timer.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace EDDY_NS::detail {

struct loop_state;
struct fiber;

// What a fiber waits for, when that is not its operation.
struct waiter {
  // It does not wait any more: it was cancelled, or its time was up.
  virtual void leave() noexcept = 0;

protected:
  ~waiter() = default;
};

// A wish to stop, for fibers and, through the sources below, for theirs. One loop's thread only. Nothing
// of the user's runs inside request(): whoever is cancelled is resumed later.
class stop_state {
public:
  explicit stop_state(stop_state *parent = nullptr) : parent_(parent) {
    if (!parent) return;
    requested_ = parent->requested_;
    next_ = parent->children_;
    if (next_) next_->prev_ = this;
    parent->children_ = this;
  }
  stop_state(const stop_state &) = delete;
  stop_state &operator=(const stop_state &) = delete;
  ~stop_state() {
    if (!parent_) return;
    (prev_ ? prev_->next_ : parent_->children_) = next_;
    if (next_) next_->prev_ = prev_;
  }

  bool requested() const { return requested_; }
  inline void request() noexcept;
  void reset() { requested_ = false; }

private:
  friend struct fiber;
  stop_state *parent_, *next_ = nullptr, *prev_ = nullptr, *children_ = nullptr;
  fiber *fibers_ = nullptr;
  bool requested_ = false;
};

// In a forked child that has ended its copy of a loop: what tasks of that loop have left is only memory, and waits for
// nothing.
inline bool left_by_fork = false;

// What a loop keeps for its fibers.
struct loop_state {
  static constexpr int kBudget = 64;

  eddy_loop_t *native = nullptr;
  int budget = kBudget; // awaits that may still end at once before other fibers get their turn
  std::size_t expected = 0;
  eddy_op_t keeper{};
  std::uint32_t woken = 0; // ends the run after its turn
  std::uint32_t begun = 0; // fibers that are begun from outside of a run

  // In a forked child, whose destructors let be what tasks have left.
  bool inherited() const { return native && eddy_loop_inherited(native); }

  // Something has ended.
  void wake_run() { woken = 1; }

  bool inside() const { return begun || (native && eddy_loop_inside(native)); }

  // While something is expected from another thread, an op keeps the loop waiting for it.
  void expect() {
    if (expected++ || eddy_op_pending(&keeper)) return;
    keeper.data = this;
    keep();
  }
  void arrived() {
    if (--expected == 0 && !inherited()) eddy_cancel(&keeper);
  }

private:
  void keep() {
    eddy_sleep(native, &keeper, EDDY_NEVER, [](eddy_op_t *op, std::int64_t) {
      loop_state &self = *static_cast<loop_state *>(op->data);
      if (self.expected) self.keep(); // something new is, by now
    });
  }
};

// Calls `done` with EDDY_ETIMEDOUT at `at`, as a deadline: what has come by then comes first.
inline void time_out(eddy_loop_t *loop, eddy_op_t &op, eddy_time_t at, eddy_cb done) {
  eddy_op_set_deadline(&op, at);
  eddy_sleep(loop, &op, EDDY_NEVER, done);
}

struct fiber {
  eddy_op_t op{};
  std::int64_t result = 0;         // of the last operation
  std::coroutine_handle<> waiting; // resumed when it has ended
  std::coroutine_handle<> next;    // resumed at once
  loop_state *loop, *home;         // where it runs, and where it belongs
  stop_state *stop = nullptr;      // null: deaf
  waiter *waits = nullptr;         // instead of for the op
  fiber *(*done)(fiber &);         // at its end; returns a fiber that runs next, or null
  bool *left = nullptr;            // set when it goes to another thread
  bool ended = false, plain = false;
  bool refused = false; // what it is about to await: its handle is closed

private:
  bool away_ = false;
  std::uint32_t deaf_ = 0;

public:
  std::uintptr_t kept = 0; // of the operation that it awaits: see call::swap

  fiber(loop_state &where, stop_state *heeds, fiber *(*at_end)(fiber &))
      : loop(&where), home(&where), done(at_end) {
    op.data = this;
    eddy_op_set_flags(&op, EDDY_OP_INLINE);
    heed(heeds);
  }
  fiber(const fiber &) = delete;
  fiber &operator=(const fiber &) = delete;
  ~fiber() {
    if (home == loop && eddy_op_pending(&op) && !loop->inherited())
      misuse("a task was destroyed while its operation is in flight");
    heed(nullptr);
  }

  bool stopping() const { return stop && stop->requested(); }

  // Lets `heeds` stop the fiber from now on, or nobody.
  void heed(stop_state *heeds) {
    if (listed_) {
      (list_prev_ ? list_prev_->list_next_ : listed_->fibers_) = list_next_;
      if (list_next_) list_next_->list_prev_ = list_prev_;
    }
    listed_ = stop = heeds;
    if (!heeds) return;
    list_prev_ = nullptr;
    list_next_ = heeds->fibers_;
    if (list_next_) list_next_->list_prev_ = this;
    heeds->fibers_ = this;
  }

  // Deaf, as often as it is asked to be. On whatever loop it is: the list that it is in is not touched.
  void shut() {
    deaf_++;
    stop = nullptr;
  }
  void open() {
    if (!--deaf_ && !away_) stop = listed_;
  }

  void cancel() noexcept {
    if (away_ || deaf_) return;
    if (waits) {
      waits->leave();
      settle(EDDY_ECANCELED);
    } else {
      eddy_cancel(&op);
    }
  }

  // On another loop nothing of its own can be touched from here, and it is deaf.
  void leave_home() {
    away_ = true;
    stop = nullptr;
    home->expect();
  }
  void come_home() {
    away_ = false;
    if (!deaf_) stop = listed_;
    home->arrived();
  }

  // Resumes what is next until it waits for something; at its end, goes on with who waited for it.
  void run() {
    fiber *now = this;
    do {
      bool gone = false;
      now->left = &gone;
      while (std::coroutine_handle<> h = std::exchange(now->next, nullptr)) {
        h.resume();
        if (gone) return; // another thread has it, or is done with it
      }
      now->left = nullptr;
      if (now->ended && now->loop != now->home)
        misuse("a task ended on another loop than it began on: it has to hop back first");
      now = now->ended ? now->done(*now) : nullptr;
    } while (now);
  }

  void resume() {
    next = waiting;
    run();
  }

  // The callback of its operations.
  static void on_done(eddy_op_t *op, std::int64_t result) {
    fiber &self = *static_cast<fiber *>(op->data);
    self.result = result;
    self.loop->budget = loop_state::kBudget;
    if (self.plain) {
      self.plain = false;
      eddy_op_set_flags(op, EDDY_OP_INLINE);
    }
    self.resume();
  }

  // An await that ended without waiting. False when it is time to let others run.
  bool spend() { return loop->budget-- > 0; }

  // Waits for `what`, until settle() or, if `at` is not EDDY_NEVER, the time `at`.
  void wait(waiter &what, std::coroutine_handle<> h, eddy_time_t at = EDDY_NEVER) {
    waits = &what;
    waiting = h;
    if (at != EDDY_NEVER) time_out(loop->native, op, at, on_settled);
  }
  // Ends the wait: the fiber goes on in the next turn, after whoever settled it.
  void settle(std::int64_t value) {
    result = value;
    waits = nullptr;
    if (eddy_op_pending(&op))
      eddy_cancel(&op); // its time-out
    else
      eddy_yield(loop->native, &op, on_settled);
  }

private:
  friend class stop_state;

  static void on_settled(eddy_op_t *op, std::int64_t value) {
    fiber &self = *static_cast<fiber *>(op->data);
    if (self.waits) {
      std::exchange(self.waits, nullptr)->leave();
      self.result = value; // its time is up, or the loop that of a forked child
    }
    self.loop->budget = loop_state::kBudget;
    self.resume();
  }

  stop_state *listed_ = nullptr;
  fiber *list_prev_ = nullptr, *list_next_ = nullptr;
};

inline void stop_state::request() noexcept {
  if (std::exchange(requested_, true)) return;
  for (fiber *f = fibers_; f; f = f->list_next_) f->cancel();
  for (stop_state *child = children_; child; child = child->next_) child->request();
}

} // namespace EDDY_NS::detail

#endif
