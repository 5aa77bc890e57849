// select: waits for the first of several things that can be waited for without taking anything.
//
//   auto which = co_await eddy::select(commands.readable(), s.wait(EDDY_READABLE), eddy::sleep_for(1s));
//   if (which == 0) { auto c = commands.try_receive(); ... }
//
// The others are left, and nothing of theirs is lost: so a loop over select misses nothing. when_any is for tasks, and
// for what takes something.
#ifndef EDDY_SELECT_HPP
#define EDDY_SELECT_HPP

#include <eddy/group.hpp>
#include <eddy/io.hpp>
#include <eddy/stream.hpp>
#include <eddy/timer.hpp>
#include <eddy/wait_queue.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

namespace EDDY_NS {
namespace detail {

template<class>
inline constexpr bool takes_nothing = false;
template<class Wait, bool Throws>
requires(Wait::kTakesNothing) inline constexpr bool takes_nothing<wait_op<Wait, Throws>> = true;
template<auto Function, class... Stored, bool Throws>
inline constexpr bool takes_nothing<io<call<Function, as_mask, Stored...>, Throws>> = true;
template<bool Throws>
inline constexpr bool takes_nothing<io<sleep_call, Throws>> = true;
template<bool Throws>
inline constexpr bool
    takes_nothing<io<decltype(std::declval<timer &>().wait())::call_type, Throws>> = true;
template<bool Throws>
inline constexpr bool takes_nothing<io<decltype(yield())::call_type, Throws>> = true;
template<bool Throws>
inline constexpr bool
    takes_nothing<io<decltype(std::declval<stream &>().uncongested())::call_type, Throws>> = true;

// The task that waits for the branches of one select. It goes on when one has won and the ops of all are back; until
// then what its fiber would resume is a coroutine that does nothing.
class selection : public waiter {
public:
  explicit selection(fiber &f) : fiber_(f) {}
  selection(const selection &) = delete;
  selection &operator=(const selection &) = delete;

  eddy_loop_t *loop() const { return fiber_.loop->native; }
  bool won() const { return won_; }

  void win(std::size_t index, std::int64_t value) {
    won_ = true;
    winner_ = index;
    fiber_.result = value;
  }
  void op_started() { ops_++; }
  // From inside what it waited for: it goes on in the next turn.
  void settled(std::size_t index, std::int64_t value) {
    win(index, value);
    leave();
    fiber_.settle(value);
  }
  // In a callback.
  void op_ended(std::size_t index, std::int64_t value) {
    ops_--;
    if (fiber_.waits) {
      win(index, value);
      leave();
      fiber_.waits = nullptr;
      if (eddy_op_pending(&fiber_.op)) return fiber_.settle(value); // the time-out of all
    }
    if (ops_) return;
    fiber_.waiting = suspended_;
    if (eddy_op_pending(&fiber_.op)) return; // which resumes it
    fiber_.loop->budget = loop_state::kBudget;
    fiber_.resume();
  }

  void leave() noexcept override {
    stop_all();
    if (ops_) fiber_.waiting = std::noop_coroutine();
  }

protected:
  ~selection() = default;
  virtual void stop_all() noexcept = 0;

  // False: it goes on at once.
  bool wait(std::coroutine_handle<> h, eddy_time_t until) {
    suspended_ = h;
    if (!won_) {
      fiber_.wait(*this, h, until);
      return true;
    }
    stop_all();
    if (ops_) return true;
    if (fiber_.spend()) return false;
    fiber_.waiting = h;
    fiber_.settle(fiber_.result);
    return true;
  }
  std::size_t winner() const { return winner_; }

  fiber &fiber_;

private:
  std::coroutine_handle<> suspended_;
  std::size_t winner_ = 0, ops_ = 0;
  bool won_ = false;
};

template<class Branch>
struct select_seed {
  fiber &where;
  Branch branch;
};

// One branch. attempt() looks whether it holds, as far as that is known without waiting.
template<class Wait, bool Throws>
class select_slot<wait_op<Wait, Throws>> final : public wait_node {
public:
  explicit select_slot(select_seed<wait_op<Wait, Throws>> seed)
      : wait_node(seed.where), wait_(std::move(seed.branch.wait_)), limit_(seed.branch.limit_) {}

  std::int64_t attempt() { return wait_.attempt(); }
  eddy_time_t until() const { return limit_.at(fiber_.loop->native); }
  void start(selection &all, std::size_t index) {
    all_ = &all;
    index_ = index;
    wait_.queue().push(*this);
    queued_ = true;
  }
  void stop() noexcept {
    if (std::exchange(queued_, false)) leave();
  }

private:
  void settled(std::int64_t value) override {
    queued_ = false;
    all_->settled(index_, value);
  }

  Wait wait_;
  deadline limit_;
  selection *all_ = nullptr;
  std::size_t index_ = 0;
  bool queued_ = false;
};

template<class Call, bool Throws>
class select_slot<io<Call, Throws>> {
public:
  explicit select_slot(select_seed<io<Call, Throws>> seed)
      : call_(seed.branch.call_), limit_(seed.branch.limit_) {}
  select_slot(const select_slot &) = delete;
  select_slot &operator=(const select_slot &) = delete;

  std::int64_t attempt() const { return call_.closed() ? EDDY_ECLOSED : EDDY_EAGAIN; }
  eddy_time_t until() const { return EDDY_NEVER; } // its op has a deadline of its own
  void start(selection &all, std::size_t index) {
    all_ = &all;
    index_ = index;
    op_.data = this;
    eddy_op_set_flags(&op_, EDDY_OP_INLINE);
    if (limit_) eddy_op_set_deadline(&op_, limit_.at(all.loop()));
    if (call_(all.loop(), &op_, on_done) != EDDY_DONE) return all.op_started();
    call_.ended(&op_);
    all.win(index, eddy_op_result(&op_));
  }
  void stop() noexcept { eddy_cancel(&op_); }

private:
  static void on_done(eddy_op_t *op, std::int64_t value) {
    select_slot &self = *static_cast<select_slot *>(op->data);
    self.call_.ended(op);
    self.all_->op_ended(self.index_, (std::min)(value, std::int64_t{0}));
  }

  Call call_;
  deadline limit_;
  selection *all_ = nullptr;
  std::size_t index_ = 0;
  eddy_op_t op_{};
};

// The branches: of several types, or a number of one.
template<class... Branch>
class select_tuple {
public:
  select_tuple(fiber &f, std::tuple<Branch...> &branches)
      : select_tuple(f, branches, std::index_sequence_for<Branch...>()) {}

  // Calls f(slot, index), until one gives false.
  template<class F>
  void each(F f) {
    std::size_t i = 0;
    std::apply([&](auto &...slot) { (void)(f(slot, i++) && ...); }, slots_);
  }

private:
  template<std::size_t... I>
  select_tuple(fiber &f, std::tuple<Branch...> &branches, std::index_sequence<I...>)
      : slots_(select_seed<Branch>{f, std::move(std::get<I>(branches))}...) {}

  std::tuple<select_slot<Branch>...> slots_;
};

template<class Branch>
class select_list {
public:
  explicit select_list(std::span<std::optional<select_slot<Branch>>> slots) : slots_(slots) {}

  template<class F>
  void each(F f) {
    for (std::size_t i = 0; i < slots_.size() && f(*slots_[i], i); i++) {
    }
  }

private:
  std::span<std::optional<select_slot<Branch>>> slots_;
};

template<class Slots, bool Throws>
class select_awaiter final : public selection {
public:
  template<class... Args>
  select_awaiter(fiber &f, deadline limit, Args &&...args)
      : selection(f), limit_(limit), slots_(std::forward<Args>(args)...) {}

  bool await_ready() {
    fiber_.result = fiber_.stopping() ? EDDY_ECANCELED : EDDY_EAGAIN;
    if (fiber_.result == EDDY_EAGAIN)
      slots_.each([this](auto &slot, std::size_t index) {
        std::int64_t now = slot.attempt();
        if (now != EDDY_EAGAIN) win(index, now);
        return !won();
      });
    return fiber_.result != EDDY_EAGAIN && fiber_.spend();
  }
  bool await_suspend(std::coroutine_handle<> h) {
    if (fiber_.result != EDDY_EAGAIN) {
      fiber_.waiting = h;
      fiber_.settle(fiber_.result);
      return true;
    }
    eddy_time_t until = limit_.at(loop());
    slots_.each([&](auto &slot, std::size_t index) {
      until = (std::min)(until, slot.until());
      slot.start(*this, index);
      return !won();
    });
    return wait(h, until);
  }
  auto await_resume() {
    return conclude<Throws>(fiber_.result, [this] { return winner(); });
  }

private:
  void stop_all() noexcept override {
    slots_.each([](auto &slot, std::size_t) { return slot.stop(), true; });
  }

  deadline limit_;
  Slots slots_;
};

template<bool Throws, class... Branch>
class [[nodiscard]] select_op {
  // Compilers have destroyed temporaries of co_await expressions twice (g++ 12.2).
  static_assert((std::is_trivially_destructible_v<Branch> && ...));

public:
  explicit select_op(const std::tuple<Branch...> &branches, deadline limit = {})
      : branches_(branches), limit_(limit) {}

  // errc::timed_out when none of them holds until then.
  template<class Rep, class Period>
  select_op within(std::chrono::duration<Rep, Period> d) const {
    return select_op(branches_, deadline(duration_of(d)));
  }
  select_op until(time_point at) const { return select_op(branches_, deadline(at)); }
  // Gives a result<std::size_t> instead of throwing.
  select_op<false, Branch...> nothrow() const {
    return select_op<false, Branch...>(branches_, limit_);
  }
  select_awaiter<select_tuple<Branch...>, Throws> eddy_await(fiber &f) {
    return select_awaiter<select_tuple<Branch...>, Throws>(f, limit_, f, branches_);
  }

private:
  std::tuple<Branch...> branches_;
  deadline limit_;
};

template<class Branch>
class [[nodiscard]] select_some {
public:
  select_some(std::span<std::optional<select_slot<Branch>>> slots) : slots_(slots) {}
  select_awaiter<select_list<Branch>, false> eddy_await(fiber &f) const {
    return select_awaiter<select_list<Branch>, false>(f, deadline(), slots_);
  }

private:
  std::span<std::optional<select_slot<Branch>>> slots_;
};

} // namespace detail

// The index of one that holds: of the first in their order of those that are known to hold when it is asked, else of
// the first to come. When one of them fails, or its own deadline has passed, that is the error. Branches: the wait()
// of events, latches, timers and streams, poll() of descriptors, sleeps, readable() and writable() of channels,
// uncongested(). All in the task's frame; no memory but that.
template<class... Branch>
requires(sizeof...(Branch) > 0) detail::select_op<true, Branch...> select(Branch... branches) {
  static_assert((detail::takes_nothing<Branch> && ...),
                "select waits for what takes nothing, for what it leaves must not be lost: "
                "when_any is for tasks and operations that take something");
  return detail::select_op<true, Branch...>(std::tuple<Branch...>(std::move(branches)...));
}

// The same for any number of one type. With none it waits until it is cancelled.
template<class Branch>
task<fallible<std::size_t>> select(std::vector<Branch> branches) {
  static_assert(detail::takes_nothing<Branch>);
  detail::fiber &self = co_await detail::this_fiber();
  using slot = std::optional<detail::select_slot<Branch>>;
  auto slots = std::make_unique<slot[]>(branches.size());
  for (std::size_t i = 0; i < branches.size(); i++)
    slots[i].emplace(detail::select_seed<Branch>{self, branches[i]});
  auto which = co_await detail::select_some<Branch>(std::span<slot>(slots.get(), branches.size()));
  if (!which) co_return detail::give_up<std::size_t>(which.error());
  co_return *which;
}

} // namespace EDDY_NS

#endif
