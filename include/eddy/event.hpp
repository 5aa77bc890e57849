// event: a flag to wait for.
#ifndef EDDY_EVENT_HPP
#define EDDY_EVENT_HPP

#include <eddy/wait_queue.hpp>

namespace EDDY_NS {

class event {
public:
  explicit event(bool set = false) : set_(set) {}

private:
  class until_set {
  public:
    static constexpr bool kTakesNothing = true;

    explicit until_set(event &e) : event_(&e) {}
    std::int64_t attempt() { return event_->set_ ? 0 : EDDY_EAGAIN; }
    detail::wait_queue &queue() { return event_->queue_; }
    void value() {}

  private:
    event *event_;
  };

public:
  // Until it is set. All who wait then go on, even if it is reset before they run.
  detail::wait_op<until_set> wait() { return detail::wait_op<until_set>(until_set(*this)); }
  void set() {
    set_ = true;
    queue_.settle_all(0);
  }
  void reset() { set_ = false; }
  bool is_set() const { return set_; }

private:
  bool set_;
  detail::wait_queue queue_;
};

} // namespace EDDY_NS

#endif
