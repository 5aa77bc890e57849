// What ThreadSanitizer is told. Programs built with it use a library built without, whose atomics it does not see: it
// would take for races what eddy hands from thread to thread.
#pragma once

// The sanitizer's own, null where it is not part of the program.
extern "C" {
[[gnu::weak, gnu::visibility("default")]] void __tsan_acquire(void *address);
[[gnu::weak, gnu::visibility("default")]] void __tsan_release(void *address);
}

namespace eddy {

// Where the library itself is built with it the atomics are seen, and telling would hide what is wrong with them.
#if defined(__SANITIZE_THREAD__)
constexpr bool kTellTsan = false;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr bool kTellTsan = false;
#else
constexpr bool kTellTsan = true;
#endif
#else
constexpr bool kTellTsan = true;
#endif

// Right before the atomic that gives `address` to another thread, with all that was written until now.
inline void tsan_release(void *address) {
  if (kTellTsan && __tsan_release) [[unlikely]]
    __tsan_release(address);
}

// Right after the atomic that has got it.
inline void tsan_acquire(void *address) {
  if (kTellTsan && __tsan_acquire) [[unlikely]]
    __tsan_acquire(address);
}

} // namespace eddy
