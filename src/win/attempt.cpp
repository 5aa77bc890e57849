// One attempt of each socket call, on non-blocking sockets.
#include "afd_calls.hpp"
#include "afd_events.hpp"
#include "api/accept_errors.hpp"
#include "native.hpp"

#include <climits>

namespace eddy {
namespace {

constexpr uint32_t kMaxBuffers = 64;
constexpr int kAcceptTries = 16;
// A non-blocking send takes all it is given as long as the buffer is not full: what one send may add to it.
constexpr size_t kMaxSend = 1024 * 1024;

OsResult outcome(int result, DWORD moved) {
  if (result == 0) return {static_cast<int64_t>(moved), 0};
  OsResult failure = os_error_now();
  return failure.native == WSAEWOULDBLOCK ? OsResult{kAgain, 0} : failure;
}

OsResult look(SOCKET socket, uint32_t events) {
  OsResult base = afd_base_socket(static_cast<eddy_native_t>(socket));
  return base.value < 0 ? base : afd_look(static_cast<uintptr_t>(base.value), events);
}

// Some stacks give the end of the stream, not the error, after a reset.
OsResult end_or_reset(SOCKET socket) {
  OsResult now = look(socket, kAfdAbort);
  return now.value > 0 && (now.value & kAfdAbort) ? os_failure(WSAECONNRESET) : OsResult{};
}

// Buffers as Winsock has them; empty ones are left out. The bytes in all never exceed `most`.
uint32_t translate(const eddy_buf_t *buffers, uint32_t count, size_t offset, size_t most,
                   WSABUF *out) {
  uint32_t used = 0;
  for (uint32_t i = 0; i < count && used < kMaxBuffers && most; i++) {
    size_t skip = i == 0 ? offset : 0;
    if (buffers[i].size <= skip) continue;
    size_t size = buffers[i].size - skip;
    if (size > most) size = most;
    most -= size;
    out[used++] = {static_cast<ULONG>(size), static_cast<char *>(buffers[i].data) + skip};
  }
  return used;
}

OsResult receive(SOCKET socket, WSABUF *buffers, uint32_t count) {
  DWORD moved = 0, flags = 0;
  int result = WSARecv(socket, buffers, count, &moved, &flags, nullptr, nullptr);
  if (result == 0 && moved == 0) return end_or_reset(socket);
  OsResult got = outcome(result, moved);
  return got.native == WSAESHUTDOWN ? OsResult{} : got; // this side's end is the end, as elsewhere
}

// The address of IPv4 inside, as bytes; nullptr: there is none.
uint8_t *v4_part(sockaddr_in6 &address) {
  if (address.sin6_family == AF_INET)
    return reinterpret_cast<uint8_t *>(&reinterpret_cast<sockaddr_in &>(address).sin_addr);
  return IN6_IS_ADDR_V4MAPPED(&address.sin6_addr) ? address.sin6_addr.s6_addr + 12 : nullptr;
}

// 0.0.0.0, as a mapped address too, and :: mean this machine elsewhere; Winsock refuses to connect to them.
void make_connectable(sockaddr_in6 &address) {
  constexpr uint8_t any[4] = {}, loopback[4] = {127, 0, 0, 1};
  if (uint8_t *v4 = v4_part(address)) {
    if (memcmp(v4, any, sizeof any) == 0) memcpy(v4, loopback, sizeof loopback);
  } else if (IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr)) {
    address.sin6_addr = in6addr_loopback;
  }
}

bool is_loopback(sockaddr_in6 &address) {
  if (const uint8_t *v4 = v4_part(address)) return v4[0] == 127;
  return IN6_IS_ADDR_LOOPBACK(&address.sin6_addr);
}

// Windows repeats a refused SYN for two seconds, on the loopback interface too. Windows 10 1709 and later.
void refuse_at_once(SOCKET socket) {
  struct {
    USHORT rtt;
    UCHAR retransmissions;
  } initial = {0xffff, 0xfe};               // <mstcpip.h>: the default RTT, no retransmissions
  constexpr DWORD kInitialRto = 0x98000011; // SIO_TCP_INITIAL_RTO
  DWORD bytes;
  WSAIoctl(socket, kInitialRto, &initial, sizeof initial, nullptr, 0, &bytes, nullptr, nullptr);
}

} // namespace

OsResult os_receive(eddy_native_t fd, void *data, size_t size) {
  WSABUF one = {static_cast<ULONG>(size < INT_MAX ? size : INT_MAX), static_cast<char *>(data)};
  return receive(socket_of(fd), &one, 1);
}

OsResult os_send(eddy_native_t fd, const void *data, size_t size) {
  eddy_buf_t one = {const_cast<void *>(data), size};
  return os_write(fd, &one, 1);
}

OsResult os_read(eddy_native_t fd, const eddy_buf_t *buffers, uint32_t count, size_t offset) {
  WSABUF native[kMaxBuffers];
  uint32_t used = translate(buffers, count, offset, INT_MAX, native);
  if (used == 0) return {EDDY_EINVAL, 0};
  return receive(socket_of(fd), native, used);
}

// No message of Windows carries anything.
OsResult os_read_local(eddy_native_t fd, const eddy_buf_t *buffers, uint32_t count, bool &) {
  return os_read(fd, buffers, count, 0);
}

OsResult os_write(eddy_native_t fd, const eddy_buf_t *buffers, uint32_t count) {
  WSABUF native[kMaxBuffers];
  uint32_t used = translate(buffers, count, 0, kMaxSend, native);
  if (used == 0) return {};
  DWORD moved = 0;
  int result = WSASend(socket_of(fd), native, used, &moved, 0, nullptr, nullptr);
  return outcome(result, moved);
}

OsResult os_connect(eddy_native_t fd, const void *address, bool first) {
  SOCKET socket = socket_of(fd);
  if (first) {
    ADDRESS_FAMILY family;
    memcpy(&family, address, sizeof family);
    // AF_UNSPEC would disconnect.
    if (family != AF_INET && family != AF_INET6) return {EDDY_EAFNOSUPPORT, 0};
    if (socket_family(socket) != family) return {EDDY_EAFNOSUPPORT, 0};
    int length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    sockaddr_in6 native = {};
    memcpy(&native, address, static_cast<size_t>(length));
    make_connectable(native);
    if (is_loopback(native)) refuse_at_once(socket);
    return outcome(connect(socket, reinterpret_cast<sockaddr *>(&native), length), 0);
  }
  int error = 0, size = sizeof error;
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, reinterpret_cast<char *>(&error), &size) < 0)
    return os_error_now();
  if (error != 0) return os_failure(static_cast<DWORD>(error));
  fd_set writable, failed;
  FD_ZERO(&writable);
  writable.fd_array[writable.fd_count++] = socket;
  failed = writable;
  timeval none = {0, 0};
  int ready = select(0, nullptr, &writable, &failed, &none);
  if (ready < 0) return os_error_now();
  if (ready == 0) return {kAgain, 0};
  if (failed.fd_count == 0) return {};
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, reinterpret_cast<char *>(&error), &size) < 0)
    return os_error_now();
  return os_failure(static_cast<DWORD>(error ? error : WSAECONNABORTED));
}

OsResult os_accept(eddy_native_t fd, eddy_addr_t &peer) {
  for (int tries = 1;; tries++) {
    sockaddr_storage native;
    int length = sizeof native;
    SOCKET socket = accept(socket_of(fd), reinterpret_cast<sockaddr *>(&native), &length);
    if (socket == INVALID_SOCKET) {
      OsResult failure = outcome(-1, 0);
      // Winsock itself, here: the next is not to be had either.
      if (failure.value == EDDY_ENETDOWN || !concerns_one_connection(failure.value)) return failure;
      if (tries < kAcceptTries) continue;
      return {kAgain, 0}; // the next poll tells at once when there are more
    }
    eddy_native_t accepted = static_cast<eddy_native_t>(socket);
    SetHandleInformation(handle_of(accepted), HANDLE_FLAG_INHERIT, 0);
    u_long on = 1;
    ioctlsocket(socket, static_cast<long>(FIONBIO), &on);
    eddy_addr_from_native(&peer, &native, static_cast<size_t>(length));
    return {accepted, 0};
  }
}

OsResult os_poll(eddy_native_t fd, uint32_t events) {
  OsResult now = look(socket_of(fd), afd_mask(events));
  if (now.value < 0) return now;
  uint32_t held = afd_events(static_cast<uint32_t>(now.value)) & (events | EDDY_POLL_ERROR);
  return {held ? held : kAgain, 0};
}

} // namespace eddy
