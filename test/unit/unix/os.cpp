// The OS layer for POSIX: sockets, their options, and the process around them.
#include "run_nothing.h"

#if HAS_POSIX_FILES

#include "os_sockets.hpp"
#include "os_thread.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace eddy;

namespace {

void opening(void **) {
  eddy_native_t fd = open_socket(EDDY_AF_INET);
  assert_true(is_nonblocking(fd));
  assert_true(closes_on_exec(fd));
  assert_int_equal(option_of(fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
  os_socket_close(fd);
  assert_result(os_socket_open(EDDY_AF_NONE), EDDY_EAFNOSUPPORT);
  fd = open_socket(EDDY_AF_UNIX);
  assert_true(is_nonblocking(fd));
  assert_true(closes_on_exec(fd));
  os_socket_close(fd);
  assert_result(os_socket_open(77), EDDY_EAFNOSUPPORT);
}

void opening_without_descriptors(void **) {
  rlimit old;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit none = {0, old.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  OsResult result = os_socket_open(EDDY_AF_INET);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
  assert_result(result, EDDY_EMFILE, EMFILE);
}

void binding(void **) {
  eddy_addr_t bound, foreign;
  eddy_native_t fd = open_socket(EDDY_AF_INET), other = open_socket(EDDY_AF_INET);
  assert_result(os_socket_bind(fd, loopback(EDDY_AF_INET)), 0);
  assert_result(os_socket_address(fd, false, bound), 0);
  assert_int_equal(bound.family, EDDY_AF_INET);
  assert_int_not_equal(bound.port, 0);
  assert_result(os_socket_bind(other, bound), EDDY_EADDRINUSE, EADDRINUSE);
  assert_result(os_socket_bind(fd, bound), EDDY_EINVAL, EINVAL); // bound already
  assert_int_equal(eddy_addr_parse(&foreign, "192.0.2.1:0", 0), 0);
  assert_result(os_socket_bind(other, foreign), EDDY_EADDRNOTAVAIL, EADDRNOTAVAIL);
  assert_int_equal(eddy_addr_parse(&foreign, "unix:/tmp/x", 0), 0);
  assert_int_equal(os_socket_bind(other, foreign).value, EDDY_EAFNOSUPPORT);
  assert_result(os_socket_bind(other, eddy_addr_t{}), EDDY_EAFNOSUPPORT);
  assert_int_equal(os_socket_bind(other, loopback(EDDY_AF_INET6)).value, EDDY_EAFNOSUPPORT);
  assert_result(os_socket_address(other, true, bound), EDDY_ENOTCONN, ENOTCONN);
  os_socket_close(fd);
  os_socket_close(other);
  assert_result(os_socket_bind(closed_descriptor(), loopback(EDDY_AF_INET)), EDDY_EBADF, EBADF);
  for (eddy_native_t no : kImpossible)
    assert_result(os_socket_bind(no, loopback(EDDY_AF_INET)), EDDY_EBADF, EBADF);
}

void an_address_of_the_other_family(void **) {
  if (!have_ipv6()) skip();
  eddy_native_t fd = open_socket(EDDY_AF_INET6);
  eddy_addr_t v4 = loopback(EDDY_AF_INET, 1);
  assert_int_equal(os_socket_bind(fd, v4).value, EDDY_EAFNOSUPPORT);
  assert_int_equal(os_connect(fd, Connect(v4).bytes, true).value, EDDY_EAFNOSUPPORT);
  assert_result(os_socket_bind(fd, loopback(EDDY_AF_INET6)), 0);
  assert_result(os_socket_bind(fd, loopback(EDDY_AF_INET6)), EDDY_EINVAL, EINVAL);
  os_socket_close(fd);
}

void listening(void **) {
  eddy_addr_t bound, again;
  eddy_native_t fd = listen_on(loopback(EDDY_AF_INET), bound);
  assert_int_equal(option_of(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
  assert_int_equal(option_of(fd, SOL_SOCKET, SO_REUSEADDR), 1);
  assert_int_equal(option_of(fd, SOL_SOCKET, SO_REUSEPORT), 0);
  assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  eddy_native_t second = open_socket(EDDY_AF_INET);
  assert_result(os_socket_listen(second, bound, 16, 0), EDDY_EADDRINUSE, EADDRINUSE);
  assert_result(os_socket_listen(second, bound, 16, 1u << 3), EDDY_ENOTSUP);
  assert_result(os_socket_listen(second, bound, 16, 1u << 31), EDDY_ENOTSUP);
  os_socket_close(second);
  os_socket_close(fd);
  // The backlog is the kernel's to cut, whatever its size.
  fd = open_socket(EDDY_AF_INET);
  assert_result(os_socket_listen(fd, loopback(EDDY_AF_INET), UINT32_MAX, 0), 0);
  assert_result(os_socket_address(fd, false, again), 0);
  os_socket_close(fd);
  assert_result(os_socket_listen(closed_descriptor(), bound, 1, 0), EDDY_EBADF, EBADF);
}

void listeners_share_a_port_when_asked(void **) {
  eddy_addr_t bound, same;
  constexpr uint32_t flags = EDDY_LISTEN_REUSE_PORT | EDDY_LISTEN_DELAY;
  eddy_native_t first = listen_on(loopback(EDDY_AF_INET), bound, flags);
  eddy_native_t second = listen_on(bound, same, flags);
  assert_true(eddy_addr_equal(&bound, &same));
  assert_int_equal(option_of(first, IPPROTO_TCP, TCP_NODELAY), 0);
  os_socket_close(first);
  os_socket_close(second);
}

void accepted_streams_inherit_nodelay(void **) {
  Pair pair(EDDY_AF_INET), delayed(EDDY_AF_INET, EDDY_LISTEN_DELAY);
  assert_int_equal(option_of(pair.server, IPPROTO_TCP, TCP_NODELAY), 1);
  assert_int_equal(option_of(delayed.server, IPPROTO_TCP, TCP_NODELAY), 0);
}

void ipv6_listeners_are_dual_stack(void **) {
  if (!have_ipv6()) skip();
  eddy_addr_t any, bound, peer;
  assert_int_equal(eddy_addr_any(&any, EDDY_AF_INET6, 0), 0);
  eddy_native_t listener = listen_on(any, bound), client = open_socket(EDDY_AF_INET);
  connect_now(client, loopback(EDDY_AF_INET, bound.port));
  OsResult accepted = accept_one(listener, peer);
  assert_true(accepted.value >= 0);
  assert_int_equal(peer.family, EDDY_AF_INET6);
  char text[EDDY_ADDR_TEXT];
  assert_true(eddy_addr_format(&peer, text, sizeof text) > 0);
  assert_memory_equal(text, "[::ffff:127.0.0.1]:", 19);
  os_socket_close(accepted.value);
  os_socket_close(client);
  os_socket_close(listener);

  listener = listen_on(any, bound, EDDY_LISTEN_V6ONLY);
  assert_int_equal(option_of(listener, IPPROTO_IPV6, IPV6_V6ONLY), 1);
  os_socket_close(listener);
}

void adopting(void **) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  // Refused as a listener, and left as it was.
  assert_result(os_socket_adopt(ends[0], true), EDDY_EINVAL);
  assert_false(is_nonblocking(ends[0]));
  assert_false(closes_on_exec(ends[0]));
  assert_result(os_socket_adopt(ends[0], false), 0);
  assert_true(is_nonblocking(ends[0]));
  assert_true(closes_on_exec(ends[0]));
  close(ends[0]);
  close(ends[1]);

  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(listen(fd, 1), 0);
  assert_result(os_socket_adopt(fd, false), EDDY_EINVAL);
  assert_false(is_nonblocking(fd));
  assert_result(os_socket_adopt(fd, true), 0);
  assert_true(is_nonblocking(fd));
  close(fd);

  fd = socket(AF_INET, SOCK_DGRAM, 0);
  assert_result(os_socket_adopt(fd, false), EDDY_ENOTSOCK);
  assert_false(is_nonblocking(fd));
  close(fd);
  assert_int_equal(pipe(ends), 0);
  assert_result(os_socket_adopt(ends[0], false), EDDY_ENOTSOCK, ENOTSOCK);
  close(ends[0]);
  close(ends[1]);
  assert_result(os_socket_adopt(closed_descriptor(), false), EDDY_EBADF, EBADF);
  for (eddy_native_t no : kImpossible) assert_result(os_socket_adopt(no, false), EDDY_EBADF, EBADF);
}

void addresses_of_both_ends(void **) {
  uint16_t families[] = {EDDY_AF_INET, EDDY_AF_INET6};
  for (uint16_t family : families) {
    if (family == EDDY_AF_INET6 && !have_ipv6()) continue;
    Pair pair(family);
    eddy_addr_t local, peer;
    assert_result(os_socket_address(pair.client, false, local), 0);
    assert_true(eddy_addr_equal(&local, &pair.peer));
    assert_result(os_socket_address(pair.server, true, peer), 0);
    assert_true(eddy_addr_equal(&local, &peer));
    assert_result(os_socket_address(pair.client, true, peer), 0);
    assert_true(eddy_addr_equal(&peer, &pair.bound));
  }
  eddy_addr_t addr;
  assert_result(os_socket_address(closed_descriptor(), false, addr), EDDY_EBADF, EBADF);
  int fd = socket(AF_NETLINK, SOCK_RAW, 0);
  if (fd >= 0) {
    assert_int_equal(os_socket_address(fd, false, addr).value, EDDY_EAFNOSUPPORT);
    close(fd);
  }
}

struct Case {
  uint32_t option;
  int64_t good[3], bad[3];
};

const Case kCases[] = {
    {EDDY_OPT_NODELAY, {1, 0, 1}, {-1, 2, INT64_C(1) << 32}},
    {EDDY_OPT_KEEPALIVE, {1, 0, 1}, {-1, 2, INT64_MAX}},
    {EDDY_OPT_KEEPALIVE_IDLE, {1, 60, 32767}, {0, 32768, -1}},
    {EDDY_OPT_KEEPALIVE_INTERVAL, {1, 60, 32767}, {0, 32768, INT64_MIN}},
    {EDDY_OPT_KEEPALIVE_COUNT, {1, 60, 127}, {0, 128, (INT64_C(1) << 32) + 1}},
    {EDDY_OPT_LINGER, {5, 0, -1}, {-2, 65536, INT64_MIN}},
    {EDDY_OPT_REUSE_ADDRESS, {1, 0, 1}, {-1, 2, 3}},
};

void options_keep_their_values(void **) {
  Pair pair;
  for (const Case &c : kCases) {
    int64_t value;
    for (int64_t good : c.good) {
      assert_result(os_socket_option(pair.client, c.option, good), 0);
      value = 77;
      assert_result(os_socket_get_option(pair.client, c.option, &value), 0);
      assert_int_equal(value, good);
    }
    for (int64_t bad : c.bad)
      assert_result(os_socket_option(pair.client, c.option, bad), EDDY_EINVAL);
    assert_result(os_socket_get_option(pair.client, c.option, &value), 0);
    assert_int_equal(value, c.good[2]);
  }
}

void buffer_sizes_are_what_the_kernel_makes_of_them(void **) {
  Pair pair;
  const uint32_t options[] = {EDDY_OPT_SEND_BUFFER, EDDY_OPT_RECEIVE_BUFFER};
  for (uint32_t option : options) {
    int64_t value = 0;
    assert_result(os_socket_option(pair.client, option, 16384), 0);
    assert_result(os_socket_get_option(pair.client, option, &value), 0);
    assert_true(value >= 16384);
    assert_result(os_socket_option(pair.client, option, INT32_MAX), 0);
    assert_result(os_socket_option(pair.client, option, 0), EDDY_EINVAL);
    assert_result(os_socket_option(pair.client, option, -1), EDDY_EINVAL);
    assert_result(os_socket_option(pair.client, option, INT64_C(1) << 31), EDDY_EINVAL);
  }
}

void options_of_another_family_or_none(void **) {
  Pair pair;
  int64_t value = 0;
  assert_result(os_socket_option(pair.client, EDDY_OPT_V6ONLY, 1), EDDY_ENOPROTOOPT, ENOPROTOOPT);
  const uint32_t unknown[] = {0, EDDY_OPT_V6ONLY + 1, 1000, UINT32_MAX};
  for (uint32_t option : unknown) {
    assert_result(os_socket_option(pair.client, option, 1), EDDY_EINVAL);
    assert_result(os_socket_get_option(pair.client, option, &value), EDDY_EINVAL);
  }
  assert_result(os_socket_option(closed_descriptor(), EDDY_OPT_NODELAY, 1), EDDY_EBADF, EBADF);
  assert_result(os_socket_get_option(closed_descriptor(), EDDY_OPT_LINGER, &value), EDDY_EBADF,
                EBADF);
  if (!have_ipv6()) return;
  eddy_native_t fd = open_socket(EDDY_AF_INET6);
  for (int64_t set : {1, 0}) {
    assert_result(os_socket_option(fd, EDDY_OPT_V6ONLY, set), 0);
    assert_result(os_socket_get_option(fd, EDDY_OPT_V6ONLY, &value), 0);
    assert_int_equal(value, set);
  }
  os_socket_close(fd);
}

void native_options(void **) {
  Pair pair;
  int value = 1;
  uint32_t size = sizeof value;
  assert_result(
      os_socket_native_option(pair.client, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value), 0);
  value = 0;
  assert_result(os_socket_get_native_option(pair.client, IPPROTO_TCP, TCP_NODELAY, &value, &size),
                0);
  assert_int_equal(value, 1);
  assert_int_equal(size, sizeof value);
  tcp_info info;
  size = sizeof info;
  assert_result(os_socket_get_native_option(pair.client, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  assert_true(size > 0 && size <= sizeof info);
  size = 7;
  assert_result(os_socket_get_native_option(pair.client, SOL_SOCKET, 9999, &value, &size),
                EDDY_ENOPROTOOPT, ENOPROTOOPT);
  assert_int_equal(size, 7);
  assert_result(os_socket_native_option(pair.client, SOL_SOCKET, 9999, &value, sizeof value),
                EDDY_ENOPROTOOPT, ENOPROTOOPT);
  assert_result(os_socket_native_option(pair.client, SOL_SOCKET, SO_KEEPALIVE, &value, 1),
                EDDY_EINVAL, EINVAL);
}

// The process.

void memory_is_aligned(void **) {
  for (size_t size : {size_t{1}, size_t{17}, size_t{4096}, size_t{1} << 20}) {
    void *memory = os_alloc(size);
    assert_non_null(memory);
    assert_int_equal(reinterpret_cast<uintptr_t>(memory) % 16, 0);
    memset(memory, 0xff, size);
    os_release(memory, size);
  }
  os_release(nullptr, 0);
}

void pages_are_zero(void **) {
  constexpr size_t size = 3 * 65536 + 5;
  auto pages = static_cast<unsigned char *>(os_pages(size));
  assert_non_null(pages);
  for (size_t i = 0; i < size; i++) assert_int_equal(pages[i], 0);
  memset(pages, 0xff, size);
  os_release_pages(pages, size);
  assert_null(os_pages(SIZE_MAX / 2));
  assert_null(os_pages(0));
}

void *thread_of_another(void *) { return reinterpret_cast<void *>(os_thread()); }

void threads_are_told_apart(void **) {
  uintptr_t own = os_thread();
  assert_int_not_equal(own, 0);
  pthread_t thread;
  void *other = nullptr;
  assert_int_equal(pthread_create(&thread, nullptr, thread_of_another, nullptr), 0);
  assert_int_equal(pthread_join(thread, &other), 0);
  assert_int_not_equal(reinterpret_cast<uintptr_t>(other), 0);
  assert_int_not_equal(reinterpret_cast<uintptr_t>(other), own);
  assert_int_equal(os_thread(), own);
}

void the_environment_is_read(void **) {
  assert_int_equal(setenv("EDDY_TEST_OS", "here", 1), 0);
  EnvironmentRoom room;
  assert_string_equal(os_environment("EDDY_TEST_OS", room), "here");
  assert_int_equal(unsetenv("EDDY_TEST_OS"), 0);
  assert_null(os_environment("EDDY_TEST_OS", room));
}

void errno_is_the_native_code(void **) {
  errno = ECONNRESET;
  assert_result(os_error_now(), EDDY_ECONNRESET, ECONNRESET);
  errno = EAGAIN;
  assert_result(os_error_now(), EDDY_EAGAIN, EAGAIN);
  errno = EXDEV;
  assert_result(os_error_now(), EDDY_EUNKNOWN, EXDEV);
}

void interfaces_have_numbers(void **) {
  uint32_t index = 0;
  if (os_interface_index("lo", 2, index) == 0) assert_true(index > 0);
  assert_int_equal(os_interface_index("lo-and-more", 2, index) == 0, index > 0);
  assert_int_equal(os_interface_index("", 0, index), EDDY_ENODEV);
  assert_int_equal(os_interface_index("no-such-if0", 11, index), EDDY_ENODEV);
  assert_int_equal(os_interface_index("sixteen-letters.", 16, index), EDDY_ENODEV);
}

// Ends the child process with what `check` says.
int status_of_child(int (*check)()) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(check());
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return status;
}

void abort_says_why(void **) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGABRT, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    os_abort("what went wrong");
  }
  close(ends[1]);
  char text[256];
  size_t size = 0;
  for (ssize_t got; (got = read(ends[0], text + size, sizeof text - 1 - size)) > 0;)
    size += static_cast<size_t>(got);
  close(ends[0]);
  text[size] = 0;
  assert_string_equal(text, "eddy: what went wrong\n");
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGABRT);
}

int locks, unlocks, children;

int fork_counts_in_child() { return locks == 1 && unlocks == 0 && children == 1 ? 0 : 1; }

void forks_are_noticed(void **) {
  os_on_fork([] { locks++; }, [] { unlocks++; }, [] { children++; });
  assert_int_equal(status_of_child(fork_counts_in_child), 0);
  assert_int_equal(locks, 1);
  assert_int_equal(unlocks, 1);
  assert_int_equal(children, 0);
}

void a_stack_that_cannot_be(void **) {
  static const OsThread other = {[](void *) {}, nullptr};
  OsResult refused = os_thread_start(other, 1); // below PTHREAD_STACK_MIN
  assert_int_equal(refused.value, EDDY_EINVAL);
  assert_true(refused.native != 0);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(opening),
      cmocka_unit_test(opening_without_descriptors),
      cmocka_unit_test(binding),
      cmocka_unit_test(an_address_of_the_other_family),
      cmocka_unit_test(listening),
      cmocka_unit_test(listeners_share_a_port_when_asked),
      cmocka_unit_test(accepted_streams_inherit_nodelay),
      cmocka_unit_test(ipv6_listeners_are_dual_stack),
      cmocka_unit_test(adopting),
      cmocka_unit_test(addresses_of_both_ends),
      cmocka_unit_test(options_keep_their_values),
      cmocka_unit_test(buffer_sizes_are_what_the_kernel_makes_of_them),
      cmocka_unit_test(options_of_another_family_or_none),
      cmocka_unit_test(native_options),
      cmocka_unit_test(memory_is_aligned),
      cmocka_unit_test(pages_are_zero),
      cmocka_unit_test(threads_are_told_apart),
      cmocka_unit_test(the_environment_is_read),
      cmocka_unit_test(errno_is_the_native_code),
      cmocka_unit_test(interfaces_have_numbers),
      cmocka_unit_test(abort_says_why),
      cmocka_unit_test(forks_are_noticed),
      cmocka_unit_test(a_stack_that_cannot_be),
  };
  return cmocka_run_group_tests_name("unix_os", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("this is about POSIX calls; contract tests cover the other half");
#endif
