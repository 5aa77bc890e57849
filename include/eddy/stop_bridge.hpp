// The way of a std::stop_token's request into a loop.
#ifndef EDDY_STOP_BRIDGE_HPP
#define EDDY_STOP_BRIDGE_HPP

#include <eddy/config.hpp>
#if EDDY_STOP_TOKEN

#include <eddy/group.hpp>
#include <eddy/loop.hpp>

#include <atomic>
#include <cstddef>
#include <new>
#include <stop_token>
#include <thread>

namespace EDDY_NS {
namespace detail {

// A stop request of another thread, brought to a group by a post. Whoever comes first takes the
// stop_callback away: the end of the task, or the request itself, from inside the callback. So its
// destructor does not wait for a callback that runs on another thread, in which libstdc++ can hang
// where it has no futex (docs/porting.md, Windows). What is left is a callback that the request has
// picked and not yet called, when the task ends: some instructions, and it returns at once. There
// the standard offers no way around the wait; docs/porting.md names the macro that mends it.
class stop_bridge {
public:
  stop_bridge(group &g, fiber &owner, const std::stop_token &token)
      : group_(g), owner_(owner), loop_(*owner.loop), remote_(loop_.native) {
    op_.data = this;
    loop_.expect();
    ::new (static_cast<void *>(room_)) callback(token, forward(*this));
    step seen = step::building;
    if (!step_.compare_exchange_strong(seen, step::armed))
      take_away(); // requested before: it was called already
  }
  ~stop_bridge() { finish(); }
  stop_bridge(const stop_bridge &) = delete;
  stop_bridge &operator=(const stop_bridge &) = delete;

  // No request can come any more, and one under way has arrived.
  class end {
  public:
    explicit end(stop_bridge &b) : bridge_(b) {}
    bool await_ready() const noexcept {
      step last = bridge_.finish();
      bridge_.loop_.arrived();
      return last != step::posted || bridge_.delivered_;
    }
    void await_suspend(std::coroutine_handle<> h) {
      bridge_.owner_.waiting = h;
      bridge_.joined_ = true;
    }
    void await_resume() const noexcept {}
    end eddy_await(fiber &) const { return *this; }

  private:
    stop_bridge &bridge_;
  };

private:
  class forward {
  public:
    explicit forward(stop_bridge &b) noexcept : bridge_(&b) {}
    void operator()() const noexcept { bridge_->pass_on(); }

  private:
    stop_bridge *bridge_;
  };
  using callback = std::stop_callback<forward>;

  // Up to `armed` the callback is there; `ended`, `posted` and `refused` are final.
  enum class step { building, armed, ended, posting, posted, refused };

  void take_away() noexcept { std::launder(reinterpret_cast<callback *>(room_))->~callback(); }

  step finish() noexcept {
    step seen = step::armed;
    if (step_.compare_exchange_strong(seen, step::ended)) {
      take_away();
      return step::ended;
    }
    for (; seen == step::posting; seen = step_.load())
      std::this_thread::yield(); // a post does not block
    return seen;
  }

  // On the thread of the request. Once `step_` says how it ended, the bridge may be gone.
  void pass_on() noexcept {
    step seen = step_.load();
    do {
      while (seen == step::building && std::this_thread::get_id() != thread_) {
        std::this_thread::yield();
        seen = step_.load();
      }
      if (seen == step::ended) return;
    } while (!step_.compare_exchange_weak(seen, step::posting));
    if (seen == step::armed) take_away();
    bool gone =
        eddy_post(remote_.native(), &op_, on_stop) != EDDY_PENDING; // the loop is ending anyway
    step_.store(gone ? step::refused : step::posted);
  }

  static void on_stop(eddy_op_t *op, std::int64_t) {
    stop_bridge &self = *static_cast<stop_bridge *>(op->data);
    self.delivered_ = true;
    self.group_.stop.request();
    if (self.joined_) self.owner_.resume();
  }

  group &group_;
  fiber &owner_;
  loop_state &loop_;
  remote remote_;
  eddy_op_t op_{};
  const std::thread::id thread_ = std::this_thread::get_id();
  std::atomic<step> step_{step::building};
  bool delivered_ = false, joined_ = false;
  alignas(callback) std::byte room_[sizeof(callback)];
};

} // namespace detail
} // namespace EDDY_NS

#endif
#endif
