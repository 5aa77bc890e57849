// semaphore: a number of permits.
#ifndef EDDY_SEMAPHORE_HPP
#define EDDY_SEMAPHORE_HPP

#include <eddy/wait_queue.hpp>

#include <cstddef>

namespace EDDY_NS {

class semaphore {
public:
  explicit semaphore(std::size_t permits) : permits_(permits) {}

private:
  class take {
  public:
    explicit take(semaphore &s) : semaphore_(&s) {}
    std::int64_t attempt() { return semaphore_->try_acquire() ? 0 : EDDY_EAGAIN; }
    detail::wait_queue &queue() { return semaphore_->queue_; }
    void value() {}

  private:
    semaphore *semaphore_;
  };

public:
  // Takes one permit, in the order of asking.
  detail::wait_op<take> acquire() { return detail::wait_op<take>(take(*this)); }
  bool try_acquire() {
    if (!permits_) return false;
    permits_--;
    return true;
  }
  // Gives permits back, or new ones.
  void release(std::size_t permits = 1) {
    for (; permits && !queue_.empty(); permits--) queue_.settle_first(0);
    permits_ += permits;
  }
  std::size_t available() const { return permits_; }

private:
  std::size_t permits_;
  detail::wait_queue queue_;
};

} // namespace EDDY_NS

#endif
