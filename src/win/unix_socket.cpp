// Unix sockets, which Windows has since 10 1803: connecting, and the file of a listener.
#include "native.hpp"
#include "wtf8.hpp"

namespace eddy {

OsResult os_socket_pair(eddy_native_t[2]) { return {EDDY_ENOTSUP, 0}; } // pairs are pipes here

OsResult os_connect_local(eddy_native_t fd, const eddy_addr_t &peer) {
  sockaddr_storage native = {};
  int length = eddy_addr_to_native(&peer, &native, sizeof native);
  if (length < 0) return {length, 0};
  if (socket_family(socket_of(fd)) != AF_UNIX) return {EDDY_EAFNOSUPPORT, 0};
  if (connect(socket_of(fd), reinterpret_cast<sockaddr *>(&native), length) == 0) return {};
  OsResult failure = os_error_now();
  return failure.native == WSAEWOULDBLOCK ? OsResult{kAgain, 0} : failure;
}

static bool wide_path(const eddy_addr_t &addr, char16_t path[sizeof addr.bytes + 1]) {
  if (addr.family != EDDY_AF_UNIX || addr.length == 0 || addr.bytes[0] == 0) return false;
  int length = wtf8_to_utf16(addr.bytes, addr.length, path, sizeof addr.bytes);
  if (length > 0) path[length] = 0;
  return length > 0;
}

bool os_path_made(const eddy_addr_t &addr, uint64_t id[2]) {
  char16_t path[sizeof addr.bytes + 1];
  id[0] = id[1] = 0;
  return wide_path(addr, path);
}

void os_path_remove(const eddy_addr_t &addr, const uint64_t[2]) {
  char16_t path[sizeof addr.bytes + 1];
  if (wide_path(addr, path)) DeleteFileW(reinterpret_cast<const wchar_t *>(path));
}

} // namespace eddy
