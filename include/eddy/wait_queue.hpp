// Tasks that wait in line: the base of the synchronization primitives.
//
// A waiter lives in the frame of its task, and takes no memory. Who is next is resumed in the next turn,
// never from inside the call that lets it go on. Primitives belong to one loop's thread.
#ifndef EDDY_WAIT_QUEUE_HPP
#define EDDY_WAIT_QUEUE_HPP

#include <eddy/conclude.hpp>
#include <eddy/fiber.hpp>
#include <eddy/time.hpp>

namespace EDDY_NS::detail {

class wait_queue;

class wait_node : public waiter {
public:
  explicit wait_node(fiber &f) : fiber_(f) {}
  wait_node(const wait_node &) = delete;
  wait_node &operator=(const wait_node &) = delete;

  inline void leave() noexcept override;
  // Where what is handed over comes from or goes to, for waits that hand over something.
  virtual void *subject() noexcept { return nullptr; }
  // It has left the queue, with `value` as its result.
  virtual void settled(std::int64_t value) { fiber_.settle(value); }

  // The queue's. No friend of it: then its destructor would count as accessible (-Wnon-virtual-dtor).
  fiber &fiber_;
  wait_queue *queue_ = nullptr;
  wait_node *next_ = nullptr, *prev_ = nullptr;

protected:
  ~wait_node() = default;
};

// First come, first served.
class wait_queue {
public:
  wait_queue() = default;
  wait_queue(const wait_queue &) = delete;
  wait_queue &operator=(const wait_queue &) = delete;
  ~wait_queue() {
    if (first_ && !inherited())
      misuse("a channel, mutex, semaphore, event or latch was destroyed while a task waits for it");
  }

  bool empty() const { return !first_; }
  bool inherited() const { return left_by_fork || first_->fiber_.loop->inherited(); }
  void push(wait_node &node) {
    node.queue_ = this;
    node.next_ = nullptr;
    node.prev_ = last_;
    (last_ ? last_->next_ : first_) = &node;
    last_ = &node;
  }
  void remove(wait_node &node) noexcept {
    (node.prev_ ? node.prev_->next_ : first_) = node.next_;
    (node.next_ ? node.next_->prev_ : last_) = node.prev_;
  }
  // Lets the first go on, with `value` as its result.
  void settle_first(std::int64_t value) {
    wait_node &node = *first_;
    remove(node);
    node.settled(value);
  }
  void settle_all(std::int64_t value) {
    while (first_) settle_first(value);
  }
  // What the first hands over, or is handed.
  template<class T>
  T &first_subject() const {
    return *static_cast<T *>(first_->subject());
  }

private:
  wait_node *first_ = nullptr, *last_ = nullptr;
};

inline void wait_node::leave() noexcept { queue_->remove(*this); }

// A Wait is what one kind of wait needs: attempt() does it at once if it can be done, queue() is where to
// wait else, asked when it begins to, value() makes what the await gives, subject() is the node's. One that
// kTakesNothing can be left at any time, by select too.
template<class Wait, bool Throws>
class wait_awaiter final : public wait_node {
public:
  wait_awaiter(fiber &f, Wait wait, deadline limit)
      : wait_node(f), wait_(std::move(wait)), limit_(limit) {}

  void *subject() noexcept override {
    if constexpr (requires { wait_.subject(); })
      return wait_.subject();
    else
      return nullptr;
  }

  bool await_ready() {
    fiber &f = fiber_;
    f.result = f.stopping() ? EDDY_ECANCELED : 0;
    if (f.result) return f.spend();
    f.result = wait_.attempt();
    waits_ = f.result == EDDY_EAGAIN;
    return !waits_ && f.spend();
  }
  void await_suspend(std::coroutine_handle<> h) {
    fiber &f = fiber_;
    if (waits_) {
      wait_.queue().push(*this);
      f.wait(*this, h, limit_.at(f.loop->native));
    } else {
      f.waiting = h;
      f.settle(f.result);
    }
  }
  auto await_resume() {
    return conclude<Throws>(fiber_.result, [this] { return wait_.value(); });
  }

private:
  Wait wait_;
  deadline limit_;
  bool waits_ = false;
};

template<class Wait, bool Throws = true>
class [[nodiscard]] wait_op {
public:
  explicit wait_op(Wait wait, deadline limit = {}) : wait_(std::move(wait)), limit_(limit) {}

  // errc::timed_out when it takes longer.
  template<class Rep, class Period>
  wait_op within(std::chrono::duration<Rep, Period> d) && {
    return wait_op(std::move(wait_), deadline(duration_of(d)));
  }
  wait_op until(time_point at) && { return wait_op(std::move(wait_), deadline(at)); }
  // Gives a result<T> instead of throwing.
  wait_op<Wait, false> nothrow() && { return wait_op<Wait, false>(std::move(wait_), limit_); }
  wait_awaiter<Wait, Throws> eddy_await(fiber &f) && {
    return wait_awaiter<Wait, Throws>(f, std::move(wait_), limit_);
  }

private:
  template<class>
  friend class select_slot;

  Wait wait_;
  deadline limit_;
};

} // namespace EDDY_NS::detail

#endif
