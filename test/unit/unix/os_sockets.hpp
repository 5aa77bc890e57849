// Real sockets for the tests of the OS layer for POSIX.
#pragma once

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

extern "C" {
#include <cmocka.h>
}

#include "core/os.hpp"

#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace eddy {

inline void assert_result(OsResult got, int64_t value, int native = 0) {
  if (got.value != value || got.native != native)
    fail_msg("%lld (%d), not %lld (%d)", static_cast<long long>(got.value), got.native,
             static_cast<long long>(value), native);
}

inline eddy_addr_t loopback(uint16_t family, uint16_t port = 0) {
  eddy_addr_t addr;
  assert_int_equal(eddy_addr_loopback(&addr, family, port), 0);
  return addr;
}

inline bool have_ipv6() {
  OsResult opened = os_socket_open(EDDY_AF_INET6);
  if (opened.value < 0) return false;
  bool have = os_socket_bind(opened.value, loopback(EDDY_AF_INET6)).value == 0;
  os_socket_close(opened.value);
  return have;
}

inline eddy_native_t open_socket(uint16_t family) {
  OsResult opened = os_socket_open(family);
  assert_true(opened.value >= 0);
  return opened.value;
}

inline eddy_native_t listen_on(const eddy_addr_t &addr, eddy_addr_t &bound, uint32_t flags = 0) {
  eddy_native_t fd = open_socket(addr.family);
  assert_result(os_socket_listen(fd, addr, 16, flags), 0);
  assert_result(os_socket_address(fd, false, bound), 0);
  assert_int_not_equal(bound.port, 0);
  return fd;
}

struct Connect {
  alignas(8) char bytes[32];
  explicit Connect(const eddy_addr_t &addr) {
    assert_true(eddy_addr_to_native(&addr, bytes, sizeof bytes) > 0);
  }
};

// Waits, so that the attempts below need not.
inline void wait_for(eddy_native_t fd, short bits) {
  pollfd entry = {static_cast<int>(fd), bits, 0};
  assert_int_equal(poll(&entry, 1, 5000), 1);
}

inline OsResult accept_one(eddy_native_t listener, eddy_addr_t &peer) {
  wait_for(listener, POLLIN);
  return os_accept(listener, peer);
}

inline void connect_now(eddy_native_t fd, const eddy_addr_t &peer) {
  Connect address(peer);
  OsResult result = os_connect(fd, address.bytes, true);
  if (result.value == kAgain) {
    wait_for(fd, POLLOUT);
    result = os_connect(fd, address.bytes, false);
  }
  assert_result(result, 0);
}

struct Pair {
  eddy_native_t listener, client, server;
  eddy_addr_t bound, peer;

  explicit Pair(uint16_t family = EDDY_AF_INET, uint32_t flags = 0) {
    listener = listen_on(loopback(family), bound, flags);
    client = open_socket(family);
    connect_now(client, bound);
    OsResult accepted = accept_one(listener, peer);
    assert_true(accepted.value >= 0);
    server = accepted.value;
  }
  ~Pair() {
    os_socket_close(client);
    os_socket_close(server);
    os_socket_close(listener);
  }
  Pair(const Pair &) = delete;
};

inline int option_of(eddy_native_t fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  assert_int_equal(getsockopt(static_cast<int>(fd), level, name, &value, &size), 0);
  return value;
}

inline bool is_nonblocking(eddy_native_t fd) {
  return (fcntl(static_cast<int>(fd), F_GETFL) & O_NONBLOCK) != 0;
}

inline bool closes_on_exec(eddy_native_t fd) {
  return (fcntl(static_cast<int>(fd), F_GETFD) & FD_CLOEXEC) != 0;
}

inline eddy_native_t closed_descriptor() {
  int fd = dup(STDERR_FILENO);
  assert_true(fd >= 0);
  close(fd);
  return fd;
}

// Numbers that are descriptor 2 when cut to an int, and other impossible ones.
constexpr eddy_native_t kImpossible[] = {-1, (INT64_C(1) << 32) + 2, INT64_MAX, INT64_MIN};

} // namespace eddy
