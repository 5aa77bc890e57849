#include "core/wheel.hpp"

namespace eddy {

namespace {

using Chunk = Wheel::Chunk;
using Entry = Wheel::Entry;
using Node = Wheel::Node;

constexpr unsigned kBits = 6;
constexpr uint32_t kFull = (1u << Wheel::kPerChunk) - 1;
constexpr uint32_t kSpilled = UINT32_MAX; // the index of an op in the spill

unsigned level_of(Time difference) {
  return (63u - static_cast<unsigned>(__builtin_clzll(difference | 1))) / kBits;
}
unsigned digit_of(Time deadline, unsigned level) { return (deadline >> (level * kBits)) & 63; }
unsigned lowest_bit(uint32_t mask) { return static_cast<unsigned>(__builtin_ctz(mask)); }
unsigned lowest_bit(uint64_t mask) { return static_cast<unsigned>(__builtin_ctzll(mask)); }

// While it is in a chunk an op's place is {timer_next, index}.
Chunk *chunk_of(const Op &op) { return reinterpret_cast<Chunk *>(op.timer_next); }

Entry &first_of(Chunk &chunk) { return chunk.entries[lowest_bit(chunk.live)]; }

template<class F>
[[gnu::always_inline]] inline void each_entry(Chunk &chunk, F f) {
  for (uint32_t live = chunk.live; live; live &= live - 1) f(chunk.entries[lowest_bit(live)]);
}

void link_before(Chunk *chunk, Chunk *next) {
  chunk->next = next;
  chunk->prev = next->prev;
  next->prev->next = chunk;
  next->prev = chunk;
}

// Fetches a chunk's ops, and the chunk after it. An op's fields for the wheel may be in two cache
// lines: moving it takes the first, and when it comes due its callback is wanted too. (Inlined by
// force: GCC 12 drops calls of a function that only prefetches, as if it had no effect.)
template<bool due>
[[gnu::always_inline]] inline void prefetch(Chunk &chunk) {
  auto after = reinterpret_cast<const char *>(chunk.prev);
  for (size_t at = 0; at < sizeof chunk; at += Wheel::kLine) __builtin_prefetch(after + at);
  each_entry(chunk, [](const Entry &entry) {
    __builtin_prefetch(&entry.op->deadline, 1);
    if (!due) return;
    __builtin_prefetch(&entry.op->bits, 1);
    __builtin_prefetch(&entry.op->cb, 1);
    __builtin_prefetch(&entry.op->part, 1);
  });
}

// Every chunk of a ring, the oldest first. `f` may take its chunk out of the ring.
template<bool due, class F>
[[gnu::always_inline]] inline void each_chunk(Chunk *front, F f) {
  Chunk *chunk = front->prev, *now;
  prefetch<due>(*chunk);
  do {
    now = chunk;
    chunk = now->prev;
    if (now != front) prefetch<due>(*chunk);
    f(now);
  } while (now != front);
}

bool before(const Op &a, const Op &b) {
  return a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence;
}

Op *merge(Op *a, Op *b) {
  Op *head, **tail = &head;
  while (a && b) {
    Op *&from = before(*b, *a) ? b : a;
    *tail = from;
    tail = &from->timer_next;
    from = from->timer_next;
  }
  *tail = a ? a : b;
  return head;
}

// Merges the runs that are in order already, mostly one. runs[i] is 2^i of them.
void sort(TimerList &list) {
  Op *runs[64], *rest = list.head;
  unsigned used = 0;
  while (rest) {
    Op *run = rest, *end = rest;
    while (end->timer_next && !before(*end->timer_next, *end)) end = end->timer_next;
    rest = end->timer_next;
    if (!rest && !used) return;
    end->timer_next = nullptr;
    unsigned i = 0;
    for (; i < used && runs[i]; ++i) {
      run = merge(runs[i], run);
      runs[i] = nullptr;
    }
    runs[i] = run;
    if (i == used) ++used;
  }
  list.head = list.tail = nullptr;
  for (unsigned i = 0; i < used; ++i) list.head = merge(runs[i], list.head);
  for (Op *op = list.head; op; op = op->timer_next) {
    op->timer_prev = list.tail;
    list.tail = op;
  }
}

} // namespace

void Wheel::init(Memory *from, Time now) {
  *this = Wheel();
  blocks.memory = from;
  base = now;
  root.level = kTop;
  path[kTop] = &root;
}

void Wheel::destroy() {
  blocks.destroy();
  init(blocks.memory, base);
}

void Wheel::insert(Op &op) {
  op.bits |= kTimed;
  if (op.deadline < bound) {
    bound = op.deadline;
    exact = true;
  }
  place(op);
}

void Wheel::remove(Op &op) {
  op.bits &= static_cast<uint16_t>(~kTimed);
  if (op.deadline == bound) exact = false;
  unfile(op);
  op.timer_next = op.timer_prev = nullptr;
}

void Wheel::rearm(Op &op, Time deadline, uint64_t sequence) {
  Time old = op.deadline;
  op.deadline = deadline;
  op.sequence = sequence;
  if (deadline >= old) {
    if (old == bound) exact = false;
    return;
  }
  if (deadline < bound) {
    bound = deadline;
    exact = true;
  }
  if (op.index == kSpilled || chunk_of(op)->entries[op.index].deadline <= deadline) return;
  unfile(op);
  place(op);
}

void Wheel::place(Op &op) {
  if (file(op)) [[likely]]
    return;
  op.index = kSpilled;
  spill.push_back(op);
}

// Puts the op into the slot of its deadline; false when there is no memory.
bool Wheel::file(Op &op) {
  unsigned level = level_of(op.deadline ^ base);
  if (level < lowest) level = lowest;
  Node *node = path[level];
  unsigned digit = digit_of(op.deadline, level);
  while (node->split >> digit & 1) {
    node = node->slot[digit].node;
    digit = digit_of(op.deadline, --level);
  }
  return append(node, digit, op);
}

[[gnu::always_inline]] inline bool Wheel::append(Node *node, unsigned digit, Op &op) {
  Chunk *chunk = node->slot[digit].chunk;
  if (!(node->occupied >> digit & 1) || chunk->live == kFull) [[unlikely]] {
    chunk = add_chunk(node, digit);
    if (!chunk) return false;
  }
  unsigned index = lowest_bit(~chunk->live);
  chunk->live |= 1u << index;
  chunk->entries[index] = {op.deadline, &op};
  op.timer_next = reinterpret_cast<Op *>(chunk);
  op.index = index;
  if (chunk->live == kFull && chunk->next->live != kFull) node->slot[digit].chunk = chunk->next;
  return true;
}

Chunk *Wheel::add_chunk(Node *node, unsigned digit) {
  Chunk *chunk = blocks.new_chunk();
  if (!chunk) return nullptr;
  chunk->node = node;
  chunk->digit = digit;
  chunk->live = 0;
  chunk->prev = chunk; // for when it is alone
  link_before(chunk, node->occupied >> digit & 1 ? node->slot[digit].chunk : chunk);
  node->slot[digit].chunk = chunk;
  node->occupied |= 1ull << digit;
  return chunk;
}

void Wheel::unfile(Op &op) {
  if (op.index == kSpilled) return spill.remove(op);
  Chunk *chunk = chunk_of(op);
  bool was_full = chunk->live == kFull;
  chunk->live &= ~(1u << op.index);
  if (!chunk->live || was_full) chunk_lost(chunk);
}

// Entries were taken out of the chunk: it is freed, or goes to the front of its ring.
void Wheel::chunk_lost(Chunk *chunk) {
  auto &slot = chunk->node->slot[chunk->digit];
  if (chunk->live && slot.chunk == chunk) return;
  chunk->next->prev = chunk->prev;
  chunk->prev->next = chunk->next;
  if (chunk->live) {
    link_before(chunk, slot.chunk);
    slot.chunk = chunk;
    return;
  }
  if (slot.chunk == chunk) slot.chunk = chunk->next;
  if (slot.chunk == chunk) vacate(chunk->node, chunk->digit);
  blocks.put(chunk);
}

// The slot has become empty, and with it perhaps its node.
void Wheel::vacate(Node *node, unsigned digit) {
  for (;;) {
    node->occupied &= ~(1ull << digit);
    node->split &= ~(1ull << digit);
    if (node->occupied || node == &root) return;
    if (lowest <= node->level && path[node->level] == node) lowest = node->level + 1;
    Node *parent = node->parent;
    digit = node->digit;
    blocks.put(node);
    node = parent;
  }
}

// There may be memory again.
void Wheel::unspill() {
  while (Op *op = spill.pop_front()) {
    if (file(*op)) continue;
    spill.push_back(*op);
    break;
  }
}

Time Wheel::refresh() {
  unspill();
  bound = earliest();
  for (Op *op = spill.head; op; op = op->timer_next)
    if (op->deadline < bound) bound = op->deadline;
  exact = true;
  return bound;
}

// The earliest deadline of those in slots; then path[lowest] and base lead to its slot.
Time Wheel::earliest() {
  while (root.occupied) {
    Node *node = &root;
    unsigned digit;
    for (;;) {
      path[node->level] = node;
      digit = lowest_bit(node->occupied);
      if (!(node->split >> digit & 1)) break;
      node = node->slot[digit].node;
    }
    Chunk *front = node->slot[digit].chunk, *found = front;
    Entry first = first_of(*front);
    if (node->level != 0) { // a slot of the lowest level has one deadline
      if (front->next != front && divide(node, digit)) continue;
      Chunk *chunk = front;
      do {
        each_entry(*chunk, [&](const Entry &entry) {
          if (entry.deadline >= first.deadline) return;
          first = entry;
          found = chunk;
        });
        chunk = chunk->next;
      } while (chunk != front);
    }
    lowest = node->level;
    base = first.deadline;
    if (first.op->deadline == base) return base;
    take_entries(found, 0, nullptr);
  }
  return kNever;
}

// Replaces the slot by a node, at the highest level where its deadlines differ.
bool Wheel::divide(Node *node, unsigned digit) {
  Chunk *front = node->slot[digit].chunk, *chunk = front;
  Time some = first_of(*front).deadline, differ = 0;
  do {
    each_entry(*chunk, [&](const Entry &entry) { differ |= entry.deadline ^ some; });
    chunk = chunk->next;
  } while (chunk != front && (!differ || level_of(differ) + 1 < node->level));
  unsigned level = level_of(differ);
  node = grow(node, digit, some, level);
  if (!node) return false;
  lowest = level;
  base = some;
  if (differ) {
    each_chunk<false>(front, [&](Chunk *old) {
      each_entry(*old, [&](const Entry &entry) {
        Op &op = *entry.op;
        bool stale = op.deadline != entry.deadline;
        if (stale || !append(node, digit_of(entry.deadline, level), op)) place(op);
      });
      blocks.put(old);
    });
    if (!node->occupied) vacate(node, 0); // all were stale
    return true;
  }
  // One slot of the lowest level takes the ring as it is.
  digit = digit_of(some, level);
  node->occupied = 1ull << digit;
  node->slot[digit].chunk = front;
  do {
    chunk->node = node;
    chunk->digit = digit;
    chunk = chunk->next;
  } while (chunk != front);
  return true;
}

// Puts nodes below the slot, down to `level`, on the way to the deadline. All of them or none.
Node *Wheel::grow(Node *node, unsigned digit, Time deadline, unsigned level) {
  Node *fresh = nullptr;
  for (unsigned missing = node->level - level; missing; --missing) {
    Node *one = blocks.new_node();
    if (one) {
      one->parent = fresh;
      fresh = one;
      continue;
    }
    while ((one = fresh)) {
      fresh = one->parent;
      blocks.put(one);
    }
    return nullptr;
  }
  while (Node *child = fresh) {
    fresh = child->parent;
    child->parent = node;
    child->level = node->level - 1;
    child->digit = digit;
    child->occupied = child->split = 0;
    node->occupied |= 1ull << digit;
    node->split |= 1ull << digit;
    node->slot[digit].node = child;
    node = path[child->level] = child;
    digit = digit_of(deadline, child->level);
  }
  return node;
}

// Files the chunk's stale entries again. With `due`, looks only at entries that may be due, and
// moves those that are.
void Wheel::take_entries(Chunk *chunk, Time now, TimerList *due) {
  TimerList stale;
  bool was_full = chunk->live == kFull;
  uint32_t kept = chunk->live;
  each_entry(*chunk, [&](const Entry &entry) {
    if (due && entry.deadline > now) return;
    Op &op = *entry.op;
    if (due && op.deadline <= now) {
      op.bits &= static_cast<uint16_t>(~kTimed);
      due->push_back(op);
    } else if (op.deadline != entry.deadline) {
      stale.push_back(op);
    } else {
      return;
    }
    kept &= ~(1u << (&entry - chunk->entries));
  });
  chunk->live = kept;
  if (!kept || (was_full && kept != kFull)) chunk_lost(chunk);
  while (Op *op = stale.pop_front()) place(*op);
}

void Wheel::take_due(Time now, TimerList &due) {
  if (now == kNever) --now; // what is due never stays
  TimerList batch, part;
  bool in_order = true;
  auto add_part = [&] {
    sort(part);
    // Stale entries and the spill may bring ops that belong further in front.
    if (batch.tail && part.head && before(*part.head, *batch.tail)) in_order = false;
    batch.splice_back(part);
  };
  unspill();
  for (; (bound = earliest()) <= now; add_part()) {
    Chunk *front = path[lowest]->slot[digit_of(base, lowest)].chunk;
    each_chunk<true>(front, [&](Chunk *chunk) { take_entries(chunk, now, &part); });
  }
  exact = true;
  for (Op *op = spill.head, *after; op; op = after) {
    after = op->timer_next;
    if (op->deadline > now) {
      if (op->deadline < bound) bound = op->deadline;
      continue;
    }
    spill.remove(*op);
    op->bits &= static_cast<uint16_t>(~kTimed);
    part.push_back(*op);
  }
  add_part();
  if (!in_order) sort(batch);
  due.splice_back(batch);
}

void Wheel::spill_all() {
  spill_node(&root);
  lowest = kTop;
}

void Wheel::spill_node(Node *node) {
  for (uint64_t rest = node->occupied; rest; rest &= rest - 1) {
    auto &slot = node->slot[lowest_bit(rest)];
    if (node->split & rest & -rest) {
      spill_node(slot.node);
      blocks.put(slot.node);
      continue;
    }
    each_chunk<false>(slot.chunk, [&](Chunk *chunk) {
      each_entry(*chunk, [&](const Entry &entry) {
        entry.op->index = kSpilled;
        spill.push_back(*entry.op);
      });
      blocks.put(chunk);
    });
  }
  node->occupied = node->split = 0;
}

void *Wheel::Blocks::cut(size_t size) {
  size = (size + kLine - 1) / kLine * kLine;
  if (left < size) {
    size_t want = block_size;
    void *got = memory->get(want);
    if (!got && want > kSmallBlock) got = memory->get(want = kSmallBlock);
    if (!got) return nullptr;
    for (; left >= sizeof(Chunk); left -= sizeof(Chunk), space += sizeof(Chunk))
      put(reinterpret_cast<Chunk *>(space)); // the rest of the old block
    if (block_size < kLargeBlock) block_size *= 2;
    newest = new (got) Block{newest, want};
    size_t head = (0 - (reinterpret_cast<uintptr_t>(got) + sizeof(Block))) % kLine + sizeof(Block);
    space = static_cast<char *>(got) + head;
    left = want - head;
  }
  void *piece = space;
  space += size;
  left -= size;
  return piece;
}

void Wheel::Blocks::destroy() {
  while (Block *block = newest) {
    newest = block->next;
    memory->put(block, block->size);
  }
}

} // namespace eddy
