// Small things that all files of this folder share: descriptors, results, native addresses.
#pragma once

#include "core/os.hpp"

#include <climits>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace eddy {

// -1 for what cannot be a descriptor, so that nothing is cut to another descriptor's number.
inline int fd_of(eddy_native_t native) {
  return native >= 0 && native <= INT_MAX ? static_cast<int>(native) : -1;
}

inline OsResult os_failure(int32_t native) { return {os_error_from_native(native), native}; }

inline OsResult os_checked(int result) { return result < 0 ? os_error_now() : OsResult{result, 0}; }

// What src/seam/sockets needs to know of the system, by names that are the same on all.
using AddrLength = socklen_t;
constexpr size_t kInterfaceName = IF_NAMESIZE;
constexpr int kKeepIdle = TCP_KEEPIDLE, kKeepCount = TCP_KEEPCNT, kKeepInterval = TCP_KEEPINTVL;

// The error of a failed bind or connect. The kernel says EINVAL for an address of another family
// than the socket's when it is too short for that one, EAFNOSUPPORT else; here it is always the
// latter.
OsResult os_address_failure(int fd, int family);

} // namespace eddy
