// The life of a socket: open or adopt, bind, listen, shut down, close.
#include "core/source.hpp"
#include "object.hpp"
#include "seam/sockets/addr.hpp"
#include "seam/sockets/option.hpp"

namespace eddy {
namespace {

OsResult set_nonblocking(SOCKET socket) {
  u_long on = 1;
  return os_checked(ioctlsocket(socket, static_cast<long>(FIONBIO), &on));
}

// Winsock says that a number is no socket, whatever else it is or is not.
OsResult not_a_socket(eddy_native_t native, OsResult failure) {
  DWORD flags;
  if (failure.native == WSAENOTSOCK &&
      (native < 0 ||
       !GetHandleInformation(handle_of(native), &flags))) // -1 is this process, as a handle
    return os_failure(ERROR_INVALID_HANDLE);
  return failure;
}

// Windows takes 200 for a long queue, and more only as this hint (SOMAXCONN_HINT, Windows 8).
int backlog_of(uint32_t wanted) {
  constexpr uint32_t least_hint = 200, most_hint = 65535;
  if (wanted < least_hint) return static_cast<int>(wanted);
  return -static_cast<int>(wanted < most_hint ? wanted : most_hint);
}

OsResult start_listening(SOCKET socket) {
  sockaddr_storage own;
  int length = sizeof own;
  if (getsockname(socket, reinterpret_cast<sockaddr *>(&own), &length) < 0)
    return {EDDY_EINVAL, 0}; // not bound
  OsResult done = os_checked(listen(socket, backlog_of(UINT32_MAX)));
  return done.native == WSAEISCONN ? OsResult{EDDY_EINVAL, 0} : done;
}

// While it connects it has a peer, but no time that it has been connected for.
OsResult connection_of(SOCKET socket) {
  sockaddr_storage peer;
  int length = sizeof peer;
  if (getpeername(socket, reinterpret_cast<sockaddr *>(&peer), &length) < 0) {
    OsResult failure = os_error_now();
    return failure.native == WSAENOTCONN ? OsResult{kIdle, 0} : failure;
  }
  constexpr int connect_time = 0x700C; // SO_CONNECT_TIME of <mswsock.h>
  DWORD seconds = 0;
  int size = sizeof seconds;
  int got = getsockopt(socket, SOL_SOCKET, connect_time, reinterpret_cast<char *>(&seconds), &size);
  return got == 0 && seconds == MAXDWORD ? OsResult{EDDY_EALREADY, 0} : OsResult{};
}

} // namespace

OsResult os_socket_open(uint16_t family) {
  int native = native_family(family);
  if (native == AF_UNSPEC) return {EDDY_EAFNOSUPPORT, 0};
  system_start();
  SOCKET socket = WSASocketW(native, SOCK_STREAM, native == AF_UNIX ? 0 : IPPROTO_TCP, nullptr, 0,
                             WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (socket == INVALID_SOCKET) return os_error_now();
  OsResult result = set_nonblocking(socket);
  // Both stacks, as elsewhere: IPv4 peers have mapped addresses.
  if (result.value == 0 && native == AF_INET6)
    result = set_flag(static_cast<eddy_native_t>(socket), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (result.value == 0) return {static_cast<int64_t>(socket), 0};
  closesocket(socket);
  return result;
}

OsResult os_socket_bind(eddy_native_t fd, const eddy_addr_t &addr) {
  NativeAddr native;
  OsResult result = native.assign(addr);
  if (result.value < 0) return result;
  if (socket_family(socket_of(fd)) != native.any.sa_family) return {EDDY_EAFNOSUPPORT, 0};
  return os_checked(bind(socket_of(fd), &native.any, native.length));
}

// SO_REUSEADDR would let others take the port away, and there is nothing like SO_REUSEPORT.
OsResult os_socket_listen(eddy_native_t fd, const eddy_addr_t &addr, uint32_t backlog,
                          uint32_t flags) {
  if (flags & ~uint32_t{EDDY_LISTEN_V6ONLY | EDDY_LISTEN_DELAY}) return {EDDY_ENOTSUP, 0};
  OsResult result;
  if (addr.family != EDDY_AF_UNIX) result = set_flag(fd, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
  if (result.value == 0) result = set_listen_flags(fd, addr.family, flags);
  if (result.value == 0) result = os_socket_bind(fd, addr);
  if (result.value == 0) result = os_checked(listen(socket_of(fd), backlog_of(backlog)));
  return result;
}

OsResult os_socket_adopt(eddy_native_t fd, bool listening) {
  system_start();
  OsResult answers = file_answers(fd);
  if (answers.value < 0) return answers;
  OsResult type = get_flag(fd, SO_TYPE);
  if (type.value < 0) return not_a_socket(fd, type);
  if (type.value != SOCK_STREAM) return {EDDY_ENOTSOCK, 0};
  OsResult accepts = get_flag(fd, SO_ACCEPTCONN);
  if (accepts.value < 0) return accepts;
  OsResult state;
  if (!listening)
    state = accepts.value ? OsResult{EDDY_EINVAL, 0} : connection_of(socket_of(fd));
  else if (!accepts.value)
    state = start_listening(socket_of(fd));
  if (state.value < 0) return state;
  // Nothing was changed until here.
  SetHandleInformation(handle_of(fd), HANDLE_FLAG_INHERIT, 0);
  OsResult set = set_nonblocking(socket_of(fd));
  return set.value < 0 ? set : state;
}

OsResult os_socket_address(eddy_native_t fd, bool peer, eddy_addr_t &addr) {
  SOCKET socket = socket_of(fd);
  sockaddr_storage native = {};
  int length = sizeof native;
  auto call = peer ? getpeername : getsockname;
  if (call(socket, reinterpret_cast<sockaddr *>(&native), &length) < 0) {
    OsResult failure = os_error_now();
    if (peer || failure.native != WSAEINVAL) return failure;
    native.ss_family = static_cast<ADDRESS_FAMILY>(socket_family(socket)); // not bound yet
    length = sizeof native;
  }
  return {eddy_addr_from_native(&addr, &native, static_cast<size_t>(length)), 0};
}

OsResult os_socket_shutdown(eddy_native_t fd, uint32_t side) {
  int how = 0;
  switch (side) {
  case EDDY_SHUT_READ: how = SD_RECEIVE; break;
  case EDDY_SHUT_WRITE: how = SD_SEND; break;
  case EDDY_SHUT_BOTH: how = SD_BOTH; break;
  default: return {EDDY_EINVAL, 0};
  }
  return os_checked(shutdown(socket_of(fd), how));
}

void os_socket_drop(eddy_native_t fd) { closesocket(socket_of(fd)); }

OsResult os_pollable(eddy_native_t fd) {
  system_start();
  OsResult answers = file_answers(fd);
  if (answers.value < 0) return answers;
  OsResult type = get_flag(fd, SO_TYPE);
  if (type.value >= 0) return {};
  if (type.native == WSAENOTSOCK && GetFileType(handle_of(fd)) == FILE_TYPE_DISK)
    return {EDDY_EPERM, type.native};
  if (type.native == WSAENOTSOCK && fd > 0 && waitable(handle_of(fd))) // -1 is this process
    return {static_cast<int64_t>(Medium::waitable), 0};
  return not_a_socket(fd, type);
}

} // namespace eddy
