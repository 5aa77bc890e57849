// Connecting, for streams and for drivers that connect by themselves.
#pragma once

#include "core/source.hpp"

namespace eddy {

struct Connect {
  const eddy_addr_t *local; // of EDDY_AF_UNIX; nullptr: `inet`, a native address
  uint8_t inet[32];
};

// A connect that found no room at its peer: it is tried again in a while.
void connect_later(Op &head);

} // namespace eddy
