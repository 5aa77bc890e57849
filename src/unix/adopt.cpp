// Taking over a socket that somebody else has made, in whatever state it is.
#include "seam/sockets/addr.hpp"
#include "seam/sockets/option.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>

namespace eddy {
namespace {

bool has_address(int fd) {
  sockaddr_storage native;
  socklen_t length = sizeof native;
  eddy_addr_t own;
  if (getsockname(fd, reinterpret_cast<sockaddr *>(&native), &length) < 0) return false;
  if (eddy_addr_from_native(&own, &native, length) < 0) return false;
  return own.family == EDDY_AF_UNIX ? own.length != 0 : own.port != 0;
}

// TCP would choose a port for a socket that has none.
OsResult start_listening(int fd) {
  return has_address(fd) ? os_checked(listen(fd, INT_MAX)) : OsResult{EDDY_EINVAL, 0};
}

// A socket whose connection is over has no peer either, but it has something to read: the end, or why.
OsResult connection_of(int fd) {
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr *>(&peer), &length) == 0) return {};
  if (errno != ENOTCONN) return os_error_now();
  pollfd now = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
  int count;
  do {
    count = poll(&now, 1, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return os_error_now();
  if (now.revents & (POLLIN | POLLRDHUP | POLLERR)) return {};
  return {now.revents ? int64_t{kIdle} : int64_t{EDDY_EALREADY}, 0};
}

} // namespace

OsResult os_socket_adopt(eddy_native_t fd, bool listening) {
  int native = fd_of(fd);
  int flags = fcntl(native, F_GETFL);
  if (flags < 0) return os_error_now();
  OsResult type = get_flag(fd, SO_TYPE);
  if (type.value < 0) return type;
  if (type.value != SOCK_STREAM) return {EDDY_ENOTSOCK, 0};
  OsResult accepts = get_flag(fd, SO_ACCEPTCONN);
  if (accepts.value < 0) return accepts;
  OsResult state;
  if (!listening)
    state = accepts.value ? OsResult{EDDY_EINVAL, 0} : connection_of(native);
  else if (!accepts.value)
    state = start_listening(native);
  if (state.value < 0) return state;
  // Nothing was changed until here.
  int closing = fcntl(native, F_GETFD);
  if (closing < 0 || fcntl(native, F_SETFD, closing | FD_CLOEXEC) < 0) return os_error_now();
  if (fcntl(native, F_SETFL, flags | O_NONBLOCK) < 0) return os_error_now();
  return state;
}

} // namespace eddy
