// Memory for handles of one kind: equal slots that are never given back before the loop is, so that a stale pointer to
// a handle stays readable and its generation tells. A handle that was closed rests for a while before its slot is used
// again: a late use finds it closed, and not another handle.
#pragma once

#include "core/memory.hpp"

namespace eddy {

struct Slab {
  static constexpr uint64_t kRestCloses = 1024;  // of other slots, ...
  static constexpr Time kRestTime = EDDY_SECOND; // ... and as long as this

  struct Chunk {
    Chunk *next;
    size_t size;
  };
  // In a slot without a handle, away from what a stale pointer looks at.
  struct Link {
    void *next;
    Time since;      // it rests
    uint64_t number; // among those that were laid to rest
  };
  Chunk *chunks = nullptr;
  void *free_head = nullptr;
  void *rest_head = nullptr, *rest_tail = nullptr; // oldest first
  uint64_t rested = 0;                             // were ever laid to rest
  uint32_t resting = 0;
  uint32_t slot_size = 0;
  uint32_t link_offset = 0;

  void init(size_t size, size_t link_at) {
    slot_size = static_cast<uint32_t>((size + 15) & ~size_t{15});
    link_offset = static_cast<uint32_t>(link_at);
  }
  // As it was given, zeroed at first; nullptr when refused. Those that rest are used up before that.
  void *take(const Memory &memory, Time now);
  void give(void *slot);           // one that no user has seen: free at once
  void rest(void *slot, Time now); // one that was a handle
  void wake();                     // the oldest that rests is free
  size_t resting_bytes() const { return size_t{resting} * slot_size; }
  void destroy(const Memory &memory);

private:
  bool grow(const Memory &memory);
  Link &link(void *slot) const;
};

} // namespace eddy
