// Polling a foreign descriptor, which stays the caller's.
#ifndef EDDY_FD_HPP
#define EDDY_FD_HPP

#include <eddy/fd.h>
#include <eddy/handle.hpp>
#include <eddy/loop.hpp>

namespace EDDY_NS {

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
    return fd(native);
  }

  // Until one of the events holds (EDDY_READABLE...); gives those that do.
  auto poll(std::uint32_t events) { return io(poll_call(ref_, events)); }
  // EDDY_NO_NATIVE once it is closed.
  eddy_native_t native() const { return get() ? eddy_fd_native(get()) : EDDY_NO_NATIVE; }

private:
  static int poll_once(eddy_fd_t *fd, eddy_op_t *op, std::uint32_t events, eddy_cb cb) {
    return eddy_fd_poll(fd, op, events, 0, cb);
  }
  using poll_call = detail::call<&fd::poll_once, detail::as_mask, std::uint32_t>;
  explicit fd(eddy_fd_t *native) : handle(native) {}
};

} // namespace EDDY_NS

#endif
