// The monotonic clock, and the wait of a loop that has nothing but it and its wake descriptor left.
#pragma once

#include "core/base.hpp"

#include <time.h>

namespace eddy {

inline Time monotonic_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Time>(now.tv_sec) * EDDY_SECOND + static_cast<Time>(now.tv_nsec);
}

// Timers and posts go on after the kernel interface is lost; wake.cpp.
void wake_wait(eddy_native_t wake, Time until);

} // namespace eddy
