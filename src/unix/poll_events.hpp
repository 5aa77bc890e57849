// The events of <eddy/event.h> as poll(2) bits. epoll(7) and io_uring use the same bits on Linux.
#pragma once

#include "core/base.hpp"

#include <poll.h>

namespace eddy {

constexpr uint32_t kAllEvents =
    EDDY_READABLE | EDDY_WRITABLE | EDDY_PRIORITY | EDDY_DISCONNECT | EDDY_POLL_ERROR;

inline short poll_bits(uint32_t events) {
  int bits = 0;
  if (events & EDDY_READABLE) bits |= POLLIN;
  if (events & EDDY_WRITABLE) bits |= POLLOUT;
  if (events & EDDY_PRIORITY) bits |= POLLPRI;
  if (events & EDDY_DISCONNECT) bits |= POLLRDHUP;
  return static_cast<short>(bits);
}

// What holds of `wanted`; an error always counts. A hang-up alone (a pipe without writers gives no
// POLLIN) is readable and writable too: neither call would block, and nothing else will ever come.
inline uint32_t poll_events(uint32_t bits, uint32_t wanted) {
  uint32_t events = 0;
  if (bits & (POLLIN | POLLHUP)) events |= EDDY_READABLE;
  if (bits & (POLLOUT | POLLHUP)) events |= EDDY_WRITABLE;
  if (bits & POLLPRI) events |= EDDY_PRIORITY;
  if (bits & (POLLRDHUP | POLLHUP)) events |= EDDY_DISCONNECT;
  if (bits & POLLERR) events |= EDDY_POLL_ERROR;
  return events & (wanted | EDDY_POLL_ERROR);
}

} // namespace eddy
