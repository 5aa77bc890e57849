// What accepting gets over: the one list, for attempts and for lanes.
#pragma once

#include "core/base.hpp"

namespace eddy {

// Errors of one connection in the queue, which is gone with it: the next may be taken at once (accept(2)).
inline bool concerns_one_connection(int64_t error) {
  switch (error) {
  case EDDY_ECONNABORTED:
  case EDDY_ECONNRESET:
  case EDDY_ENOTCONN: // gone again (Windows)
  case EDDY_ETIMEDOUT:
  case EDDY_EPROTO:
  case EDDY_EPERM: // a firewall rule
  case EDDY_ENETDOWN:
  case EDDY_ENETUNREACH:
  case EDDY_EHOSTDOWN:
  case EDDY_EHOSTUNREACH:
  case EDDY_ENOPROTOOPT:
  case EDDY_EPROTONOSUPPORT:
  case EDDY_ENOTSUP: return true;
  default: return false;
  }
}

// Those, and what the process or the system lacks at the moment: the listener rests, then goes on.
inline bool accept_goes_on(int64_t error) {
  switch (error) {
  case EDDY_EMFILE:
  case EDDY_ENFILE:
  case EDDY_ENOBUFS:
  case EDDY_ENOMEM:
  case EDDY_ENOSPC: return true;
  default: return concerns_one_connection(error);
  }
}

} // namespace eddy
