// Listeners.
#ifndef EDDY_LISTENER_HPP
#define EDDY_LISTENER_HPP

#include <eddy/listener.h>
#include <eddy/stream.hpp>

namespace eddy {

class listener : public detail::handle<eddy_listener_t, eddy_listener_close> {
public:
  listener() = default;
#if EDDY_EXCEPTIONS
  // Binds and listens. Flags: EDDY_LISTEN_*; a backlog of 0 is the default. Throws std::system_error.
  listener(loop &l, const address &at, std::uint32_t flags = 0, std::uint32_t backlog = 0)
      : listener(open(l, at, flags, backlog).value()) {}
#endif
  static result<listener> open(loop &l, const address &at, std::uint32_t flags = 0,
                               std::uint32_t backlog = 0) {
    eddy_listen_options_t options{};
    options.size = sizeof options;
    options.flags = flags;
    options.backlog = backlog;
    eddy_listener_t *native = nullptr;
    int error = eddy_listener_open(l.get(), &at.native(), &options, &native);
    return made(error, native, l);
  }
  static result<listener> adopt(loop &l, eddy_native_t socket) {
    eddy_listener_t *native = nullptr;
    int error = eddy_listener_adopt(l.get(), socket, &native);
    return made(error, native, l);
  }

  template<int (*Function)(eddy_listener_t *, eddy_op_t *, eddy_cb)>
  class accept_start {
  public:
    static constexpr bool kCancellable = true;
    accept_start(eddy_listener_t *l, eddy_loop_t *loop) : listener_(l), loop_(loop) {}
    eddy_loop_t *loop() const { return loop_; }
    int operator()(eddy_loop_t *, eddy_op_t *op, eddy_cb cb) const {
      return Function(listener_, op, cb);
    }
    stream finish(eddy_op_t *op, std::int64_t) const { return stream(eddy_op_take_stream(op)); }

  private:
    eddy_listener_t *listener_;
    eddy_loop_t *loop_;
  };
  // The next connection. What passes does not end it: with a full descriptor table, no memory and the like, clients
  // wait in the kernel's queue until there is room again.
  auto accept() { return io(accept_start<eddy_listener_accept_next>(handle_, loop_)); }
  // The same, but ends with such an error, for those who want to know: ten times a second at most.
  auto accept_once() { return io(accept_start<eddy_listener_accept>(handle_, loop_)); }

  // Connections wait in the kernel's queue meanwhile.
  void pause() { eddy_listener_pause(handle_); }
  void resume() { eddy_listener_resume(handle_); }
  // With the port that the system chose.
  address local_address() const {
    eddy_addr_t native{};
    eddy_listener_address(handle_, &native);
    return address(native);
  }
  result<void> set_option(std::uint32_t option, std::int64_t value) {
    int error = eddy_listener_set_option(handle_, option, value);
    return error < 0 ? result<void>(detail::code_of(error)) : result<void>();
  }
  eddy_native_t native() const { return eddy_listener_native(handle_); }

private:
  using handle::handle;
  static result<listener> made(int error, eddy_listener_t *native, loop &l) {
    if (error < 0) return detail::code_of(error);
    return listener(native, l.get());
  }
};

} // namespace eddy

#endif
