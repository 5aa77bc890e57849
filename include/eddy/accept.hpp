// Accepting ahead: connections that come while the task does something else wait for it, and one multishot operation
// brings them all.
//
//   auto in = listener.accept_many();
//   for (;;) connections.spawn(serve, co_await in.next());
#ifndef EDDY_ACCEPT_HPP
#define EDDY_ACCEPT_HPP

#include <eddy/listener.h>
#include <eddy/multishot.hpp>
#include <eddy/stream.hpp>

#include <algorithm>
#include <array>
#include <memory>

namespace EDDY_NS {
namespace detail {

// Holds `most` connections at most. It accepts a half of them at a time, and when there may be no room for as many it
// cancels the op: those on their way still fit.
class accept_source final : public multishot {
public:
  static constexpr std::uint32_t kMost = 32;

  accept_source(const handle_ref<eddy_listener_t> &listener, std::uint32_t most)
      : listener_(listener), most_(std::clamp<std::uint32_t>(most, 1, kMost)),
        ahead_((most_ + 1) / 2) {}

  bool ready(loop_state &loop, deadline) {
    if (listener_.closed()) {
      drop();
      end_ = EDDY_ECLOSED;
      return true;
    }
    if (count_) return true;
    loop_ = loop.native;
    if (!eddy_op_pending(&op_)) start();
    return false;
  }
  void wait(fiber &f, std::coroutine_handle<> h, deadline limit) {
    begin_wait(f);
    f.wait(*this, h, limit.at(f.loop->native));
  }

  bool has() const { return count_ > 0; }
  std::int64_t end() const { return end_; }
  stream take() {
    count_--;
    return std::move(queue_[std::exchange(first_, (first_ + 1) % kMost)]);
  }

private:
  void start() { eddy_listener_accept_many(listener_.native(), &op_, ahead_, on_event); }

  void take_in(std::int64_t value) override {
    if (eddy_op_more(&op_)) {
      if (value < 0) return; // it passes, and the listener goes on
      queue_[(first_ + count_++) % kMost] = stream(eddy_op_take_stream(&op_));
      hand_over();
      if (abandoned_ || count_ <= most_ - ahead_) return;
      full_ = true;
      eddy_cancel(&op_);
    } else if (std::exchange(full_, false) && waiting_ && value == EDDY_ECANCELED &&
               !listener_.closed()) {
      start(); // there is room again
    } else {
      end_ = value;
      hand_over();
    }
  }

  void drop() override {
    while (count_) (void)take();
  }

  handle_ref<eddy_listener_t> listener_;
  std::uint32_t most_, ahead_;
  std::array<stream, kMost> queue_;
  std::uint32_t first_ = 0, count_ = 0;
  bool full_ = false;    // the op is being cancelled, which is no end
  std::int64_t end_ = 0; // why it has ended while a task waited
};

} // namespace detail

// Its listener has to outlive it. One task asks at a time. It goes with all connections that nobody has asked for.
class accept_reader {
public:
  accept_reader(const detail::handle_ref<eddy_listener_t> &listener, std::uint32_t most)
      : source_(new detail::accept_source(listener, most)) {}

  // The next connection. As listener::accept: what passes does not end it, and a time-out or cancel loses none.
  auto next() { return detail::next_of<detail::accept_source, true>(source_.get(), {}); }

private:
  std::unique_ptr<detail::accept_source, detail::abandon_source> source_;
};

} // namespace EDDY_NS

#endif
