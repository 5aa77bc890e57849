// Whether a wheel is sound: each rule of wheel.hpp by its number, for every op, entry, chunk and node. It walks all of
// them, so it is for tests.
#pragma once

#include "core/wheel.hpp"

#include <stdio.h>
#include <stdlib.h>

namespace eddy {

class WheelCheck {
public:
  explicit WheelCheck(const Wheel &wheel) : wheel_(wheel) {
    node(wheel.root, 0);
    spill();
    front();
    bounds();
  }

private:
  static constexpr uint32_t kAll = (1U << Wheel::kPerChunk) - 1;

  static void holds(bool held, const char *rule) {
    if (held) return;
    fprintf(stderr, "the wheel breaks rule %s\n", rule);
    abort();
  }

  static unsigned shift(unsigned level) { return level * 6; }

  // The deadlines of a node agree in all digits above its level, which are `above`.
  void node(const Wheel::Node &node, Time above) {
    holds(node.occupied || &node == &wheel_.root, "1: no node but the root is empty");
    holds(!(node.split & ~node.occupied), "1: what is divided is occupied");
    for (unsigned digit = 0; digit < 64; digit++) {
      if (!(node.occupied >> digit & 1)) continue;
      Time here = above | Time{digit} << shift(node.level);
      if (node.split >> digit & 1)
        child(node, *node.slot[digit].node, digit, here);
      else
        ring(node, digit, here);
    }
  }

  void child(const Wheel::Node &parent, const Wheel::Node &below, unsigned digit, Time here) {
    holds(below.parent == &parent && below.digit == digit, "1: a node knows its place");
    holds(below.level + 1 == parent.level, "1: a level below is one less");
    node(below, here);
  }

  void ring(const Wheel::Node &node, unsigned digit, Time here) {
    const Wheel::Chunk *front = node.slot[digit].chunk, *chunk = front;
    bool full_before = false;
    do {
      holds(chunk->next->prev == chunk && chunk->prev->next == chunk, "2: chunks are a ring");
      holds(chunk->node == &node && chunk->digit == digit, "2: a chunk knows its slot");
      holds(chunk->live && !(chunk->live & ~kAll), "2: a chunk in a ring is in use");
      bool full = chunk->live == kAll;
      holds(full || !full_before, "2: chunks with room are in front");
      full_before = full;
      entries(*chunk, node.level, here);
      chunk = chunk->next;
    } while (chunk != front);
  }

  void entries(const Wheel::Chunk &chunk, unsigned level, Time here) {
    for (uint32_t live = chunk.live; live; live &= live - 1) {
      unsigned index = static_cast<unsigned>(__builtin_ctz(live));
      const Wheel::Entry &entry = chunk.entries[index];
      const Op &op = *entry.op;
      holds(entry.deadline >> shift(level) == here >> shift(level), "3: an entry is in its slot");
      holds(entry.deadline <= op.deadline, "4: an entry is never later than its op");
      holds(reinterpret_cast<const Wheel::Chunk *>(op.timer_next) == &chunk && op.index == index,
            "5: an op knows its entry");
      seen(op);
    }
  }

  void spill() {
    for (const Op *op = wheel_.spill.head; op; op = op->timer_next) {
      holds(op->index == UINT32_MAX, "5: an op knows that it is in the spill");
      seen(*op);
    }
  }

  void seen(const Op &op) {
    holds(op.bits & kTimed, "5: an op that is here has the bit");
    if (op.deadline < earliest_) earliest_ = op.deadline;
  }

  // The way to the front, by which all others are filed.
  void front() {
    holds(wheel_.lowest <= Wheel::kTop, "6: the way has an end");
    holds(wheel_.path[Wheel::kTop] == &wheel_.root, "6: the way begins at the root");
    for (unsigned level = Wheel::kTop; level > wheel_.lowest; level--) {
      const Wheel::Node &node = *wheel_.path[level];
      unsigned digit = wheel_.base >> shift(level) & 63;
      holds(node.split >> digit & 1 && node.slot[digit].node == wheel_.path[level - 1],
            "6: the way leads to the base");
    }
  }

  void bounds() {
    holds(wheel_.bound <= earliest_, "7: no deadline is before the bound");
    if (wheel_.exact) holds(wheel_.bound == earliest_, "7: an exact bound is a deadline");
  }

  const Wheel &wheel_;
  Time earliest_ = kNever;
};

} // namespace eddy
