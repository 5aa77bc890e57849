// mutex: for a critical section with awaits in it. Between two awaits nothing else runs anyway.
//
//   auto held = co_await m.lock();   // until `held` is destroyed
#ifndef EDDY_MUTEX_HPP
#define EDDY_MUTEX_HPP

#include <eddy/wait_queue.hpp>

namespace EDDY_NS {

class mutex {
public:
  class guard {
  public:
    guard() = default;
    explicit guard(mutex &m) : mutex_(&m) {}
    guard(guard &&other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    guard &operator=(guard &&other) noexcept {
      if (this != &other) {
        unlock();
        mutex_ = std::exchange(other.mutex_, nullptr);
      }
      return *this;
    }
    ~guard() { unlock(); }
    void unlock() {
      if (mutex_) std::exchange(mutex_, nullptr)->unlock();
    }
    explicit operator bool() const { return mutex_ != nullptr; }

  private:
    mutex *mutex_ = nullptr;
  };

  mutex() = default;
  ~mutex() {
    if (locked_ && !detail::left_by_fork)
      detail::misuse("a mutex was destroyed while it is locked");
  }

private:
  class acquire {
  public:
    explicit acquire(mutex &m) : mutex_(&m) {}
    std::int64_t attempt() {
      if (mutex_->locked_) return EDDY_EAGAIN;
      mutex_->locked_ = true;
      return 0;
    }
    detail::wait_queue &queue() { return mutex_->queue_; }
    guard value() { return guard(*mutex_); }

  private:
    mutex *mutex_;
  };

public:
  // In the order of asking.
  detail::wait_op<acquire> lock() { return detail::wait_op<acquire>(acquire(*this)); }
  // An empty guard when it is locked.
  guard try_lock() {
    if (locked_) return guard();
    locked_ = true;
    return guard(*this);
  }
  bool locked() const { return locked_; }

private:
  void unlock() {
    if (queue_.empty())
      locked_ = false;
    else
      queue_.settle_first(0); // it stays locked: handed over
  }

  bool locked_ = false;
  detail::wait_queue queue_;
};

} // namespace EDDY_NS

#endif
