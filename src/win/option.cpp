// Socket options by the system's numbers, and what they tell of a socket.
#include "native.hpp"

namespace eddy {

int socket_family(SOCKET socket) {
  WSAPROTOCOL_INFOW info;
  int size = sizeof info;
  if (getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char *>(&info), &size) < 0)
    return -1;
  return info.iAddressFamily;
}

OsResult os_socket_native_option(eddy_native_t fd, int32_t level, int32_t name, const void *value,
                                 uint32_t size) {
  SOCKET socket = socket_of(fd);
  // Linux says so; Winsock has other answers.
  if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY && socket_family(socket) != AF_INET6)
    return {EDDY_ENOPROTOOPT, 0};
  return os_checked(
      setsockopt(socket, level, name, static_cast<const char *>(value), static_cast<int>(size)));
}

OsResult os_socket_get_native_option(eddy_native_t fd, int32_t level, int32_t name, void *value,
                                     uint32_t *size) {
  int length = static_cast<int>(*size);
  if (getsockopt(socket_of(fd), level, name, static_cast<char *>(value), &length) < 0)
    return os_error_now();
  *size = static_cast<uint32_t>(length);
  return {};
}

} // namespace eddy
