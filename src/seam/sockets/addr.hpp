// Addresses and their families for the system's calls.
#pragma once

#include "native.hpp"

namespace eddy {

inline int native_family(uint16_t family) { // or AF_UNSPEC
  switch (family) {
  case EDDY_AF_INET: return AF_INET;
  case EDDY_AF_INET6: return AF_INET6;
  case EDDY_AF_UNIX: return AF_UNIX;
  default: return AF_UNSPEC;
  }
}

struct NativeAddr {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  };
  AddrLength length;

  OsResult assign(const eddy_addr_t &addr) { // EDDY_EAFNOSUPPORT
    int result = eddy_addr_to_native(&addr, &any, sizeof local);
    if (result < 0) return {result, 0};
    length = static_cast<AddrLength>(result);
    return {};
  }
};

} // namespace eddy
