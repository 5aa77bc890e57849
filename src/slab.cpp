#include "slab.hpp"

namespace eddy {

constexpr size_t kFirstChunk = 2048, kChunk = 16384;

#ifdef NDEBUG
constexpr uint32_t kQuarantine = 0;
#else
constexpr uint32_t kQuarantine = 64; // freed slots kept apart, so that a late use is noticed
#endif

static void *&link(void *slot, uint32_t offset) {
  return *reinterpret_cast<void **>(static_cast<char *>(slot) + offset);
}

bool Slab::grow(const Memory &memory) {
  size_t size = chunks ? kChunk : kFirstChunk;
  if (size < sizeof(Chunk) + slot_size) size = sizeof(Chunk) + slot_size;
  char *bytes = static_cast<char *>(memory.get(size));
  if (!bytes) return false;
  memset(bytes, 0, size);
  Chunk *chunk = reinterpret_cast<Chunk *>(bytes);
  chunk->next = chunks;
  chunk->size = size;
  chunks = chunk;
  for (size_t at = sizeof(Chunk); at + slot_size <= size; at += slot_size) give(bytes + at);
  return true;
}

void *Slab::take(const Memory &memory) {
  if (free_count <= kQuarantine && !grow(memory) && !free_count) return nullptr;
  void *slot = free_head;
  free_head = link(slot, link_offset);
  if (!free_head) free_tail = nullptr;
  free_count--;
  return slot;
}

void Slab::give(void *slot) {
  free_count++;
  if (kQuarantine && free_tail) { // oldest first, to be reused late
    link(slot, link_offset) = nullptr;
    link(free_tail, link_offset) = slot;
    free_tail = slot;
    return;
  }
  link(slot, link_offset) = free_head; // warmest first
  free_head = slot;
  if (!free_tail) free_tail = slot;
}

void Slab::destroy(const Memory &memory) {
  while (Chunk *chunk = chunks) {
    chunks = chunk->next;
    memory.put(chunk, chunk->size);
  }
  free_head = free_tail = nullptr;
  free_count = 0;
}

} // namespace eddy
