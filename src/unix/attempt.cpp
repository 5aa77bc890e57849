// One attempt of each socket call. A signal is never a result: the call is made again.
#include "api/accept_errors.hpp"
#include "poll_events.hpp"
#include "seam/sockets/addr.hpp"

#include <cerrno>
#include <sys/uio.h>

namespace eddy {
namespace {

static_assert(sizeof(eddy_buf_t) == sizeof(iovec));
static_assert(offsetof(eddy_buf_t, data) == offsetof(iovec, iov_base));
static_assert(offsetof(eddy_buf_t, size) == offsetof(iovec, iov_len));

constexpr uint32_t kCopied = 16; // buffers of a read that starts inside one
constexpr int kAcceptTries = 16;

template<typename Call>
OsResult attempt(Call call) {
  for (;;) {
    auto result = call();
    if (result >= 0) return {static_cast<int64_t>(result), 0};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {kAgain, 0};
    return os_error_now();
  }
}

msghdr message_of(const eddy_buf_t *buffers, uint32_t count) {
  msghdr message = {};
  message.msg_iov = reinterpret_cast<iovec *>(const_cast<eddy_buf_t *>(buffers));
  message.msg_iovlen = count < kMostBuffers ? count : kMostBuffers;
  return message;
}

OsResult read_one(int fd, void *data, size_t size) {
  return attempt([&] { return recv(fd, data, size, MSG_DONTWAIT); });
}

OsResult read_many(int fd, const eddy_buf_t *buffers, uint32_t count) {
  msghdr message = message_of(buffers, count);
  return attempt([&] { return recvmsg(fd, &message, MSG_DONTWAIT); });
}

// The bits that hold now; 0: none. Never blocks.
OsResult poll_now(int fd, short bits) {
  if (fd < 0) return os_failure(EBADF);
  pollfd entry = {fd, bits, 0};
  OsResult result = attempt([&] { return poll(&entry, 1, 0); });
  if (result.value <= 0) return result;
  if (entry.revents & POLLNVAL) return os_failure(EBADF);
  return {entry.revents, 0};
}

} // namespace

// An error is taken from the socket by the call that reports it, so only EINTR may be tried again.
OsResult os_receive(eddy_native_t fd, void *data, size_t size) {
  for (;;) {
    ssize_t got = recv(static_cast<int>(fd), data, size, MSG_DONTWAIT);
    if (got >= 0) [[likely]]
      return {got, 0};
    if (errno == EAGAIN) return {kAgain, 0};
    if (errno != EINTR) return os_error_now();
  }
}

OsResult os_send(eddy_native_t fd, const void *data, size_t size) {
  for (;;) {
    ssize_t sent = send(static_cast<int>(fd), data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) [[likely]]
      return {sent, 0};
    if (errno == EAGAIN) return {kAgain, 0};
    if (errno != EINTR) return os_error_now();
  }
}

OsResult os_read(eddy_native_t fd, const eddy_buf_t *buffers, uint32_t count, size_t offset) {
  if (offset == 0) {
    if (count == 1) return read_one(fd_of(fd), buffers->data, buffers->size);
    return read_many(fd_of(fd), buffers, count);
  }
  // Reading into fewer buffers than there are is only a shorter read, but reading into no room
  // would look like the end of the stream.
  eddy_buf_t rest[kCopied];
  uint32_t used = 0;
  for (uint32_t i = 0; i < count && used < kCopied; i++) {
    size_t skip = i == 0 ? offset : 0;
    if (buffers[i].size <= skip) continue;
    rest[used++] = {static_cast<char *>(buffers[i].data) + skip, buffers[i].size - skip};
  }
  if (used == 0) return {EDDY_EINVAL, 0};
  if (used == 1) return read_one(fd_of(fd), rest->data, rest->size);
  return read_many(fd_of(fd), rest, used);
}

// The kernel says by MSG_CTRUNC that there were descriptors or credentials, for which there is no room.
OsResult os_read_local(eddy_native_t fd, const eddy_buf_t *buffers, uint32_t count, bool &more) {
  msghdr message = message_of(buffers, count);
  OsResult got = attempt([&] { return recvmsg(fd_of(fd), &message, MSG_DONTWAIT); });
  if (got.value > 0 && (message.msg_flags & MSG_CTRUNC)) more = true;
  return got;
}

OsResult os_write(eddy_native_t fd, const eddy_buf_t *buffers, uint32_t count) {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  int native = fd_of(fd);
  if (count == 1) return attempt([&] { return send(native, buffers->data, buffers->size, flags); });
  msghdr message = message_of(buffers, count);
  return attempt([&] { return sendmsg(native, &message, flags); });
}

OsResult os_connect(eddy_native_t fd, const void *address, bool first) {
  int native = fd_of(fd);
  if (first) {
    sa_family_t family;
    memcpy(&family, static_cast<const char *>(address) + offsetof(sockaddr, sa_family),
           sizeof family);
    // AF_UNSPEC would disconnect.
    if (family != AF_INET && family != AF_INET6) return {EDDY_EAFNOSUPPORT, 0};
    socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (connect(native, static_cast<const sockaddr *>(address), length) == 0) return {};
    // An interrupted connect goes on by itself; a second call would say EALREADY.
    if (errno == EINPROGRESS || errno == EINTR) return {kAgain, 0};
    return os_address_failure(native, family);
  }
  OsResult ready = poll_now(native, POLLOUT);
  if (ready.value < 0) return ready;
  if (ready.value == 0) return {kAgain, 0};
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(native, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return os_error_now();
  if (error != 0) return os_failure(error);
  // Hung up without an error: somebody else has read the error, of which there is only one.
  if (ready.value & POLLHUP) return os_failure(ECONNABORTED);
  return {};
}

// Done or refused at once; a full queue of the listener is no promise that readiness will come (connect(2)).
OsResult os_connect_local(eddy_native_t fd, const eddy_addr_t &peer) {
  NativeAddr native;
  OsResult result = native.assign(peer);
  if (result.value < 0) return result;
  result = attempt([&] { return connect(fd_of(fd), &native.any, native.length); });
  if (result.native == EINVAL) return os_address_failure(fd_of(fd), AF_UNIX);
  return {result.value == kAgain ? kBusy : result.value, result.native};
}

OsResult os_accept(eddy_native_t fd, eddy_addr_t &peer) {
  // "Try later" would be wrong after the last try: with edge-triggered readiness there is no later.
  for (int tries = 1;; tries++) {
    sockaddr_storage native;
    socklen_t length = sizeof native;
    OsResult result = attempt([&] {
      length = sizeof native;
      return accept4(fd_of(fd), reinterpret_cast<sockaddr *>(&native), &length,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    });
    if (result.value >= 0) {
      eddy_addr_from_native(&peer, &native, length); // all zero for a family unknown here
      return result;
    }
    if (!concerns_one_connection(result.value) || tries == kAcceptTries) return result;
  }
}

OsResult os_poll(eddy_native_t fd, uint32_t events) {
  OsResult ready = poll_now(fd_of(fd), poll_bits(events));
  if (ready.value < 0) return ready;
  uint32_t held = poll_events(static_cast<uint32_t>(ready.value), events);
  if (held == 0) return {kAgain, 0};
  return {held, 0};
}

} // namespace eddy
