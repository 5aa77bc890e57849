// A lock for the short, seldom contended sections of what threads share.
#pragma once

#include "core/os.hpp"

namespace eddy {

class Lock {
public:
  void acquire() {
    uint32_t seen = kFree;
    if (!word.compare_exchange_strong(seen, kHeld, std::memory_order_acquire,
                                      std::memory_order_relaxed)) [[unlikely]]
      wait();
  }

  void release() {
    if (word.exchange(kFree, std::memory_order_release) == kWanted) [[unlikely]]
      os_wake_sleeper(word);
  }

private:
  enum : uint32_t { kFree, kHeld, kWanted };
  static constexpr int kSpins = 200; // the holder is a few dozen instructions from its end

  static void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
  }

  [[gnu::noinline]] void wait() {
    for (int spin = 0; spin < kSpins; spin++) {
      uint32_t seen = word.load(std::memory_order_relaxed);
      if (seen == kFree && word.compare_exchange_weak(seen, kHeld, std::memory_order_acquire,
                                                      std::memory_order_relaxed))
        return;
      relax();
    }
    while (word.exchange(kWanted, std::memory_order_acquire) != kFree)
      os_sleep_on(word, kWanted, kNever);
  }

  std::atomic<uint32_t> word = kFree;
};

} // namespace eddy
