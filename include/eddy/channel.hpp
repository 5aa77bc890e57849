// channel: values from tasks to tasks, in order. A full one holds the senders back.
//
//   eddy::channel<std::string, 16> lines;
//   co_await lines.send("one");                 // errc::closed when it is closed
//   auto line = co_await lines.receive();       // std::optional: empty when closed and drained
//
// A send that fails, is cancelled or takes too long leaves its value where it was; a receive has taken nothing then.
// Their values are not lost either when both are cancelled in the turn in which one is handed over: they succeed.
//
// Where moving a value may throw, a sender's await throws what comes of moving its own value, whoever is taking it, and
// receive() what comes of moving one that is in the channel, where that stays. One that throws on its last way, out of
// the await of receive(), is gone.
#ifndef EDDY_CHANNEL_HPP
#define EDDY_CHANNEL_HPP

#include <eddy/wait_queue.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace EDDY_NS {

// Room for `Capacity` values, inside the object: no memory but that. With 0 each send waits for its
// receive. First come, first served, on both sides.
template<class T, std::size_t Capacity = 16>
class channel {
  // What a sender holds out while it waits.
  static constexpr bool kSureMove = !EDDY_EXCEPTIONS || std::is_nothrow_move_constructible_v<T>;
  struct sure {
    void fail() {}
    void check() {}
  };
  struct unsure {
    void fail() { thrown = std::current_exception(); }
    void check() {
      if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
    }
    std::exception_ptr thrown;
  };
  struct offer : std::conditional_t<kSureMove, sure, unsure> {
    T *value = nullptr;
  };

  // Moves from the sender's own value when that is taken, and not before.
  class sending {
  public:
    sending(channel &c, T &value) : channel_(&c) { offer_.value = &value; }
    std::int64_t attempt() { return channel_->put(*offer_.value); }
    detail::wait_queue &queue() { return channel_->join_senders(); }
    void value() { offer_.check(); }
    void *subject() { return &offer_; }

  private:
    channel *channel_;
    offer offer_;
  };

  class sending_copy {
  public:
    sending_copy(channel &c, const T &value) : channel_(&c), value_(value) {}
    std::int64_t attempt() { return channel_->put(value_); }
    detail::wait_queue &queue() { return channel_->join_senders(); }
    void value() { offer_.check(); }
    void *subject() {
      offer_.value = &value_;
      return &offer_;
    }

  private:
    channel *channel_;
    T value_;
    offer offer_;
  };

  class receiving {
  public:
    explicit receiving(channel &c) : channel_(&c) {}
    std::int64_t attempt() {
      channel_->get(value_);
      return value_ || channel_->closed_ ? 0 : EDDY_EAGAIN;
    }
    detail::wait_queue &queue() { return channel_->join_receivers(); }
    std::optional<T> value() { return std::move(value_); }
    void *subject() { return &value_; }

  private:
    channel *channel_;
    std::optional<T> value_;
  };

  class until_readable {
  public:
    static constexpr bool kTakesNothing = true;

    explicit until_readable(channel &c) : channel_(&c) {}
    std::int64_t attempt() {
      return channel_->closed_ || channel_->count_ || !channel_->senders_.empty() ? 0 : EDDY_EAGAIN;
    }
    detail::wait_queue &queue() { return channel_->readers_; }
    void value() {}

  private:
    channel *channel_;
  };

  class until_writable {
  public:
    static constexpr bool kTakesNothing = true;

    explicit until_writable(channel &c) : channel_(&c) {}
    std::int64_t attempt() {
      bool room = channel_->count_ < Capacity || !channel_->receivers_.empty();
      return channel_->closed_ || room ? 0 : EDDY_EAGAIN;
    }
    detail::wait_queue &queue() { return channel_->writers_; }
    void value() {}

  private:
    channel *channel_;
  };

public:
  channel() = default;

  // The value has to be there until the await has ended, as it is in `co_await c.send(std::move(v))`. It is moved from
  // when it is received or has found room, else it is still the caller's.
  detail::wait_op<sending> send(T &&value) {
    return detail::wait_op<sending>(sending(*this, value));
  }
  // A copy of it.
  detail::wait_op<sending_copy> send(const T &value) {
    return detail::wait_op<sending_copy>(sending_copy(*this, value));
  }
  detail::wait_op<receiving> receive() { return detail::wait_op<receiving>(receiving(*this)); }

  // Until there is something to receive, or it is closed; takes nothing. Another task may be quicker: use
  // try_receive() then, and wait again if there is nothing. Without room it is readable while a task sends.
  detail::wait_op<until_readable> readable() {
    return detail::wait_op<until_readable>(until_readable(*this));
  }
  // Until try_send() would take a value, or it is closed.
  detail::wait_op<until_writable> writable() {
    return detail::wait_op<until_writable>(until_writable(*this));
  }

  // False when it is full or closed; then the value is still the caller's.
  bool try_send(T &value) { return put(value) == 0; }
  std::optional<T> try_receive() {
    std::optional<T> value;
    get(value);
    return value;
  }

  // No more sends: those that wait end with errc::closed. What is in it can still be received.
  void close() {
    closed_ = true;
    senders_.settle_all(EDDY_ECLOSED);
    receivers_.settle_all(0);
    readers_.settle_all(0);
    writers_.settle_all(0);
  }
  bool closed() const { return closed_; }
  std::size_t size() const { return count_; }

private:
  std::int64_t put(T &value) {
    if (closed_) return EDDY_ECLOSED;
    if (!receivers_.empty()) {
      receivers_.template first_subject<std::optional<T>>().emplace(std::move(value));
      receivers_.settle_first(0);
      return 0;
    }
    if (count_ == Capacity) return EDDY_EAGAIN;
    push(std::move(value));
    readers_.settle_all(0);
    return 0;
  }

  void get(std::optional<T> &into) {
    if (count_) {
      std::optional<T> &slot = ring_[first_];
      into.emplace(std::move(*slot));
      slot.reset();
      first_ = (first_ + 1) % kSlots;
      count_--;
      auto fill = [this](T &value) { push(std::move(value)); };
      if (!take_offer(fill)) writers_.settle_all(0);
    } else { // no room at all
      auto hand_over = [&into](T &value) { into.emplace(std::move(value)); };
      take_offer(hand_over);
    }
  }

  // The first value of a sender that can be moved; a sender whose value cannot ends with that.
  template<class Take>
  bool take_offer(Take take) {
    bool taken = false;
    while (!taken && !senders_.empty()) {
      offer &first = senders_.template first_subject<offer>();
#if EDDY_EXCEPTIONS
      try {
#endif
        take(*first.value);
        taken = true;
#if EDDY_EXCEPTIONS
      } catch (...) {
        first.fail();
      }
#endif
      senders_.settle_first(0);
    }
    return taken;
  }

  void push(T &&value) {
    ring_[(first_ + count_) % kSlots].emplace(std::move(value));
    count_++;
  }

  // Whoever waits for there to be one of them looks when it is in the queue.
  detail::wait_queue &join_senders() {
    readers_.settle_all(0);
    return senders_;
  }
  detail::wait_queue &join_receivers() {
    writers_.settle_all(0);
    return receivers_;
  }

  static constexpr std::size_t kSlots = Capacity ? Capacity : 1;
  std::array<std::optional<T>, kSlots> ring_;
  std::size_t first_ = 0, count_ = 0;
  bool closed_ = false;
  detail::wait_queue senders_, receivers_;
  detail::wait_queue readers_, writers_; // which take and put nothing
};

} // namespace EDDY_NS

#endif
