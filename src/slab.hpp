// Memory for handles of one kind: equal slots that are never given back before the loop is, so that a
// stale pointer to a handle stays readable and its generation tells.
#pragma once

#include "memory.hpp"

namespace eddy {

struct Slab {
  struct Chunk {
    Chunk *next;
    size_t size;
  };
  Chunk *chunks = nullptr;
  void *free_head = nullptr;
  void *free_tail = nullptr;
  uint32_t free_count = 0;
  uint32_t slot_size = 0;
  uint32_t link_offset = 0; // of the link in a free slot, away from what a stale pointer looks at

  void init(size_t size, size_t link_at) {
    slot_size = static_cast<uint32_t>((size + 15) & ~size_t{15});
    link_offset = static_cast<uint32_t>(link_at);
  }
  void *take(const Memory &memory); // as it was given, zeroed at first; nullptr when refused
  void give(void *slot);
  void destroy(const Memory &memory);

private:
  bool grow(const Memory &memory);
};

} // namespace eddy
