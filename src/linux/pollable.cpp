// What may be polled is what epoll takes, which no stat(2) tells: procfs and sysfs have regular files that can.
#include "core/os.hpp"

#include <cerrno>
#include <climits>
#include <sys/epoll.h>

namespace eddy {

// The kernel looks at whether the descriptor can be polled before it sees that it is no epoll set (epoll_ctl(2): EPERM
// before EINVAL), so nothing is registered, and no event of it consumed.
OsResult os_pollable(eddy_native_t native) {
  int fd = native >= 0 && native <= INT_MAX ? static_cast<int>(native) : -1;
  epoll_event event = {};
  epoll_ctl(fd, EPOLL_CTL_ADD, fd, &event);
  if (errno != EINVAL) return os_error_now();
  return {};
}

} // namespace eddy
