// latch: a countdown to wait for, used once.
#ifndef EDDY_LATCH_HPP
#define EDDY_LATCH_HPP

#include <eddy/event.hpp>

#include <cstddef>

namespace EDDY_NS {

class latch {
public:
  explicit latch(std::size_t count) : count_(count), open_(count == 0) {}

  void count_down(std::size_t n = 1) {
    if (n > count_) detail::misuse("a latch was counted down below zero");
    count_ -= n;
    if (!count_) open_.set();
  }
  // Until it is at zero.
  auto wait() { return open_.wait(); }
  auto arrive_and_wait() {
    count_down();
    return wait();
  }
  std::size_t count() const { return count_; }

private:
  std::size_t count_;
  event open_;
};

} // namespace EDDY_NS

#endif
