// The wake descriptor: an eventfd that nobody reads. Each write is a new edge, and its counter takes
// 2^64 - 2 of them.
#include "clock.hpp"
#include "core/os.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace eddy {

OsResult os_wake_open(eddy_native_t *wake) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return os_error_now();
  *wake = fd;
  return {};
}

void os_wake(eddy_native_t wake) {
  int saved = errno;
  uint64_t one = 1;
  // A full counter is a wake that was not seen yet.
  while (write(static_cast<int>(wake), &one, sizeof one) < 0 && errno == EINTR) {
  }
  errno = saved;
}

void wake_wait(eddy_native_t fd, Time until) {
  pollfd wake = {.fd = static_cast<int>(fd), .events = POLLIN, .revents = 0};
  Time now = until == kNever ? 0 : monotonic_now();
  Time left = until > now ? until - now : 0;
  timespec limit = {static_cast<time_t>(left / EDDY_SECOND), static_cast<long>(left % EDDY_SECOND)};
  if (ppoll(&wake, 1, until == kNever ? nullptr : &limit, nullptr) > 0) {
    uint64_t drained;
    ssize_t ignored = read(wake.fd, &drained, sizeof drained);
    (void)ignored;
  }
}

void os_wake_close(eddy_native_t wake) { close(static_cast<int>(wake)); }

} // namespace eddy
