// The timer wheel: every pending deadline of a loop, in nanoseconds.
//
// A tree of nodes with 64 slots; each level of nodes stands for 6 bits of the deadline. A slot
// holds a ring of chunks (small arrays of {deadline, op}), or a node once it was divided. Only the
// earliest slot is ever divided, and only when it is crowded: a deadline far away is one append.
// Slots are arrays, not linked ops, so that the cache misses of ops due together overlap.
//
// A re-arm to a later time leaves the entry where it is, so an entry's deadline is never later than
// its op's; an entry that differs is stale, and is filed again when it comes to the front.
//
// What holds between any two calls (test/support/wheel_check.hpp looks):
//   1. A node's slot is occupied or not, and divided only if it is. A divided one holds a node of one level less that
//      knows its parent and its digit. No node but the root is empty.
//   2. Any other holds a ring of chunks, each in use and knowing its slot; those with room are in front.
//   3. An entry is in the slot of its deadline: all digits from the node's level on are those of the way there.
//   4. An entry is never later than its op.
//   5. An op with kTimed is in one place, and knows it: its chunk and index, or the spill.
//   6. path[kTop] to path[lowest] is a way down from the root, by the digits of `base`.
//   7. No op is due before `bound`, and if that is exact, one is due then, or there is none and it is kNever.
#pragma once

#include "core/memory.hpp"
#include "core/op.hpp"

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

  // Appends every op with a deadline <= now to `due`, by deadline and then sequence; never one that
  // has kNever.
  void expire(Time now, TimerList &due) {
    if (now >= bound) [[unlikely]]
      take_due(now, due);
  }

  bool empty() const { return !root.occupied && spill.empty(); }

  // Every op, in no order. `f` may remove the op that it is given, and insert others.
  template<class F>
  void for_each(F f) {
    spill_all();
    for (Op *op = spill.head, *after; op; op = after) {
      after = op->timer_next;
      f(*op);
    }
  }

  static constexpr unsigned kTop = 10; // the level of the root: bits 60 to 63
  static constexpr unsigned kPerChunk = 14;
  static constexpr size_t kLine = 64;

  struct Node;

  struct Entry {
    Time deadline;
    Op *op;
  };

  struct alignas(kLine) Chunk {
    Chunk *next, *prev; // the ring, and in `next` the free list
    Node *node;
    uint32_t digit;
    uint32_t live; // a bit for each entry in use; no chunk in a ring is without
    Entry entries[kPerChunk];
  };

  struct Node {
    uint64_t occupied; // slots in use: the pointers of others are not set
    uint64_t split;    // slots that hold a node
    Node *parent;      // or the next free node
    uint32_t level, digit;
    union {
      Chunk *chunk; // the front of the ring, where the chunks with room are
      Node *node;
    } slot[64];
  };

  // Chunks and nodes, cut from blocks that are kept until the end.
  struct Blocks {
    static constexpr size_t kSmallBlock = 4096, kLargeBlock = 256 * 1024;

    struct Block {
      Block *next;
      size_t size;
    };

    Memory *memory = nullptr;
    Block *newest = nullptr;
    Chunk *chunks = nullptr; // free ones
    Node *nodes = nullptr;
    char *space = nullptr; // what is left of the newest block
    size_t left = 0, block_size = kSmallBlock;

    Chunk *new_chunk() {
      if (!chunks) return static_cast<Chunk *>(cut(sizeof(Chunk)));
      Chunk *chunk = chunks;
      chunks = chunk->next;
      return chunk;
    }

    Node *new_node() {
      if (!nodes) return static_cast<Node *>(cut(sizeof(Node)));
      Node *node = nodes;
      nodes = node->parent;
      return node;
    }

    void put(Chunk *chunk) {
      chunk->next = chunks;
      chunks = chunk;
    }

    void put(Node *node) {
      node->parent = nodes;
      nodes = node;
    }

    void *cut(size_t size); // nullptr when memory is refused
    void destroy();
  };

  Time bound = kNever; // no deadline is earlier
  bool exact = true;   // and one is equal, or the wheel is empty

  // The way to the slot that was the earliest: path[level] is the node of the deadlines that agree
  // with `base` in all digits above `level`. Below `lowest` it means nothing. Every deadline starts
  // its way down from here, not from the root.
  unsigned lowest = kTop;
  Time base = 0;
  Node *path[kTop + 1] = {};
  Node root = {};
  TimerList spill; // ops that found no memory, searched one by one
  Blocks blocks;

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
  Node *grow(Node *node, unsigned digit, Time deadline, unsigned level);
  void take_entries(Chunk *chunk, Time now, TimerList *due);
  void take_due(Time now, TimerList &due);
  void spill_all();
  void spill_node(Node *node);
};

} // namespace eddy
