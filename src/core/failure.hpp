// How a call that is no op fails: with an error, and the system's own code for eddy_last_os_error.
#pragma once

#include "core/os.hpp"

#include <os_thread.hpp>

namespace eddy {

inline int failed(OsResult why) {
  os_keep_error(why.native);
  return static_cast<int>(why.value);
}

inline int failed(int64_t error) { return failed(OsResult{error, 0}); } // eddy itself says so

inline int ended(OsResult outcome) {
  return outcome.value < 0 ? failed(outcome) : static_cast<int>(outcome.value);
}

} // namespace eddy
