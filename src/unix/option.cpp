// Socket options by the system's numbers.
#include "native.hpp"

namespace eddy {

OsResult os_socket_native_option(eddy_native_t fd, int32_t level, int32_t name, const void *value,
                                 uint32_t size) {
  return os_checked(setsockopt(fd_of(fd), level, name, value, size));
}

OsResult os_socket_get_native_option(eddy_native_t fd, int32_t level, int32_t name, void *value,
                                     uint32_t *size) {
  socklen_t length = *size;
  if (getsockopt(fd_of(fd), level, name, value, &length) < 0) return os_error_now();
  *size = length;
  return {};
}

} // namespace eddy
