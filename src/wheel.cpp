#include "wheel.hpp"

namespace eddy {

namespace {

constexpr unsigned kBits = 6;
constexpr uint32_t kFull = (1u << Wheel::kPerChunk) - 1;
constexpr unsigned kCrowd = 1; // a slot of more chunks is divided before it is searched
constexpr uint32_t kSpilled = UINT32_MAX;
constexpr size_t kLine = 64;
#ifndef PCB
#define PCB 1
#endif
constexpr bool kPrefetchCb = PCB;
constexpr size_t kSmallBlock = 4096, kLargeBlock = 256 * 1024;

unsigned level_of(Time difference) {
  return (63u - static_cast<unsigned>(__builtin_clzll(difference | 1))) / kBits;
}

unsigned digit_of(Time deadline, unsigned level) { return (deadline >> (level * kBits)) & 63; }

unsigned lowest_bit(uint32_t mask) { return static_cast<unsigned>(__builtin_ctz(mask)); }
unsigned lowest_bit(uint64_t mask) { return static_cast<unsigned>(__builtin_ctzll(mask)); }

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

// Merges natural runs: a list that is in order already costs one pass. runs[i] is 2^i runs in one.
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
  Op *all = nullptr;
  for (unsigned i = 0; i < used; ++i) all = merge(runs[i], all);
  Op *previous = nullptr;
  list.head = all;
  for (; all; all = all->timer_next) {
    all->timer_prev = previous;
    previous = all;
  }
  list.tail = previous;
}

} // namespace

struct Wheel::Block {
  Block *next;
  size_t size;
};

// While it is in a chunk an op's place is {timer_next, index}.
static Wheel::Chunk *chunk_of(const Op &op) {
  return reinterpret_cast<Wheel::Chunk *>(op.timer_next);
}

static void link_before(Wheel::Chunk *chunk, Wheel::Chunk *next) {
  chunk->next = next;
  chunk->prev = next->prev;
  next->prev->next = chunk;
  next->prev = chunk;
}

// Fetches the chunk's ops, and the chunk that comes after it.
// Ops are not aligned to cache lines: their fields for the wheel may be in two. Moving an op takes the
// first; when it comes due the rest is wanted too.
[[gnu::always_inline]] static inline void prefetch(const Wheel::Chunk &chunk, bool due) {
  auto next = reinterpret_cast<const char *>(chunk.prev);
  for (size_t at = 0; at < sizeof chunk; at += kLine) __builtin_prefetch(next + at, 1);
  for (uint32_t live = chunk.live; live; live &= live - 1) {
    const Op *op = chunk.entries[lowest_bit(live)].op;
    __builtin_prefetch(&op->deadline, 1);
    if (!due) continue;
    __builtin_prefetch(&op->bits, 1);
    if (kPrefetchCb) __builtin_prefetch(&op->cb, 1);
  }
}

void Wheel::init(Memory *from, Time now) {
  *this = Wheel();
  memory = from;
  base = now;
  root.level = kTop;
  path[kTop] = &root;
}

void Wheel::destroy() {
  while (Block *block = blocks) {
    blocks = block->next;
    memory->put(block, block->size);
  }
  init(memory, base);
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
  op.bits &= static_cast<uint8_t>(~kTimed);
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
  Time deadline = op.deadline;
  unsigned level = level_of(deadline ^ base);
  if (level < lowest) level = lowest;
  Node *node = path[level];
  unsigned digit = digit_of(deadline, level);
  uint64_t bit = 1ull << digit;
  while (node->split & bit) {
    node = node->slot[digit].node;
    digit = digit_of(deadline, --level);
    bit = 1ull << digit;
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
  // The chunks with room stay in front.
  if (chunk->live == kFull && chunk->next->live != kFull) node->slot[digit].chunk = chunk->next;
  return true;
}

void Wheel::unfile(Op &op) {
  if (op.index == kSpilled) return spill.remove(op);
  Chunk *chunk = chunk_of(op);
  bool was_full = chunk->live == kFull;
  chunk->live &= ~(1u << op.index);
  if (!chunk->live || was_full) chunk_lost(chunk);
}

Wheel::Chunk *Wheel::add_chunk(Node *node, unsigned digit) {
  Chunk *fresh = new_chunk();
  if (!fresh) return nullptr;
  bool used = node->occupied >> digit & 1;
  Chunk *front = used ? node->slot[digit].chunk : fresh;
  fresh->node = node;
  fresh->digit = digit;
  fresh->live = 0;
  fresh->prev = fresh; // for when it is alone
  link_before(fresh, front);
  node->slot[digit].chunk = fresh;
  node->occupied |= 1ull << digit;
  return fresh;
}

// Entries were taken out of the chunk: it is freed, or goes to the front of the ring.
void Wheel::chunk_lost(Chunk *chunk) {
  auto &slot = chunk->node->slot[chunk->digit];
  bool front = slot.chunk == chunk, alone = chunk->next == chunk;
  if (chunk->live && front) return;
  chunk->next->prev = chunk->prev;
  chunk->prev->next = chunk->next;
  if (chunk->live) {
    link_before(chunk, slot.chunk);
    slot.chunk = chunk;
    return;
  }
  if (alone)
    vacate(chunk->node, chunk->digit);
  else if (front)
    slot.chunk = chunk->next;
  free_chunk(chunk);
}

// The slot has become empty, and with it perhaps its node.
void Wheel::vacate(Node *node, unsigned digit) {
  for (;;) {
    uint64_t keep = ~(1ull << digit);
    node->occupied &= keep;
    node->split &= keep;
    if (node->occupied || node == &root) return;
    if (lowest <= node->level && path[node->level] == node) lowest = node->level + 1;
    Node *parent = node->parent;
    digit = node->digit;
    free_node(node);
    node = parent;
  }
}

// Memory may be there again.
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
    Chunk *front = node->slot[digit].chunk, *found = front, *chunk = front;
    unsigned more = 0;
    if (node->level != 0)
      while (more < kCrowd && (chunk = chunk->next) != front) ++more;
    if (more == kCrowd && divide(node, digit)) continue;
    Entry *first = &front->entries[lowest_bit(front->live)];
    for (chunk = front->next; node->level != 0; chunk = chunk->next) {
      for (uint32_t live = chunk->live; live; live &= live - 1) {
        Entry *entry = &chunk->entries[lowest_bit(live)];
        if (entry->deadline >= first->deadline) continue;
        first = entry;
        found = chunk;
      }
      if (chunk == front) break;
    }
    lowest = node->level;
    base = first->deadline;
    if (first->op->deadline == base) return base;
    take_entries(found, 0, kNever, nullptr);
  }
  return kNever;
}

// Replaces the slot by a node at the highest level where its deadlines differ.
bool Wheel::divide(Node *node, unsigned digit) {
  Chunk *front = node->slot[digit].chunk, *chunk = front;
  Time some = front->entries[lowest_bit(front->live)].deadline, differ = 0;
  do {
    for (uint32_t live = chunk->live; live; live &= live - 1)
      differ |= chunk->entries[lowest_bit(live)].deadline ^ some;
    chunk = chunk->next;
  } while (chunk != front && (!differ || level_of(differ) + 1 < node->level));
  unsigned target = level_of(differ);
  Node *fresh = nullptr;
  for (unsigned level = target; level < node->level; ++level) {
    Node *one = new_node();
    if (!one) {
      for (; fresh; fresh = one) {
        one = fresh->parent;
        free_node(fresh);
      }
      return false;
    }
    one->parent = fresh;
    fresh = one;
  }
  while (fresh) {
    Node *child = fresh;
    fresh = fresh->parent;
    child->parent = node;
    child->level = node->level - 1;
    child->digit = digit;
    child->occupied = child->split = 0;
    node->occupied |= 1ull << digit;
    node->split |= 1ull << digit;
    node->slot[digit].node = child;
    node = path[child->level] = child;
    digit = digit_of(some, child->level);
  }
  lowest = target;
  base = some;
  if (!differ) {
    // One slot of the lowest level takes them all as they are.
    node->occupied = 1ull << digit;
    node->slot[digit].chunk = front;
    do {
      chunk->node = node;
      chunk->digit = digit;
      chunk = chunk->next;
    } while (chunk != front);
    return true;
  }
  Chunk *last = front;
  chunk = front->prev; // the oldest
  prefetch(*chunk, false);
  for (bool done = false; !done;) {
    Chunk *older = chunk;
    done = chunk == last;
    chunk = chunk->prev;
    if (!done) prefetch(*chunk, false);
    for (uint32_t live = older->live; live; live &= live - 1) {
      const Entry &entry = older->entries[lowest_bit(live)];
      Op &op = *entry.op;
      if (op.deadline != entry.deadline || !append(node, digit_of(entry.deadline, target), op))
        place(op);
    }
    free_chunk(older);
  }
  if (!node->occupied) vacate(node, 0); // all were stale
  return true;
}

// Takes out the entries up to `limit`: what is due goes to `due`, what is stale is filed again.
void Wheel::take_entries(Chunk *chunk, Time now, Time limit, TimerList *due) {
  TimerList stale;
  bool was_full = chunk->live == kFull;
  uint32_t taken = 0;
  for (uint32_t live = chunk->live; live; live &= live - 1) {
    unsigned index = lowest_bit(live);
    Entry &entry = chunk->entries[index];
    if (entry.deadline > limit) continue;
    Op &op = *entry.op;
    if (due && op.deadline <= now) {
      op.bits &= static_cast<uint8_t>(~kTimed);
      due->push_back(op);
    } else if (op.deadline != entry.deadline) {
      stale.push_back(op);
    } else {
      continue;
    }
    taken |= 1u << index;
  }
  chunk->live &= ~taken;
  if (!chunk->live || (was_full && taken)) chunk_lost(chunk);
  while (Op *op = stale.pop_front()) place(*op);
}

void Wheel::take_leaf(Time now, TimerList &due) {
  Node *node = path[lowest];
  Chunk *newest = node->slot[digit_of(base, lowest)].chunk, *chunk = newest->prev;
  prefetch(*chunk, true);
  for (bool done = false; !done;) {
    Chunk *older = chunk;
    done = chunk == newest;
    chunk = chunk->prev;
    if (!done) prefetch(*chunk, true);
    take_entries(older, now, now, &due);
  }
}

void Wheel::take_due(Time now, TimerList &due) {
  TimerList batch, part;
  bool in_order = true;
  auto add_part = [&] {
    sort(part);
    // Stale entries and the spill may bring ops that belong further in front.
    if (batch.tail && part.head && before(*part.head, *batch.tail)) in_order = false;
    batch.splice_back(part);
  };
  unspill();
  for (; (bound = earliest()) <= now; add_part()) take_leaf(now, part);
  for (Op *op = spill.head, *next; op; op = next) {
    next = op->timer_next;
    if (op->deadline > now) {
      if (op->deadline < bound) bound = op->deadline;
      continue;
    }
    spill.remove(*op);
    op->bits &= static_cast<uint8_t>(~kTimed);
    part.push_back(*op);
  }
  add_part();
  if (!in_order) sort(batch);
  due.splice_back(batch);
  exact = true;
}

void Wheel::spill_all() {
  if (root.occupied) spill_node(&root);
  lowest = kTop;
}

void Wheel::spill_node(Node *node) {
  for (uint64_t rest = node->occupied; rest; rest &= rest - 1) {
    unsigned digit = lowest_bit(rest);
    if (node->split >> digit & 1) {
      spill_node(node->slot[digit].node);
      continue;
    }
    Chunk *front = node->slot[digit].chunk, *chunk = front;
    do {
      Chunk *next = chunk->next;
      for (uint32_t live = chunk->live; live; live &= live - 1) {
        Op &op = *chunk->entries[lowest_bit(live)].op;
        op.index = kSpilled;
        spill.push_back(op);
      }
      free_chunk(chunk);
      chunk = next;
    } while (chunk != front);
  }
  node->occupied = node->split = 0;
  if (node != &root) free_node(node);
}

void *Wheel::carve(size_t size) {
  size = (size + kLine - 1) / kLine * kLine;
  if (space_left < size) {
    // What is left of the last block serves as chunks.
    for (; space_left >= sizeof(Chunk); space_left -= sizeof(Chunk), space += sizeof(Chunk))
      free_chunk(new (space) Chunk);
    size_t want = block_size ? block_size : kSmallBlock;
    void *got = memory->get(want);
    if (!got && want > kSmallBlock) got = memory->get(want = kSmallBlock);
    if (!got) return nullptr;
    if (block_size < kLargeBlock) block_size = want * 2;
    blocks = new (got) Block{blocks, want};
    auto start = reinterpret_cast<uintptr_t>(got);
    uintptr_t first = (start + sizeof(Block) + kLine - 1) / kLine * kLine;
    space = static_cast<char *>(got) + (first - start);
    space_left = want - (first - start);
  }
  void *carved = space;
  space += size;
  space_left -= size;
  return carved;
}

Wheel::Chunk *Wheel::new_chunk() {
  if (Chunk *chunk = free_chunks) {
    free_chunks = chunk->next;
    return chunk;
  }
  void *got = carve(sizeof(Chunk));
  return got ? new (got) Chunk : nullptr;
}

void Wheel::free_chunk(Chunk *chunk) {
  chunk->next = free_chunks;
  free_chunks = chunk;
}

Wheel::Node *Wheel::new_node() {
  if (Node *node = free_nodes) {
    free_nodes = node->parent;
    return node;
  }
  void *got = carve(sizeof(Node));
  return got ? new (got) Node : nullptr;
}

void Wheel::free_node(Node *node) {
  node->parent = free_nodes;
  free_nodes = node;
}

} // namespace eddy
