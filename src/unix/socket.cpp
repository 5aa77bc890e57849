// The life of a socket: open, bind, listen, shut down, close.
#include "seam/sockets/addr.hpp"
#include "seam/sockets/option.hpp"

#include <cerrno>
#include <unistd.h>

namespace eddy {

OsResult os_address_failure(int fd, int family) {
  OsResult failure = os_error_now();
  if (failure.native != EINVAL) return failure;
  sockaddr_storage own;
  socklen_t length = sizeof own;
  if (getsockname(fd, reinterpret_cast<sockaddr *>(&own), &length) == 0 && own.ss_family != family)
    failure.value = EDDY_EAFNOSUPPORT;
  return failure;
}

OsResult os_socket_open(uint16_t family) {
  int native = native_family(family);
  if (native == AF_UNSPEC) return {EDDY_EAFNOSUPPORT, 0};
  return os_checked(socket(native, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

OsResult os_socket_bind(eddy_native_t fd, const eddy_addr_t &addr) {
  NativeAddr native;
  OsResult result = native.assign(addr);
  if (result.value < 0) return result;
  if (bind(fd_of(fd), &native.any, native.length) == 0) return {};
  return os_address_failure(fd_of(fd), native.any.sa_family);
}

OsResult os_socket_listen(eddy_native_t fd, const eddy_addr_t &addr, uint32_t backlog,
                          uint32_t flags) {
  constexpr uint32_t known = EDDY_LISTEN_REUSE_PORT | EDDY_LISTEN_V6ONLY | EDDY_LISTEN_DELAY;
  if (flags & ~known) return {EDDY_ENOTSUP, 0};
  OsResult result;
  if (addr.family != EDDY_AF_UNIX) result = set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (result.value == 0 && (flags & EDDY_LISTEN_REUSE_PORT))
    result = set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (result.value == 0) result = set_listen_flags(fd, addr.family, flags);
  if (result.value == 0) result = os_socket_bind(fd, addr);
  if (result.value == 0)
    result = os_checked(listen(fd_of(fd), backlog < INT_MAX ? static_cast<int>(backlog) : INT_MAX));
  return result;
}

OsResult os_socket_address(eddy_native_t fd, bool peer, eddy_addr_t &addr) {
  sockaddr_storage native;
  socklen_t length = sizeof native;
  auto call = peer ? getpeername : getsockname;
  if (call(fd_of(fd), reinterpret_cast<sockaddr *>(&native), &length) < 0) return os_error_now();
  return {eddy_addr_from_native(&addr, &native, length), 0};
}

OsResult os_socket_pair(eddy_native_t ends[2]) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
    return os_error_now();
  ends[0] = fds[0];
  ends[1] = fds[1];
  return {};
}

OsResult os_socket_shutdown(eddy_native_t fd, uint32_t side) {
  int how = 0;
  switch (side) {
  case EDDY_SHUT_READ: how = SHUT_RD; break;
  case EDDY_SHUT_WRITE: how = SHUT_WR; break;
  case EDDY_SHUT_BOTH: how = SHUT_RDWR; break;
  default: return {EDDY_EINVAL, 0};
  }
  return os_checked(shutdown(fd_of(fd), how));
}

// Never repeated: Linux has freed the number even when close(2) says EINTR.
void os_socket_drop(eddy_native_t fd) { close(fd_of(fd)); }

} // namespace eddy
