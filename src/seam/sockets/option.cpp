// Options by eddy's numbers, with the same ranges on every OS.
#include "option.hpp"

#include "native.hpp"

#include <climits>

namespace eddy {
namespace {

struct Option {
  int level, name;
  int64_t least, most;
};

constexpr int kMaxLinger = 65535; // what Windows can hold

// By EDDY_OPT_*. The limits are those of tcp(7) and socket(7).
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

OsResult set_linger(eddy_native_t fd, bool on, int64_t seconds) {
  linger state = {static_cast<decltype(linger::l_onoff)>(on),
                  static_cast<decltype(linger::l_linger)>(seconds)};
  return os_socket_native_option(fd, SOL_SOCKET, SO_LINGER, &state, sizeof state);
}

OsResult get_linger(eddy_native_t fd, int64_t *value) {
  linger state = {};
  uint32_t size = sizeof state;
  OsResult got = os_socket_get_native_option(fd, SOL_SOCKET, SO_LINGER, &state, &size);
  if (got.value == 0) *value = state.l_onoff ? state.l_linger : -1;
  return got;
}

} // namespace

OsResult set_flag(eddy_native_t fd, int level, int name, int value) {
  return os_socket_native_option(fd, level, name, &value, sizeof value);
}

OsResult get_flag(eddy_native_t fd, int name) {
  int value = 0;
  uint32_t size = sizeof value;
  OsResult got = os_socket_get_native_option(fd, SOL_SOCKET, name, &value, &size);
  return got.value < 0 ? got : OsResult{value, 0};
}

OsResult set_listen_flags(eddy_native_t fd, uint16_t family, uint32_t flags) {
  OsResult result;
  if (family == EDDY_AF_INET6)
    result = set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, (flags & EDDY_LISTEN_V6ONLY) != 0);
  if (result.value == 0 && family != EDDY_AF_UNIX && !(flags & EDDY_LISTEN_DELAY))
    result = set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  return result;
}

OsResult os_socket_option(eddy_native_t fd, uint32_t option, int64_t value) {
  const Option *known = option_of(option);
  if (!known || value < known->least || value > known->most) return {EDDY_EINVAL, 0};
  if (option == EDDY_OPT_LINGER) return set_linger(fd, value >= 0, value >= 0 ? value : 0);
  return set_flag(fd, known->level, known->name, static_cast<int>(value));
}

OsResult os_socket_get_option(eddy_native_t fd, uint32_t option, int64_t *value) {
  const Option *known = option_of(option);
  if (!known) return {EDDY_EINVAL, 0};
  if (option == EDDY_OPT_LINGER) return get_linger(fd, value);
  int number = 0; // some flags fill only its first byte
  uint32_t size = sizeof number;
  OsResult got = os_socket_get_native_option(fd, known->level, known->name, &number, &size);
  if (got.value == 0) *value = known->most == 1 ? number != 0 : number;
  return got;
}

OsResult os_socket_reset_on_close(eddy_native_t fd) { return set_linger(fd, true, 0); }

} // namespace eddy
