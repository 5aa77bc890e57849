// The inside of a receive pool: equal buffers, what is known of each, and who waits for one.
//
// Where a read stands. A read takes a buffer where it attempts to receive, never before. When it finds that it may not
// have one (none is free, or those that are will go to others), it joins the end of the pool's line. As many reads as
// there are free buffers are called, from the front of the line: they attempt at once, and leave the line whatever that
// brings. One that has received and has more to receive joins the end again; one that has found nothing makes way for
// the next. A read without credits stands in no line: a buffer of its own that is given back brings it back.
#pragma once

#include "core/source.hpp"

namespace eddy {

//   receiving -> no_credit -a buffer of its own is back-> receiving
//   receiving -> in_line -> called -it has attempted, or its stream has ended-> receiving
enum class Stand : uint8_t { receiving, no_credit, in_line, called };

inline constexpr Machine<4> kReaderMachine = {
    "pool reader",
    {"receiving", "no credit", "in line", "called"},
    {/* receiving */ to(Stand::no_credit, Stand::in_line),
     /* no credit */ to(Stand::receiving),
     /* in line */ to(Stand::called, Stand::receiving), // receiving: it ends
     /* called */ to(Stand::receiving)}};

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

namespace eddy {

// The part of a pool read.
struct PoolRead {
  eddy_pool_t *pool;
  uint32_t credits, held; // held: on loan, or waiting for a callback
  uint32_t first, last;   // received buffers that wait for their callback, linked in the pool
  uint32_t epoch;         // names this read in the buffers on loan
  Stand stand;
  Op *line_next, *line_prev; // there, or among the pool's other reads
};

// Parked, so that no driver attempts, unless it is receiving.
inline void reader_move(Op &reader, Stand stand) {
  move<kReaderMachine>(reader.as<PoolRead>().stand, stand);
  if (stand == Stand::receiving)
    reader.bits &= static_cast<uint16_t>(~kParked);
  else
    reader.bits |= kParked;
}

// Bytes arrived in the buffer `index` that a pool read took.
void settle_pool(Op &reader, uint32_t index, uint32_t size);

} // namespace eddy

struct eddy_pool : eddy::Source {
  char *memory;
  eddy::Buffer *buffers;
  uint32_t count, buffer_size;
  uint32_t free; // buffers neither filled nor lent
  uint32_t lent;
  uint32_t free_head;                // the stack of those that are free
  uint32_t users;                    // pool reads that have not ended
  bool gone;                         // closed, and kept only for what is lent
  eddy::Op *line_head, *line_tail;   // reads that wait for a buffer
  eddy::Op *reads_head, *reads_tail; // the others
  eddy::Op *uncalled;                // the first of them that was not called
  uint32_t called;                   // the others; never more than there are free buffers
};

namespace eddy {

// Gives a buffer back; `reader` is the read whose credit it was, if that has not ended.
void pool_return(eddy_pool &pool, uint32_t index, Op *reader);

void pool_join(eddy_pool &pool, Op &reader); // at its start
void pool_part(eddy_pool &pool, Op &reader); // at its end

// Whether a read may receive into a buffer now.
inline bool pool_free_for(const Op &reader) {
  const eddy_pool &pool = *reader.as<PoolRead>().pool;
  if (reader.bits & kParked) return reader.as<PoolRead>().stand == Stand::called;
  return reader.as<PoolRead>().held < reader.as<PoolRead>().credits && !pool.uncalled &&
         pool.free > pool.called;
}
// The same; one that may not is parked until it is its turn.
bool pool_admits(Op &reader);
// It was admitted, and has found nothing to receive.
void pool_passes(Op &reader);
void pool_leave_line(Op &reader);

// An admitted read takes the buffer on top of the stack.
inline uint32_t pool_take(Op &reader) {
  eddy_pool &pool = *reader.as<PoolRead>().pool;
  uint32_t index = pool.free_head;
  pool.free_head = pool.buffers[index].next;
  pool.free--;
  reader.as<PoolRead>().held++;
  if (reader.bits & kParked) [[unlikely]]
    pool_leave_line(reader);
  return index;
}

// What the read's callback has not taken.
inline void pool_take_back(eddy_pool &pool, uint32_t index, Op &reader) {
  if (pool.line_head || (reader.bits & kParked)) {
    pool_return(pool, index, &reader);
    return;
  }
  Buffer &buffer = pool.buffers[index];
  buffer.next = pool.free_head;
  pool.free_head = index;
  pool.free++;
  reader.as<PoolRead>().held--;
}

inline char *pool_data(eddy_pool &pool, uint32_t index) {
  return pool.memory + static_cast<size_t>(index) * pool.buffer_size;
}

} // namespace eddy
