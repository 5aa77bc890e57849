// Small things that all files of this folder share: Windows' headers, descriptors, results.
#pragma once

#include "core/os.hpp"

#include <atomic>

#include <winsock2.h>
#include <ws2tcpip.h>

#include <iphlpapi.h>
#include <windows.h>

namespace eddy {

inline SOCKET socket_of(eddy_native_t native) { return static_cast<SOCKET>(native); }
inline HANDLE handle_of(eddy_native_t native) { return reinterpret_cast<HANDLE>(native); }
inline eddy_native_t native_of(HANDLE handle) { return reinterpret_cast<eddy_native_t>(handle); }

inline OsResult os_failure(DWORD code) {
  int32_t native = static_cast<int32_t>(code);
  return {os_error_from_native(native), native};
}

// Winsock keeps its codes in the thread's last error.
inline OsResult os_checked(int result) { return result < 0 ? os_error_now() : OsResult{result, 0}; }

// What src/seam/sockets needs to know of the system, by names that are the same on all.
using AddrLength = int;
constexpr size_t kInterfaceName = NDIS_IF_MAX_STRING_SIZE + 1;
// <ws2ipdef.h> of newer SDKs; Windows 10 1709 and later, others say WSAENOPROTOOPT.
constexpr int kKeepIdle = 3, kKeepCount = 16, kKeepInterval = 17;
struct sockaddr_un { // <afunix.h>, which older SDKs lack
  ADDRESS_FAMILY sun_family;
  char sun_path[108];
};

void system_start();              // once per process, before sockets and threads
int socket_family(SOCKET socket); // AF_*, or -1

// A function that the oldest supported Windows, or Wine, may not have.
template<class Function>
Function *system_function(const char *library, const char *name) {
  HMODULE module = GetModuleHandleA(library);
  FARPROC found = module ? GetProcAddress(module, name) : nullptr;
  return reinterpret_cast<Function *>(reinterpret_cast<void *>(found));
}

// ... and that is asked for often: kept from its first use on. Any thread; those that come first look for themselves.
template<class Function>
class LateFunction {
public:
  constexpr LateFunction(const char *in, const char *called) : library(in), name(called) {}

  Function *get() { // nullptr: it is not there
    uintptr_t known = found.load(std::memory_order_acquire);
    if (known == kUnknown) {
      known = reinterpret_cast<uintptr_t>(system_function<Function>(library, name));
      if (!known) known = kMissing;
      found.store(known, std::memory_order_release);
    }
    return known == kMissing ? nullptr : reinterpret_cast<Function *>(known);
  }

private:
  static constexpr uintptr_t kUnknown = 0, kMissing = 1;
  std::atomic<uintptr_t> found{kUnknown};
  const char *library, *name;
};

} // namespace eddy
