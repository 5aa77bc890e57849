// Options by eddy's numbers, with the same ranges on every OS, and by the system's own.
#include "native.hpp"

#include <netinet/tcp.h>

namespace eddy {
namespace {

struct Option {
  int level, name;
  int64_t least, most;
};

constexpr int kMaxLinger = 65535; // what Windows can hold

// By EDDY_OPT_*. On Linux the numbers and limits of tcp(7) and socket(7).
constexpr Option kOptions[] = {
    {},
    {IPPROTO_TCP, TCP_NODELAY, 0, 1},
    {SOL_SOCKET, SO_KEEPALIVE, 0, 1},
    {IPPROTO_TCP, TCP_KEEPIDLE, 1, 32767},
    {IPPROTO_TCP, TCP_KEEPINTVL, 1, 32767},
    {IPPROTO_TCP, TCP_KEEPCNT, 1, 127},
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
  int number = static_cast<int>(value);
  if (option != EDDY_OPT_LINGER)
    return os_checked(setsockopt(fd_of(fd), known->level, known->name, &number, sizeof number));
  linger state = {number >= 0, number >= 0 ? number : 0};
  return os_checked(setsockopt(fd_of(fd), known->level, known->name, &state, sizeof state));
}

OsResult os_socket_get_option(eddy_native_t fd, uint32_t option, int64_t *value) {
  const Option *known = option_of(option);
  if (!known) return {EDDY_EINVAL, 0};
  linger state = {}; // starts with an int, which is all that the others fill
  socklen_t size = option == EDDY_OPT_LINGER ? sizeof state : sizeof(int);
  if (getsockopt(fd_of(fd), known->level, known->name, &state, &size) < 0) return os_error_now();
  if (option == EDDY_OPT_LINGER)
    *value = state.l_onoff ? state.l_linger : -1;
  else
    *value = known->most == 1 ? state.l_onoff != 0 : state.l_onoff;
  return {};
}

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
