// Chance from a seed, and which seeds a program is asked to go through.
#ifndef EDDY_FUZZ_SEEDS_H
#define EDDY_FUZZ_SEEDS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state;

static inline void seed_with(uint64_t seed) {
  random_state = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

static inline uint32_t rnd(uint32_t limit) {
  random_state ^= random_state << 13, random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)((random_state * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % limit;
}

static inline int chance(uint32_t percent) { return rnd(100) < percent; }

// What stands behind `name` among the arguments, or in the last ones; `otherwise` if nothing does.
static inline const char *argument(int argc, char **argv, const char *name, const char *otherwise) {
  for (int i = 1; i + 1 < argc; i++)
    if (!strcmp(argv[i], name)) return argv[i + 1];
  return otherwise;
}

static inline uint64_t number(int argc, char **argv, const char *name, const char *otherwise) {
  return strtoull(argument(argc, argv, name, otherwise), NULL, 10);
}

#endif
