// The inside of a receive pool: equal buffers, and what is known of each.
#pragma once

#include "source.hpp"

namespace eddy {

enum class BufferState : uint8_t { free, filled, lent };

struct Buffer {
  Source *reader; // the stream whose pool read filled it
  uint32_t epoch; // ... and which of its reads
  uint32_t size;
  uint32_t next; // in a read's queue of filled buffers, or in the free stack
  uint32_t generation : 30;
  uint32_t state : 2;
};

constexpr uint32_t kNoBuffer = UINT32_MAX;

} // namespace eddy

struct eddy_pool : eddy::Source {
  char *memory;
  eddy::Buffer *buffers;
  uint32_t count, buffer_size;
  uint32_t free;      // buffers neither filled nor lent
  uint32_t free_head; // the stack of free buffers, when the kernel does not hold them
  uint32_t reserved;  // free buffers kept for reads that were woken
  uint32_t lent;
  int32_t group;                       // the kernel's number of its buffer ring, or -1
  uint32_t ring_mask;                  // the entries of that ring, less one
  uint32_t users;                      // pool reads that have not ended
  bool gone;                           // closed, and kept only for what is lent
  void *ring;                          // the driver's
  eddy::Op *parked_head, *parked_tail; // reads that wait for a buffer, in turn
  uint32_t tickets;
};

namespace eddy {

// Gives a buffer back; `reader` is the read whose credit it was, if that has not ended.
void pool_return(eddy_pool &pool, uint32_t index, Op *reader);

int64_t pool_offer(Op &op); // puts the next filled buffer on offer; its size

// Whether a read may receive into one more buffer; parks it when not. With `ring` the kernel hands out
// the buffers: then only a read that is known to have data waits for its turn.
bool pool_may_receive(Op &reader, bool ring, bool has_data);
// The same for the plain case, without parking: a credit, a buffer, and nobody before it.
inline bool pool_free_for(const Op &reader) {
  const eddy_pool &pool = *reader.pool.pool;
  return !(reader.bits & kParked) && !reader.pool.reserved &&
         reader.pool.held < reader.pool.credits && !pool.parked_head && pool.free > pool.reserved &&
         pool.group < 0;
}

// A buffer off the stack of free ones, for a read that has received into it.
inline void pool_use(eddy_pool &pool, uint32_t index, Op &reader, uint32_t size) {
  Buffer &buffer = pool.buffers[index];
  pool.free_head = buffer.next;
  buffer.size = size;
  pool.free--;
  reader.pool.held++;
}

// What the read's callback has not taken.
inline void pool_take_back(eddy_pool &pool, uint32_t index, Op &reader) {
  if (pool.parked_head || pool.group >= 0 || (reader.bits & kParked)) {
    pool_return(pool, index, &reader);
    return;
  }
  Buffer &buffer = pool.buffers[index];
  buffer.next = pool.free_head;
  pool.free_head = index;
  pool.free++;
  reader.pool.held--;
}

void pool_drop_reservation(Op &reader); // passes it on
void pool_refused(Op &reader);          // the kernel had no buffer for it: it gets its turn back

inline char *pool_data(eddy_pool &pool, uint32_t index) {
  return pool.memory + static_cast<size_t>(index) * pool.buffer_size;
}

} // namespace eddy
