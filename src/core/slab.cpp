#include "core/slab.hpp"

namespace eddy {

constexpr size_t kFirstChunk = 2048, kChunk = 16384;

Slab::Link &Slab::link(void *slot) const {
  return *reinterpret_cast<Link *>(static_cast<char *>(slot) + link_offset);
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

void *Slab::take(const Memory &memory, Time now) {
  if (rest_head && rested - link(rest_head).number >= kRestCloses &&
      now - link(rest_head).since >= kRestTime)
    wake();
  if (!free_head && !grow(memory)) {
    if (!rest_head) return nullptr;
    wake();
  }
  void *slot = free_head;
  free_head = link(slot).next;
  return slot;
}

void Slab::give(void *slot) {
  link(slot).next = free_head;
  free_head = slot;
}

void Slab::rest(void *slot, Time now) {
  link(slot) = {nullptr, now, ++rested};
  (rest_tail ? link(rest_tail).next : rest_head) = slot;
  rest_tail = slot;
  resting++;
}

void Slab::wake() {
  void *slot = rest_head;
  rest_head = link(slot).next;
  if (!rest_head) rest_tail = nullptr;
  resting--;
  give(slot);
}

void Slab::destroy(const Memory &memory) {
  while (Chunk *chunk = chunks) {
    chunks = chunk->next;
    memory.put(chunk, chunk->size);
  }
  free_head = rest_head = rest_tail = nullptr;
  resting = 0;
}

} // namespace eddy
