// Options by eddy's numbers, with the same ranges on every OS, and by the system's own.
#include "native.hpp"

#include <climits>

namespace eddy {
namespace {

struct Option {
  int level, name;
  int64_t least, most;
};

// <ws2ipdef.h> of newer SDKs; Windows 10 1709 and later, others say WSAENOPROTOOPT.
constexpr int kKeepIdle = 3, kKeepCount = 16, kKeepInterval = 17;
constexpr int kMaxLinger = 65535; // an unsigned short

// By EDDY_OPT_*.
constexpr Option kOptions[] = {
    {},
    {IPPROTO_TCP, TCP_NODELAY, 0, 1},
    {SOL_SOCKET, SO_KEEPALIVE, 0, 1},
    {IPPROTO_TCP, kKeepIdle, 1, 32767},
    {IPPROTO_TCP, kKeepInterval, 1, 32767},
    {IPPROTO_TCP, kKeepCount, 1, 127},
    {SOL_SOCKET, SO_SNDBUF, 1, INT_MAX},
    {SOL_SOCKET, SO_RCVBUF, 1, INT_MAX},
    {SOL_SOCKET, SO_LINGER, -1, kMaxLinger},
    {SOL_SOCKET, SO_REUSEADDR, 0, 1},
    {IPPROTO_IPV6, IPV6_V6ONLY, 0, 1},
};
constexpr uint32_t kOptionCount = sizeof kOptions / sizeof *kOptions;
static_assert(kOptionCount == EDDY_OPT_V6ONLY + 1);

const Option *option_of(uint32_t option) {
  return option > 0 && option < kOptionCount ? &kOptions[option] : nullptr;
}

} // namespace

OsResult os_socket_option(eddy_native_t fd, uint32_t option, int64_t value) {
  const Option *known = option_of(option);
  if (!known || value < known->least || value > known->most) return {EDDY_EINVAL, 0};
  if (option == EDDY_OPT_LINGER) {
    linger state = {value >= 0, static_cast<u_short>(value >= 0 ? value : 0)};
    return os_socket_native_option(fd, known->level, known->name, &state, sizeof state);
  }
  if (option == EDDY_OPT_V6ONLY && socket_family(socket_of(fd)) != AF_INET6)
    return {EDDY_ENOPROTOOPT, 0};
  int number = static_cast<int>(value);
  return os_socket_native_option(fd, known->level, known->name, &number, sizeof number);
}

OsResult os_socket_get_option(eddy_native_t fd, uint32_t option, int64_t *value) {
  const Option *known = option_of(option);
  if (!known) return {EDDY_EINVAL, 0};
  OsResult got;
  if (option == EDDY_OPT_LINGER) {
    linger state = {};
    uint32_t size = sizeof state;
    got = os_socket_get_native_option(fd, known->level, known->name, &state, &size);
    if (got.value == 0) *value = state.l_onoff ? state.l_linger : -1;
    return got;
  }
  int number = 0; // some flags fill only its first byte
  uint32_t size = sizeof number;
  got = os_socket_get_native_option(fd, known->level, known->name, &number, &size);
  if (got.value == 0) *value = known->most == 1 ? number != 0 : number;
  return got;
}

OsResult os_socket_native_option(eddy_native_t fd, int32_t level, int32_t name, const void *value,
                                 uint32_t size) {
  return os_checked(setsockopt(socket_of(fd), level, name, static_cast<const char *>(value),
                               static_cast<int>(size)));
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
