// What ThreadSanitizer is told: there is none for Windows.
#pragma once

namespace eddy {

inline void tsan_release(void *) {}
inline void tsan_acquire(void *) {}

} // namespace eddy
