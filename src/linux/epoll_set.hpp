// The one epoll set of a loop, through which both Linux drivers wait: every descriptor is registered once, with all
// events, edge-triggered, the first time it has to wait.
#pragma once

#include "core/driver.hpp"

#include <sys/epoll.h>

namespace eddy {

struct EpollSet {
  static constexpr int kEvents = 256; // of one harvest

  int fd = -1;
  bool coarse = false; // no epoll_pwait2: milliseconds
  // Foreign descriptors in it. There are some that forget what they have told (perf events, mountinfo), and whoever
  // polls a set has its ready ones told: while one is in it, only its harvest may look.
  uint32_t foreign = 0;
  epoll_event events[kEvents];
};

OsResult set_open(EpollSet &set, eddy_native_t wake);
void set_close(EpollSet &set);

// Reports, as edges, what holds from now on; at first what holds now.
OsResult set_arm(EpollSet &set, Source &source);
void set_release(EpollSet &set, Source &source);

// Waits until there are events, and tells the adapter of each. The number of events, or -errno.
int set_harvest(EpollSet &set, Time until);

} // namespace eddy
