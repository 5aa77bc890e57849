// One attempt of each socket call, on real sockets. Faults that the kernel does not give on demand
// are scripted: this program's own accept4, connect and so on come before libc's.
#include "run_nothing.h"

#if HAS_POSIX_FILES

#undef _FORTIFY_SOURCE
#include "os_sockets.hpp"
#include "poll_events.hpp"

#include <cstdlib>
#include <initializer_list>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/syscall.h>

using namespace eddy;

namespace {

// The next calls of one function fail with these errors; `calls` counts all of them. kThenDo lets
// the kernel do it and reports EINTR all the same.
enum Call { kNone, kAccept, kConnect, kSend, kReceive };
constexpr int kThenDo = -1;
struct {
  Call call;
  int errors[20];
  int next, count, calls;
} script;

void fail_next(Call call, int error, int times = 1) {
  script = {};
  script.call = call;
  script.count = times;
  for (int i = 0; i < times; i++) script.errors[i] = error;
}

bool fails(Call call, int *error) {
  if (script.call != call) return false;
  script.calls++;
  if (script.next == script.count) return false;
  *error = script.errors[script.next++];
  return true;
}

template<typename... Args>
long scripted(Call call, long number, Args... args) {
  int error = 0;
  bool failing = fails(call, &error);
  if (failing && error != kThenDo) {
    errno = error;
    return -1;
  }
  long result = syscall(number, args...);
  if (!failing) return result;
  errno = EINTR;
  return -1;
}

} // namespace

extern "C" {
int accept4(int fd, sockaddr *addr, socklen_t *length, int flags) {
  return static_cast<int>(scripted(kAccept, SYS_accept4, fd, addr, length, flags));
}
int connect(int fd, const sockaddr *addr, socklen_t length) {
  return static_cast<int>(scripted(kConnect, SYS_connect, fd, addr, length));
}
ssize_t send(int fd, const void *data, size_t size, int flags) {
  return scripted(kSend, SYS_sendto, fd, data, size, flags, nullptr, 0);
}
ssize_t sendmsg(int fd, const msghdr *message, int flags) {
  return scripted(kSend, SYS_sendmsg, fd, message, flags);
}
ssize_t recv(int fd, void *data, size_t size, int flags) {
  return scripted(kReceive, SYS_recvfrom, fd, data, size, flags, nullptr, nullptr);
}
ssize_t recvmsg(int fd, msghdr *message, int flags) {
  return scripted(kReceive, SYS_recvmsg, fd, message, flags);
}
}

namespace {

eddy_buf_t buf(void *data, size_t size) { return {data, size}; }

eddy_buf_t buf(const char *text) { return {const_cast<char *>(text), strlen(text)}; }

void reading_one_buffer(void **) {
  Pair pair;
  char text[8] = {};
  eddy_buf_t in = buf(text, sizeof text), out = buf("hello");
  assert_result(os_read(pair.server, &in, 1, 0), kAgain);
  assert_result(os_write(pair.client, &out, 1), 5);
  wait_for(pair.server, POLLIN);
  assert_result(os_read(pair.server, &in, 1, 0), 5);
  assert_string_equal(text, "hello");
  assert_result(os_read(pair.server, &in, 1, 0), kAgain);
  assert_result(os_socket_shutdown(pair.client, EDDY_SHUT_WRITE), 0);
  wait_for(pair.server, POLLIN);
  assert_result(os_read(pair.server, &in, 1, 0), 0);
}

void reading_several_buffers(void **) {
  Pair pair;
  char first[3] = {}, last[8] = {};
  eddy_buf_t in[] = {buf(first, 2), buf(nullptr, 0), buf(last, 7)};
  eddy_buf_t out[] = {buf("he"), buf(nullptr, 0), buf("l"), buf("lo")};
  assert_result(os_read(pair.server, in, 3, 0), kAgain);
  assert_result(os_write(pair.client, out, 4), 5);
  wait_for(pair.server, POLLIN);
  assert_result(os_read(pair.server, in, 3, 0), 5);
  assert_string_equal(first, "he");
  assert_string_equal(last, "llo");
}

void reading_from_inside_the_first_buffer(void **) {
  Pair pair;
  eddy_buf_t out = buf("hello");
  for (uint32_t count : {1u, 2u, 3u}) {
    char first[8] = "....", last[8] = "....";
    eddy_buf_t in[] = {buf(first, 3), buf(nullptr, 0), buf(last, 4)};
    assert_result(os_write(pair.client, &out, 1), 5);
    wait_for(pair.server, POLLIN);
    assert_result(os_read(pair.server, in, count, 1), count == 3 ? 5 : 2);
    assert_string_equal(first, ".he.");
    if (count == 3) {
      assert_string_equal(last, "llo.");
      continue;
    }
    eddy_buf_t rest = buf(last, 4);
    assert_result(os_read(pair.server, &rest, 1, 0), 3);
  }
  // The first buffer is full already.
  char one[1], last[8] = {};
  eddy_buf_t in[] = {buf(one, 1), buf(last, 7)};
  assert_result(os_write(pair.client, &out, 1), 5);
  wait_for(pair.server, POLLIN);
  assert_result(os_read(pair.server, in, 2, 1), 5);
  assert_string_equal(last, "hello");
  // No room at all is no end of the stream.
  assert_result(os_read(pair.server, in, 1, 1), EDDY_EINVAL);
  // More buffers than are copied: a short read.
  assert_result(os_write(pair.client, &out, 1), 5);
  wait_for(pair.server, POLLIN);
  char many[40];
  eddy_buf_t single[20];
  for (size_t i = 0; i < 20; i++) single[i] = buf(many + 2 * i, 2);
  assert_result(os_read(pair.server, single, 20, 1), 5);
  assert_memory_equal(many + 1, "hello", 5);
}

void more_buffers_than_the_kernel_takes(void **) {
  Pair pair;
  static char bytes[1500], got[1500];
  static eddy_buf_t out[1500], in[1500];
  for (size_t i = 0; i < 1500; i++) {
    bytes[i] = static_cast<char>(i);
    out[i] = buf(bytes + i, 1);
    in[i] = buf(got + i, 1);
  }
  assert_result(os_write(pair.client, out, 1500), 1024);
  wait_for(pair.server, POLLIN);
  assert_result(os_read(pair.server, in, 1500, 0), 1024);
  assert_memory_equal(bytes, got, 1024);
}

void a_full_peer_takes_no_more(void **) {
  Pair pair;
  static char block[1 << 20];
  eddy_buf_t out = buf(block, sizeof block), two[] = {out, out};
  int64_t total = 0;
  OsResult result;
  while ((result = os_write(pair.client, &out, 1)).value != kAgain) {
    assert_true(result.value > 0);
    total += result.value;
  }
  assert_true(total > 0);
  assert_result(os_write(pair.client, two, 2), kAgain);
}

void writing_to_nobody(void **) {
  Pair pair;
  eddy_buf_t out = buf("x"), two[] = {out, out};
  assert_result(os_socket_shutdown(pair.client, EDDY_SHUT_WRITE), 0);
  assert_result(os_write(pair.client, &out, 1), EDDY_EPIPE, EPIPE); // without SIGPIPE
  assert_result(os_write(pair.client, two, 2), EDDY_EPIPE, EPIPE);
  eddy_native_t fd = open_socket(EDDY_AF_INET);
  char text[4];
  eddy_buf_t in = buf(text, sizeof text);
  assert_result(os_read(fd, &in, 1, 0), EDDY_ENOTCONN, ENOTCONN);
  assert_true(os_write(fd, &out, 1).value < 0);
  assert_result(os_socket_shutdown(fd, EDDY_SHUT_BOTH), EDDY_ENOTCONN, ENOTCONN);
  os_socket_close(fd);
  fd = closed_descriptor();
  assert_result(os_read(fd, &in, 1, 0), EDDY_EBADF, EBADF);
  assert_result(os_write(fd, &out, 1), EDDY_EBADF, EBADF);
}

void a_reset_is_seen_by_the_peer(void **) {
  Pair pair;
  char text[4];
  eddy_buf_t in = buf(text, sizeof text);
  assert_result(os_socket_reset_on_close(pair.client), 0);
  os_socket_close(pair.client);
  wait_for(pair.server, POLLIN);
  assert_result(os_read(pair.server, &in, 1, 0), EDDY_ECONNRESET, ECONNRESET);
  pair.client = -1;
}

void signals_do_not_end_an_attempt(void **) {
  Pair pair;
  char text[8] = {};
  eddy_buf_t in[] = {buf(text, 2), buf(text + 2, 2)}, out[] = {buf("ab"), buf("cd")};
  for (uint32_t count : {1u, 2u}) {
    fail_next(kSend, EINTR, 3);
    assert_result(os_write(pair.client, out, count), 2 * count);
    assert_int_equal(script.calls, 4);
    wait_for(pair.server, POLLIN);
    fail_next(kReceive, EINTR, 3);
    assert_result(os_read(pair.server, in, count, 0), 2 * count);
    assert_int_equal(script.calls, 4);
  }
  assert_string_equal(text, "abcd");
  fail_next(kReceive, EWOULDBLOCK);
  assert_result(os_read(pair.server, in, 1, 0), kAgain);
  fail_next(kReceive, ETIMEDOUT);
  assert_result(os_read(pair.server, in, 1, 0), EDDY_ETIMEDOUT, ETIMEDOUT);
  fail_next(kSend, ENOBUFS);
  assert_result(os_write(pair.client, out, 1), EDDY_ENOBUFS, ENOBUFS);
  script = {};
}

void shutting_down_each_side(void **) {
  Pair pair;
  char text[4];
  eddy_buf_t in = buf(text, sizeof text), out = buf("x");
  assert_result(os_socket_shutdown(pair.client, EDDY_SHUT_READ), 0);
  assert_result(os_read(pair.client, &in, 1, 0), 0);
  assert_result(os_write(pair.client, &out, 1), 1);
  assert_result(os_socket_shutdown(pair.client, EDDY_SHUT_BOTH), 0);
  assert_result(os_write(pair.client, &out, 1), EDDY_EPIPE, EPIPE);
  assert_result(os_socket_shutdown(pair.client, 0), EDDY_EINVAL);
  assert_result(os_socket_shutdown(pair.client, 4), EDDY_EINVAL);
}

void connecting(void **) {
  eddy_addr_t bound, peer;
  eddy_native_t listener = listen_on(loopback(EDDY_AF_INET), bound);
  eddy_native_t fd = open_socket(EDDY_AF_INET);
  connect_now(fd, bound);
  Connect address(bound);
  assert_result(os_connect(fd, address.bytes, false), 0);
  // The kernel owes a connect that was under way one success.
  assert_true(os_connect(fd, address.bytes, true).value != kAgain);
  assert_result(os_connect(fd, address.bytes, true), EDDY_EISCONN, EISCONN);
  os_socket_close(fd);
  // A signal does not stop it: it goes on in the kernel.
  fd = open_socket(EDDY_AF_INET);
  fail_next(kConnect, kThenDo);
  assert_result(os_connect(fd, address.bytes, true), kAgain);
  assert_int_equal(script.calls, 1);
  script = {};
  wait_for(fd, POLLOUT);
  assert_result(os_connect(fd, address.bytes, false), 0);
  OsResult accepted = accept_one(listener, peer);
  os_socket_close(accepted.value);
  os_socket_close(fd);
  os_socket_close(listener);
  const char none[32] = {};
  fd = open_socket(EDDY_AF_INET);
  assert_result(os_connect(fd, none, true), EDDY_EAFNOSUPPORT); // AF_UNSPEC
  os_socket_close(fd);
  assert_result(os_connect(closed_descriptor(), address.bytes, true), EDDY_EBADF, EBADF);
  assert_result(os_connect(closed_descriptor(), address.bytes, false), EDDY_EBADF, EBADF);
}

void connecting_to_nobody(void **) {
  eddy_addr_t bound;
  eddy_native_t holder = open_socket(EDDY_AF_INET), fd = open_socket(EDDY_AF_INET);
  assert_result(os_socket_bind(holder, loopback(EDDY_AF_INET)), 0); // a port, but no listener
  assert_result(os_socket_address(holder, false, bound), 0);
  Connect address(bound);
  OsResult result = os_connect(fd, address.bytes, true);
  if (result.value == kAgain) {
    wait_for(fd, POLLOUT);
    result = os_connect(fd, address.bytes, false);
    // The error is there once; after that the connection is still none.
    assert_result(os_connect(fd, address.bytes, false), EDDY_ECONNABORTED, ECONNABORTED);
  }
  assert_result(result, EDDY_ECONNREFUSED, ECONNREFUSED);
  os_socket_close(fd);
  os_socket_close(holder);
  fd = open_socket(EDDY_AF_INET);
  fail_next(kConnect, ENETUNREACH);
  assert_result(os_connect(fd, address.bytes, true), EDDY_ENETUNREACH, ENETUNREACH);
  script = {};
  os_socket_close(fd);
}

void a_connect_under_way_is_waited_for(void **) {
  // A listener whose queue is full answers nothing.
  eddy_addr_t bound;
  eddy_native_t listener = open_socket(EDDY_AF_INET), clients[8];
  assert_result(os_socket_listen(listener, loopback(EDDY_AF_INET), 0, 0), 0);
  assert_result(os_socket_address(listener, false, bound), 0);
  Connect address(bound);
  bool waited = false;
  for (eddy_native_t &fd : clients) {
    fd = open_socket(EDDY_AF_INET);
    OsResult result = os_connect(fd, address.bytes, true);
    if (result.value == kAgain) result = os_connect(fd, address.bytes, false);
    assert_true(result.value == 0 || result.value == kAgain);
    if (result.value == 0) continue;
    waited = true;
    assert_result(os_connect(fd, address.bytes, true), EDDY_EALREADY, EALREADY);
    assert_result(os_poll(fd, EDDY_READABLE | EDDY_WRITABLE | EDDY_DISCONNECT), kAgain);
  }
  for (eddy_native_t fd : clients) os_socket_close(fd);
  os_socket_close(listener);
  assert_true(waited);
}

void accepting(void **) {
  uint16_t families[] = {EDDY_AF_INET, EDDY_AF_INET6};
  for (uint16_t family : families) {
    if (family == EDDY_AF_INET6 && !have_ipv6()) continue;
    Pair pair(family);
    eddy_addr_t peer, client;
    assert_true(is_nonblocking(pair.server));
    assert_true(closes_on_exec(pair.server));
    assert_result(os_socket_address(pair.client, false, client), 0);
    assert_memory_equal(&client, &pair.peer, sizeof client);
    assert_result(os_accept(pair.listener, peer), kAgain);
    assert_result(os_accept(pair.client, peer), EDDY_EINVAL, EINVAL);
  }
  eddy_addr_t peer;
  assert_result(os_accept(closed_descriptor(), peer), EDDY_EBADF, EBADF);
}

void errors_of_one_connection_are_passed_over(void **) {
  const int passed[] = {ECONNABORTED, EPROTO,       EPERM,       ENETDOWN, ENETUNREACH,
                        EHOSTDOWN,    EHOSTUNREACH, ENOPROTOOPT, ENONET,   EOPNOTSUPP};
  eddy_addr_t bound, peer;
  eddy_native_t listener = listen_on(loopback(EDDY_AF_INET), bound);
  for (int error : passed) {
    eddy_native_t client = open_socket(EDDY_AF_INET);
    connect_now(client, bound);
    wait_for(listener, POLLIN);
    fail_next(kAccept, error, 3);
    OsResult accepted = os_accept(listener, peer);
    assert_true(accepted.value >= 0);
    assert_int_equal(script.calls, 4);
    os_socket_close(accepted.value);
    os_socket_close(client);
    // They do not hide that nobody else waits.
    fail_next(kAccept, error, 3);
    assert_result(os_accept(listener, peer), kAgain);
    // A filter that refuses every call must not hold up the loop.
    fail_next(kAccept, error, 20);
    assert_result(os_accept(listener, peer), os_error_from_native(error), error);
    assert_int_equal(script.calls, 16);
  }
  fail_next(kAccept, EINTR, 18);
  assert_result(os_accept(listener, peer), kAgain);
  const int returned[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
  for (int error : returned) {
    fail_next(kAccept, error);
    assert_result(os_accept(listener, peer), os_error_from_native(error), error);
    assert_int_equal(script.calls, 1);
  }
  script = {};
  os_socket_close(listener);
}

constexpr uint32_t kAllEvents = EDDY_READABLE | EDDY_WRITABLE | EDDY_PRIORITY | EDDY_DISCONNECT;

void polling_a_connection(void **) {
  Pair pair;
  eddy_buf_t out = buf("x");
  assert_result(os_poll(pair.server, kAllEvents), EDDY_WRITABLE);
  assert_result(os_poll(pair.server, EDDY_READABLE), kAgain);
  assert_result(os_poll(pair.server, EDDY_POLL_ERROR), kAgain);
  assert_result(os_poll(pair.server, 0), kAgain);
  assert_result(os_write(pair.client, &out, 1), 1);
  wait_for(pair.server, POLLIN);
  assert_result(os_poll(pair.server, kAllEvents), EDDY_READABLE | EDDY_WRITABLE);
  assert_result(os_poll(pair.server, EDDY_READABLE), EDDY_READABLE);
  assert_int_equal(::send(static_cast<int>(pair.client), "!", 1, MSG_OOB), 1);
  wait_for(pair.server, POLLPRI);
  assert_result(os_poll(pair.server, EDDY_PRIORITY), EDDY_PRIORITY);
  assert_result(os_socket_shutdown(pair.client, EDDY_SHUT_WRITE), 0);
  wait_for(pair.server, POLLRDHUP);
  assert_result(os_poll(pair.server, EDDY_DISCONNECT), EDDY_DISCONNECT);
}

void polling_an_error(void **) {
  Pair pair;
  assert_result(os_socket_reset_on_close(pair.client), 0);
  os_socket_close(pair.client);
  pair.client = -1;
  wait_for(pair.server, POLLIN);
  assert_result(os_poll(pair.server, EDDY_PRIORITY), EDDY_POLL_ERROR);
  assert_result(os_poll(pair.server, EDDY_DISCONNECT), EDDY_DISCONNECT | EDDY_POLL_ERROR);
}

void polling_a_pipe_without_the_other_end(void **) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_result(os_poll(ends[0], kAllEvents), kAgain);
  assert_result(os_poll(ends[1], kAllEvents), EDDY_WRITABLE);
  close(ends[1]);
  assert_result(os_poll(ends[0], EDDY_READABLE), EDDY_READABLE);
  assert_result(os_poll(ends[0], EDDY_DISCONNECT), EDDY_DISCONNECT);
  close(ends[0]);
  assert_int_equal(pipe(ends), 0);
  close(ends[0]);
  assert_true(os_poll(ends[1], EDDY_READABLE).value & EDDY_POLL_ERROR);
  close(ends[1]);
}

void polling_what_is_not_open(void **) {
  assert_result(os_poll(closed_descriptor(), kAllEvents), EDDY_EBADF, EBADF);
  for (eddy_native_t no : kImpossible) {
    assert_result(os_poll(no, kAllEvents), EDDY_EBADF, EBADF);
    assert_result(os_pollable(no), EDDY_EBADF, EBADF);
  }
  assert_result(os_pollable(closed_descriptor()), EDDY_EBADF, EBADF);
}

void files_cannot_be_polled(void **) {
  char path[] = "test_os_XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  unlink(path);
  assert_result(os_pollable(fd), EDDY_EPERM, EPERM);
  close(fd);
  fd = open(".", O_RDONLY | O_DIRECTORY);
  assert_true(fd >= 0);
  assert_result(os_pollable(fd), EDDY_EPERM, EPERM);
  close(fd);
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_result(os_pollable(ends[0]), 0);
  close(ends[0]);
  close(ends[1]);
  eddy_native_t socket = open_socket(EDDY_AF_INET);
  assert_result(os_pollable(socket), 0);
  os_socket_close(socket);
}

void poll_bits_both_ways(void **) {
  assert_int_equal(poll_bits(0), 0);
  assert_int_equal(poll_bits(kAllEvents), POLLIN | POLLOUT | POLLPRI | POLLRDHUP);
  assert_int_equal(poll_events(0, kAllEvents), 0);
  assert_int_equal(poll_events(POLLIN, EDDY_WRITABLE), 0);
  assert_int_equal(poll_events(POLLERR, 0), EDDY_POLL_ERROR);
  assert_int_equal(poll_events(POLLRDHUP, kAllEvents), EDDY_DISCONNECT);
  assert_int_equal(poll_events(POLLHUP, kAllEvents),
                   EDDY_DISCONNECT | EDDY_READABLE | EDDY_WRITABLE);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(reading_one_buffer),
      cmocka_unit_test(reading_several_buffers),
      cmocka_unit_test(reading_from_inside_the_first_buffer),
      cmocka_unit_test(more_buffers_than_the_kernel_takes),
      cmocka_unit_test(a_full_peer_takes_no_more),
      cmocka_unit_test(writing_to_nobody),
      cmocka_unit_test(a_reset_is_seen_by_the_peer),
      cmocka_unit_test(signals_do_not_end_an_attempt),
      cmocka_unit_test(shutting_down_each_side),
      cmocka_unit_test(connecting),
      cmocka_unit_test(connecting_to_nobody),
      cmocka_unit_test(a_connect_under_way_is_waited_for),
      cmocka_unit_test(accepting),
      cmocka_unit_test(errors_of_one_connection_are_passed_over),
      cmocka_unit_test(polling_a_connection),
      cmocka_unit_test(polling_an_error),
      cmocka_unit_test(polling_a_pipe_without_the_other_end),
      cmocka_unit_test(polling_what_is_not_open),
      cmocka_unit_test(files_cannot_be_polled),
      cmocka_unit_test(poll_bits_both_ways),
  };
  return cmocka_run_group_tests_name("unix_attempt", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("this is about POSIX calls; contract tests cover the other half");
#endif
