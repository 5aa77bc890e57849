// The timer wheel: every pending deadline of a loop, in nanoseconds.
//
// A tree of nodes with 64 slots, each node one level (6 bits of the deadline) below its parent. A slot
// holds a ring of chunks (small arrays of {deadline, op}), or a node once it was divided. Only the
// earliest slot is ever divided, and only when it is crowded, so a deadline far away is one append.
// Slots are arrays, not linked ops, so that the cache misses of ops that come due together overlap.
//
// A re-arm to a later time leaves the entry where it is: an entry's deadline is never later than its
// op's, and an entry that reaches the front with another deadline than its op is filed again.
#pragma once

#include "memory.hpp"
#include "op.hpp"

namespace eddy {

struct Wheel {
  void init(Memory *from, Time now);
  void destroy(); // gives the memory back; no op may be in the wheel any more

  // The caller has set op.deadline and op.sequence. Cannot fail.
  void insert(Op &op);
  void remove(Op &op);
  void rearm(Op &op, Time deadline, uint64_t sequence);

  // The earliest deadline, or kNever.
  Time next() { return exact ? bound : refresh(); }

  // Appends every op with a deadline <= now to `due`, by deadline and then sequence. now < kNever.
  void expire(Time now, TimerList &due) {
    if (now >= bound) [[unlikely]]
      take_due(now, due);
  }

  bool empty() const { return !root.occupied && spill.empty(); }

  // Every op, in no order. `f` may remove the op that it is given, and insert others.
  template<class F>
  void for_each(F f) {
    spill_all();
    for (Op *op = spill.head, *next; op; op = next) {
      next = op->timer_next;
      f(*op);
    }
  }

  static constexpr unsigned kTop = 10; // the level of the root: bits 60 to 63

  static constexpr unsigned kPerChunk = 14;

  struct Entry {
    Time deadline;
    Op *op;
  };
  struct Node;
  struct alignas(64) Chunk {
    Chunk *next, *prev; // the ring, and in `next` the free list
    Node *node;
    uint32_t digit;
    uint32_t live; // a bit for each entry in use; no chunk in a ring is without
    Entry entries[kPerChunk];
  };
  struct Node {
    uint64_t occupied; // slots in use: the others' pointers are not set
    uint64_t split;    // slots that hold a node
    Node *parent;      // or the next free node
    uint32_t level, digit;
    union {
      Chunk *chunk; // the front of the ring; the chunks with room come first
      Node *node;
    } slot[64];
  };
  struct Block;

  Time bound = kNever; // no deadline is earlier
  bool exact = true;   // and one is equal, or all are kNever

  // The way to the slot that was the earliest: path[level] is the node for deadlines that have all
  // digits above `level` in common with `base`. Below `lowest` it means nothing. Any deadline starts
  // its way down here instead of at the root.
  unsigned lowest = kTop;
  Time base = 0;
  Node *path[kTop + 1] = {};
  Node root = {};
  TimerList spill; // ops that found no memory, searched one by one

  Memory *memory = nullptr;
  Block *blocks = nullptr;
  Chunk *free_chunks = nullptr;
  Node *free_nodes = nullptr;
  char *space = nullptr;
  size_t space_left = 0, block_size = 0;

  bool file(Op &op);
  bool append(Node *node, unsigned digit, Op &op);
  void place(Op &op);
  void unfile(Op &op);
  Chunk *add_chunk(Node *node, unsigned digit);
  void chunk_lost(Chunk *chunk);
  void vacate(Node *node, unsigned digit);
  void unspill();
  Time refresh();
  Time earliest();
  bool divide(Node *node, unsigned digit);
  void take_entries(Chunk *chunk, Time now, Time limit, TimerList *due);
  void take_leaf(Time now, TimerList &due);
  void take_due(Time now, TimerList &due);
  void spill_all();
  void spill_node(Node *node);
  void *carve(size_t size);
  Chunk *new_chunk();
  void free_chunk(Chunk *chunk);
  Node *new_node();
  void free_node(Node *node);
};

} // namespace eddy
