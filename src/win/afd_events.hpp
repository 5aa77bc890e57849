// The events of <eddy/event.h> as those of AFD, whose mask alone decides what the waits of a socket are told.
#pragma once

#include "afd_machine.hpp"

namespace eddy {

// What a poll for them asks. A failed connect and a reset are always asked for: with them nothing else would come.
inline uint32_t afd_mask(uint32_t events) {
  if (!events) return 0;
  uint32_t mask = kAfdConnectFail;
  if (events & EDDY_READABLE) mask |= kAfdReceive | kAfdAccept | kAfdDisconnect;
  if (events & EDDY_WRITABLE) mask |= kAfdSend;
  if (events & EDDY_PRIORITY) mask |= kAfdReceiveExpedited;
  if (events & EDDY_DISCONNECT) mask |= kAfdDisconnect;
  return mask;
}

// What holds. After a reset or a failed connect no call would block.
inline uint32_t afd_events(uint32_t mask) {
  uint32_t events = 0;
  if (mask & (kAfdReceive | kAfdAccept)) events |= EDDY_READABLE;
  if (mask & kAfdSend) events |= EDDY_WRITABLE;
  if (mask & kAfdReceiveExpedited) events |= EDDY_PRIORITY;
  if (mask & kAfdDisconnect) events |= EDDY_READABLE | EDDY_DISCONNECT;
  if (mask & (kAfdAbort | kAfdConnectFail))
    events |= EDDY_POLL_ERROR | EDDY_READABLE | EDDY_WRITABLE | EDDY_DISCONNECT;
  return events;
}

} // namespace eddy
