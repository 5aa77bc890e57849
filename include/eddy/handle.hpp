// The owner of a handle: its destructor closes it, without waiting. A task that wants to know how the
// close went awaits close().
#ifndef EDDY_HANDLE_HPP
#define EDDY_HANDLE_HPP

#include <eddy/io.hpp>

#include <utility>

namespace eddy::detail {

template<class H, int (*Close)(H *, eddy_op_t *, eddy_cb)>
class handle {
public:
  handle() = default;
  handle(H *h, eddy_loop_t *loop) : handle_(h), loop_(loop) {}
  handle(handle &&other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), loop_(other.loop_) {}
  handle &operator=(handle &&other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, nullptr);
      loop_ = other.loop_;
    }
    return *this;
  }
  ~handle() { reset(); }

  // The C handle; null when there is none.
  H *get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }
  // Closes it now. Operations of other tasks on it end with canceled. In a forked child the loop has it, and frees
  // it with itself.
  void reset() {
    H *mine = std::exchange(handle_, nullptr);
    if (mine && !eddy_loop_inherited(loop_)) Close(mine, nullptr, nullptr);
  }
  // Gives the C handle away.
  H *detach() { return std::exchange(handle_, nullptr); }

  class close_start {
  public:
    static constexpr bool kCancellable = false;
    explicit close_start(handle &h) : owner_(&h) {}
    eddy_loop_t *loop() const { return owner_->loop_; }
    int operator()(eddy_loop_t *, eddy_op_t *op, eddy_cb cb) const {
      return Close(owner_->detach(), op, cb);
    }
    void finish(eddy_op_t *, std::int64_t) const {}

  private:
    handle *owner_;
  };
  // Closes it, and ends when it is closed. Also in a cancelled task.
  io<close_start> close() { return io<close_start>(close_start(*this)); }

protected:
  H *handle_ = nullptr;
  eddy_loop_t *loop_ = nullptr;
};

} // namespace eddy::detail

#endif
