// What the library keeps for the calling thread. Header-only, so that the check in every call of the API inlines.
#pragma once

#include <cstdint>

namespace eddy {

struct ThreadLocal {
  uintptr_t number; // given once, by thread.cpp; 0: not yet
  void *running;    // the loop whose callbacks run on it
  int32_t os_error; // what eddy_last_os_error tells
};

// initial-exec: no call of __tls_get_addr from a shared library.
[[gnu::tls_model("initial-exec"),
  gnu::visibility("hidden")]] inline constinit thread_local ThreadLocal thread_local_state{};

uintptr_t os_thread_begin(); // gives the calling thread its number

// The identity of the calling thread, or 0 for one that cannot own anything yet. Not an address: those of threads that
// have ended are used again.
inline uintptr_t os_thread_seen() { return thread_local_state.number; }

inline uintptr_t os_thread() {
  uintptr_t number = os_thread_seen();
  return number ? number : os_thread_begin();
}

inline void *os_running() { return thread_local_state.running; }
inline void os_set_running(void *loop) { thread_local_state.running = loop; }
inline int32_t os_kept_error() { return thread_local_state.os_error; }
inline void os_keep_error(int32_t native) { thread_local_state.os_error = native; }

} // namespace eddy
