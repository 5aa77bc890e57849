// Options that opening and adopting need, by the system's numbers.
#pragma once

#include "core/os.hpp"

namespace eddy {

OsResult set_flag(eddy_native_t fd, int level, int name, int value);
OsResult get_flag(eddy_native_t fd, int name);                                // of SOL_SOCKET
OsResult set_listen_flags(eddy_native_t fd, uint16_t family, uint32_t flags); // V6ONLY and DELAY

} // namespace eddy
