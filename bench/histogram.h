/* A log-linear histogram of nanoseconds: 64 steps per power of two, so within 1.6 percent. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 64u
#define HISTOGRAM_SLOTS (42u * HISTOGRAM_STEPS)

struct histogram {
  uint64_t count, max;
  uint32_t slots[HISTOGRAM_SLOTS];
};

static inline void histogram_add(struct histogram *h, uint64_t ns) {
  uint64_t slot = ns;

  if (ns >= HISTOGRAM_STEPS) {
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - 6u;

    slot = (shift + 1) * (uint64_t)HISTOGRAM_STEPS + (ns >> shift) - HISTOGRAM_STEPS;
    if (slot >= HISTOGRAM_SLOTS) slot = HISTOGRAM_SLOTS - 1;
  }
  h->slots[slot]++;
  h->count++;
  if (ns > h->max) h->max = ns;
}

/* The upper end of the slot in which the given share of the samples ends. */
static inline uint64_t histogram_at(const struct histogram *h, double share) {
  uint64_t wanted = (uint64_t)(share * (double)h->count), seen = 0;

  for (unsigned slot = 0; slot < HISTOGRAM_SLOTS; slot++) {
    seen += h->slots[slot];
    if (seen > wanted) {
      unsigned shift = slot / HISTOGRAM_STEPS;
      uint64_t top = slot;

      if (shift > 0)
        top = ((uint64_t)(slot % HISTOGRAM_STEPS + HISTOGRAM_STEPS + 1) << (shift - 1)) - 1;
      return top < h->max ? top : h->max;
    }
  }
  return h->max;
}

#endif
