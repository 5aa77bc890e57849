// The identity of the calling thread: one instruction. Header-only, so that the check in every call
// of the API inlines.
#pragma once

#include <cstdint>

namespace eddy {

#if defined(__has_builtin)
#if __has_builtin(__builtin_thread_pointer)
#define EDDY_THREAD_POINTER 1
#endif
#endif

#if defined(EDDY_THREAD_POINTER)

inline uintptr_t os_thread() { return reinterpret_cast<uintptr_t>(__builtin_thread_pointer()); }

#else

// initial-exec: no call of __tls_get_addr from a shared library.
[[gnu::tls_model("initial-exec"),
  gnu::visibility("hidden")]] inline constinit thread_local char thread_anchor = 0;

inline uintptr_t os_thread() { return reinterpret_cast<uintptr_t>(&thread_anchor); }

#endif
#undef EDDY_THREAD_POINTER

} // namespace eddy
