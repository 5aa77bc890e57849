// Listeners.
#ifndef EDDY_LISTENER_HPP
#define EDDY_LISTENER_HPP

#include <eddy/accept.hpp>
#include <eddy/listener.h>
#include <eddy/stream.hpp>

namespace EDDY_NS {

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
    return made(error, native);
  }
  static result<listener> adopt(loop &l, eddy_native_t socket) {
    eddy_listener_t *native = nullptr;
    int error = eddy_listener_adopt(l.get(), socket, &native);
    return made(error, native);
  }

  // The next connection. What passes does not end it: with a full descriptor table, no memory and the like, clients
  // wait in the kernel's queue until there is room again.
  auto accept() { return io(detail::call<&eddy_listener_accept_next, accepted>(ref_)); }
  // The same, but ends with such an error, for those who want to know: ten times a second at most.
  auto accept_once() { return io(detail::call<&eddy_listener_accept, accepted>(ref_)); }

  // One after the other, accepted ahead: at most `most` of them (1 to 32) wait for the task, the others in the kernel's
  // queue. It saves starting an operation for each, where clients come and go.
  accept_reader accept_many(std::uint32_t most = 16) { return accept_reader(ref_, most); }

  // Connections wait in the kernel's queue meanwhile.
  void pause() {
    if (get()) eddy_listener_pause(get());
  }
  void resume() {
    if (get()) eddy_listener_resume(get());
  }
  // With the port that the system chose. Of no family once it is closed.
  address local_address() const {
    eddy_addr_t native{};
    plain(eddy_listener_address, &native);
    return address(native);
  }
  result<void> set_option(std::uint32_t option, std::int64_t value) {
    return tried(eddy_listener_set_option, option, value);
  }
  // EDDY_NO_NATIVE once it is closed.
  eddy_native_t native() const { return get() ? eddy_listener_native(get()) : EDDY_NO_NATIVE; }

private:
  struct accepted {
    static constexpr bool kCancellable = true;
    static stream value(eddy_op_t *op, std::int64_t) { return stream(eddy_op_take_stream(op)); }
  };
  using handle::handle;
  static result<listener> made(int error, eddy_listener_t *native) {
    if (error < 0) return detail::code_of(error);
    return listener(native);
  }
};

} // namespace EDDY_NS

#endif
