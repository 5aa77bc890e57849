// Small things that all files of this folder share: descriptors, results, native addresses.
#pragma once

#include "../os.hpp"

#include <climits>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace eddy {

// -1 for what cannot be a descriptor, so that nothing is cut to another descriptor's number.
inline int fd_of(eddy_native_t native) {
  return native >= 0 && native <= INT_MAX ? static_cast<int>(native) : -1;
}

inline OsResult os_failure(int32_t native) { return {os_error_from_native(native), native}; }

inline OsResult os_checked(int result) { return result < 0 ? os_error_now() : OsResult{result, 0}; }

// An address for the calls of this folder. Fails with EDDY_EAFNOSUPPORT.
struct NativeAddr {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  };
  socklen_t length;

  OsResult assign(const eddy_addr_t &addr) {
    int result = eddy_addr_to_native(&addr, &any, sizeof local);
    if (result < 0) return {result, 0};
    length = static_cast<socklen_t>(result);
    return {};
  }
};

// The error of a failed bind or connect. The kernel says EINVAL for an address of another family
// than the socket's when it is too short for that one, EAFNOSUPPORT else; here it is always the
// latter.
OsResult os_address_failure(int fd, int family);

} // namespace eddy
