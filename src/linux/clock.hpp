// The monotonic clock.
#pragma once

#include "../base.hpp"

#include <time.h>

namespace eddy {

inline Time monotonic_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Time>(now.tv_sec) * EDDY_SECOND + static_cast<Time>(now.tv_nsec);
}

} // namespace eddy
