// Polling a foreign descriptor, which stays the caller's.
#ifndef EDDY_FD_HPP
#define EDDY_FD_HPP

#include <eddy/fd.h>
#include <eddy/handle.hpp>
#include <eddy/loop.hpp>

namespace eddy {

class fd : public detail::handle<eddy_fd_t, eddy_fd_close> {
public:
  fd() = default;
#if EDDY_EXCEPTIONS
  // Throws std::system_error; the errors of eddy_fd_open.
  fd(loop &l, eddy_native_t native) : fd(open(l, native).value()) {}
#endif
  static result<fd> open(loop &l, eddy_native_t descriptor) {
    eddy_fd_t *native = nullptr;
    int error = eddy_fd_open(l.get(), descriptor, &native);
    if (error < 0) return detail::code_of(error);
    return fd(native, l.get());
  }

  class poll_start {
  public:
    static constexpr bool kCancellable = true;
    poll_start(eddy_fd_t *fd, eddy_loop_t *loop, std::uint32_t events)
        : fd_(fd), loop_(loop), events_(events) {}
    eddy_loop_t *loop() const { return loop_; }
    int operator()(eddy_loop_t *, eddy_op_t *op, eddy_cb cb) const {
      return eddy_fd_poll(fd_, op, events_, 0, cb);
    }
    std::uint32_t finish(eddy_op_t *, std::int64_t mask) const {
      return static_cast<std::uint32_t>(mask);
    }

  private:
    eddy_fd_t *fd_;
    eddy_loop_t *loop_;
    std::uint32_t events_;
  };
  // Until one of the events holds (EDDY_READABLE...); gives those that do.
  io<poll_start> poll(std::uint32_t events) { return io(poll_start(handle_, loop_, events)); }
  eddy_native_t native() const { return eddy_fd_native(handle_); }

private:
  fd(eddy_fd_t *native, eddy_loop_t *loop) : handle(native, loop) {}
};

} // namespace eddy

#endif
