// channel: values from tasks to tasks, in order. A full one holds the senders back.
//
//   eddy::channel<std::string, 16> lines;
//   co_await lines.send("one");                 // errc::closed when it is closed
//   auto line = co_await lines.receive();       // std::optional: empty when closed and drained
#ifndef EDDY_CHANNEL_HPP
#define EDDY_CHANNEL_HPP

#include <eddy/wait_queue.hpp>

#include <array>
#include <cstddef>
#include <optional>

namespace EDDY_NS {

// Room for `Capacity` values, inside the object: no memory but that. With 0 each send waits for its
// receive. First come, first served, on both sides.
template<class T, std::size_t Capacity = 16>
class channel {
  class sending {
  public:
    sending(channel &c, T value) : channel_(&c), value_(std::move(value)) {}
    std::int64_t attempt() { return channel_->put(value_); }
    detail::wait_queue &queue() { return channel_->senders_; }
    void value() {}
    T &&take() { return std::move(value_); }

  private:
    channel *channel_;
    T value_;
  };

  class receiving {
  public:
    explicit receiving(channel &c) : channel_(&c) {}
    std::int64_t attempt() {
      value_ = channel_->get();
      return value_ || channel_->closed_ ? 0 : EDDY_EAGAIN;
    }
    detail::wait_queue &queue() { return channel_->receivers_; }
    std::optional<T> value() { return std::move(value_); }
    void fill(T &&value) { value_.emplace(std::move(value)); }

  private:
    channel *channel_;
    std::optional<T> value_;
  };

public:
  channel() = default;

  detail::wait_op<sending> send(T value) {
    return detail::wait_op<sending>(sending(*this, std::move(value)));
  }
  detail::wait_op<receiving> receive() { return detail::wait_op<receiving>(receiving(*this)); }

  // False when it is full or closed; then the value is still the caller's.
  bool try_send(T &value) { return put(value) == 0; }
  std::optional<T> try_receive() { return get(); }

  // No more sends: those that wait end with errc::closed. What is in it can still be received.
  void close() {
    closed_ = true;
    senders_.settle_all(EDDY_ECLOSED);
    receivers_.settle_all(0);
  }
  bool closed() const { return closed_; }
  std::size_t size() const { return count_; }

private:
  std::int64_t put(T &value) {
    if (closed_) return EDDY_ECLOSED;
    if (detail::wait_node *first = receivers_.first()) {
      detail::wait_slot<receiving>::of(first).fill(std::move(value));
      receivers_.settle_first(0);
      return 0;
    }
    if (count_ == Capacity) return EDDY_EAGAIN;
    push(std::move(value));
    return 0;
  }

  std::optional<T> get() {
    std::optional<T> value;
    if (count_) {
      std::optional<T> &slot = ring_[first_];
      value = std::move(slot);
      slot.reset();
      first_ = (first_ + 1) % kSlots;
      count_--;
      if (detail::wait_node *sender = senders_.first()) {
        push(detail::wait_slot<sending>::of(sender).take());
        senders_.settle_first(0);
      }
    } else if (detail::wait_node *sender = senders_.first()) { // no room at all
      value.emplace(detail::wait_slot<sending>::of(sender).take());
      senders_.settle_first(0);
    }
    return value;
  }

  void push(T &&value) {
    ring_[(first_ + count_) % kSlots].emplace(std::move(value));
    count_++;
  }

  static constexpr std::size_t kSlots = Capacity ? Capacity : 1;
  std::array<std::optional<T>, kSlots> ring_;
  std::size_t first_ = 0, count_ = 0;
  bool closed_ = false;
  detail::wait_queue senders_, receivers_;
};

} // namespace EDDY_NS

#endif
