/* A log-linear histogram of nanoseconds: 32 steps per power of two, so within 3 percent. */
#ifndef EXAMPLES_HISTOGRAM_H
#define EXAMPLES_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS 5u
#define HISTOGRAM_STEPS (1u << HISTOGRAM_BITS)
#define HISTOGRAM_SLOTS (40u * HISTOGRAM_STEPS)

struct histogram {
  uint64_t count, max;
  uint64_t slots[HISTOGRAM_SLOTS];
};

static inline void histogram_add(struct histogram *h, uint64_t ns) {
  uint64_t slot = ns;
  if (ns >= HISTOGRAM_STEPS) {
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - HISTOGRAM_BITS;
    slot = shift * (uint64_t)HISTOGRAM_STEPS + (ns >> shift);
    if (slot >= HISTOGRAM_SLOTS) slot = HISTOGRAM_SLOTS - 1;
  }
  h->slots[slot]++;
  h->count++;
  if (ns > h->max) h->max = ns;
}

static inline void histogram_merge(struct histogram *into, const struct histogram *from) {
  for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++) into->slots[i] += from->slots[i];
  into->count += from->count;
  if (from->max > into->max) into->max = from->max;
}

/* The time within which `share` of all values lie, in nanoseconds: the upper end of its slot. */
static inline uint64_t histogram_at(const struct histogram *h, double share) {
  uint64_t wanted = (uint64_t)(share * (double)h->count), seen = 0;
  for (unsigned slot = 0; slot < HISTOGRAM_SLOTS; slot++) {
    seen += h->slots[slot];
    if (seen <= wanted) continue;
    uint64_t top = slot;
    if (slot >= 2 * HISTOGRAM_STEPS) {
      unsigned shift = slot / HISTOGRAM_STEPS - 1;
      top = ((uint64_t)(slot % HISTOGRAM_STEPS + HISTOGRAM_STEPS + 1) << shift) - 1;
    }
    return top < h->max ? top : h->max;
  }
  return h->max;
}

#endif
