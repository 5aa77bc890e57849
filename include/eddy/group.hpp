// Groups: fibers that somebody waits for. The base of scopes and of when_all, when_any and the like.
#ifndef EDDY_GROUP_HPP
#define EDDY_GROUP_HPP

#include <eddy/outcome.hpp>
#include <eddy/task.hpp>

#include <optional>

namespace EDDY_NS::detail {

// The fiber that awaits it.
class this_fiber {
public:
  class awaiter {
  public:
    explicit awaiter(fiber &f) : fiber_(f) {}
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    fiber &await_resume() const noexcept { return fiber_; }

  private:
    fiber &fiber_;
  };
  awaiter eddy_await(fiber &f) const { return awaiter(f); }
};

// Deaf to cancellation as long as it lives.
class heed_again {
public:
  explicit heed_again(fiber &f) : fiber_(f) { f.shut(); }
  heed_again(const heed_again &) = delete;
  heed_again &operator=(const heed_again &) = delete;
  ~heed_again() { fiber_.open(); }

private:
  fiber &fiber_;
};

// How a task that has ended failed, if it did.
template<class T>
failure failure_of(task_promise<T> &promise) {
#if EDDY_EXCEPTIONS
  if (promise.failure()) return failure(promise.failure());
#else
  (void)promise;
#endif
  return failure();
}

class group {
public:
  group(fiber &owner, stop_state *above) : stop(above), owner_(&owner) {}
  explicit group(fiber &owner) : group(owner, owner.stop) {}
  explicit group(loop_state &where) : loop_(&where) {} // joined by running the loop

  stop_state stop;

  std::size_t pending() const { return pending_; }
  void enter() { ++pending_; }

  // One of its fibers has ended. Returns the one to run next: the owner after the last.
  fiber *leave() {
    if (--pending_) return nullptr;
    if (loop_) loop_->wake_run();
    if (!joining_) return nullptr;
    joining_ = false;
    owner_->next = owner_->waiting;
    return owner_;
  }

  // The first failure stops the others. What comes of a stop is no failure.
  void note(const failure &why) {
    if (!why) return;
    if (stop.requested() && why.is_canceled()) {
      stopped_ = true;
      return;
    }
    if (!first_) first_ = why;
    stop.request();
  }
  const failure &first() const { return first_; }
  bool stopped() const { return stopped_; }
  void forget() {
    first_ = failure();
    stopped_ = false;
    stop.reset();
  }

  class join_awaiter {
  public:
    explicit join_awaiter(group &g) : group_(g) {}
    bool await_ready() const noexcept { return group_.pending_ == 0; }
    void await_suspend(std::coroutine_handle<> h) noexcept {
      group_.owner_->waiting = h;
      group_.joining_ = true;
    }
    void await_resume() const noexcept {}

  private:
    group &group_;
  };
  class join_all {
  public:
    explicit join_all(group &g) : group_(g) {}
    join_awaiter eddy_await(fiber &) const { return join_awaiter(group_); }

  private:
    group &group_;
  };
  join_all join() { return join_all(*this); }

private:
  fiber *owner_ = nullptr;
  loop_state *loop_ = nullptr;
  std::size_t pending_ = 0;
  bool joining_ = false, stopped_ = false;
  failure first_;
};

// A task of a group, in a fiber of its own, inside the frame of whoever joins the group.
template<class T>
class child {
public:
  explicit child(task<T> t) : frame_(std::move(t).take_frame()) {
    if (!frame_) misuse("a task was awaited twice, or after it was moved away");
  }
  child(const child &) = delete;
  child &operator=(const child &) = delete;

  // `ended(group, child)` is told its end, before the group is.
  void start(group &g, fiber &owner, void (*ended)(group &, child &)) {
    group_ = &g;
    ended_ = ended;
    g.enter();
    own_.emplace(*this, *owner.loop, &g.stop);
    frame_.promise().begin(*own_, nullptr);
    own_->next = frame_.get();
    own_->run();
  }

  failure why() const { return failure_of(frame_.promise()); }
  T take() { return frame_.promise().take(); }

private:
  struct own : fiber {
    own(child &c, loop_state &where, stop_state *heeds) : fiber(where, heeds, at_end), self(c) {}
    child &self;
  };
  static fiber *at_end(fiber &f) {
    child &self = static_cast<own &>(f).self;
    group &g = *self.group_;
    self.own_->heed(nullptr);
    self.ended_(g, self);
    return g.leave();
  }

  owned_frame<task_promise<T>> frame_;
  std::optional<own> own_;
  group *group_ = nullptr;
  void (*ended_)(group &, child &) = nullptr;
};

} // namespace EDDY_NS::detail

#endif
