// A program for loops: a list of abstract actions, all from one seed. One action does not change what another is, so that
// any of them can be left out.
#ifndef EDDY_FUZZ_PROGRAM_H
#define EDDY_FUZZ_PROGRAM_H

#include "seeds.h"

#include <stdio.h>

enum { kSlots = 6, kListeners = 2, kPools = 2, kFiles = 3, kMostActions = 64, kBig = 700000 };

// X(name, weight)
#define ACTIONS(X)                                                                                 \
  X(OPEN, 6)                                                                                       \
  X(LISTEN, 3)                                                                                     \
  X(ACCEPT, 6)                                                                                     \
  X(CONNECT, 7)                                                                                    \
  X(PAUSE, 2)                                                                                      \
  X(CLOSE_LISTENER, 1)                                                                             \
  X(READ, 24)                                                                                      \
  X(READ_POOL, 10)                                                                                 \
  X(GIVE, 6)                                                                                       \
  X(OPEN_POOL, 2)                                                                                  \
  X(CLOSE_POOL, 1)                                                                                 \
  X(WRITE, 26)                                                                                     \
  X(SHUTDOWN, 5)                                                                                   \
  X(CLOSE, 5)                                                                                      \
  X(RELEASE, 2)                                                                                    \
  X(WAIT, 8)                                                                                       \
  X(UNCONGESTED, 3)                                                                                \
  X(CANCEL, 14)                                                                                    \
  X(REARM, 4)                                                                                      \
  X(REFERENCE, 2)                                                                                  \
  X(SLEEP, 4)                                                                                      \
  X(TICK, 3)                                                                                       \
  X(YIELD, 3)                                                                                      \
  X(HOOK, 4)                                                                                       \
  X(POST, 4)                                                                                       \
  X(WORK, 4)                                                                                       \
  X(OPEN_GATE, 2)                                                                                  \
  X(OPEN_FILE, 4)                                                                                  \
  X(POLL, 10)                                                                                      \
  X(FILE_HAPPENS, 9)                                                                               \
  X(CLOSE_FILE, 1)                                                                                 \
  X(RAW, 8)                                                                                        \
  X(STOP, 1)                                                                                       \
  X(FLUSH, 1)                                                                                      \
  X(ASK, 4)

#define ACTION_NAME(name, weight) name,
enum what { ACTIONS(ACTION_NAME) KINDS };
#undef ACTION_NAME

enum place { DIRECT, IN_YIELD, IN_CALLBACK }; // where an action runs

struct action {
  enum what what;
  enum place place;
  int on;       // 0: left out
  int batched;  // the next action follows at once
  int slot;     // of an end, a listener, a pool or a descriptor
  int other;    // a second slot
  int target;   // an earlier action: whose op, or in whose callback; -1: none
  int within;   // EDDY_OP_INLINE
  int unref;    // EDDY_OP_UNREF
  int deadline; // 0: none, 1: passed already, 2: in an hour
  uint32_t size, parts, way, times;
};

struct program {
  uint64_t seed;
  int count;
  int busy; // many events before each action, or around it in place of a yield
  uint32_t ending, entries;
  struct action actions[kMostActions];
};

static const char *const action_names[] = {
#define ACTION_TEXT(name, weight) #name,
    ACTIONS(ACTION_TEXT)
#undef ACTION_TEXT
};

static struct action draw_action(int index, const uint32_t *weights, uint32_t sum, int calm) {
  struct action a = {.on = 1, .target = -1};
  uint32_t at = rnd(sum);
  while (at >= weights[a.what]) at -= weights[a.what], a.what++;
  a.slot = (int)rnd(chance(50) ? 2 : chance(60) ? 4 : kSlots);
  a.other = (int)rnd(kSlots);
  if (index < 2) { // else much of it has nothing to work on
    a.what = OPEN;
    a.slot = index * 2;
    a.other = index * 2 + 1;
  }
  if (index) a.target = index - 1 - (int)rnd((uint32_t)(index < 10 ? index : 10));
  a.within = chance(25);
  a.unref = chance(10);
  a.deadline = chance(6) ? 1 : chance(15) ? 2 : 0;
  a.size = chance(8) ? 0 : 1 + rnd(chance(50) ? 100 : 3000);
  if (chance(6)) a.size = kBig + rnd(1000);
  a.parts = chance(70) ? 1 : 1 + rnd(5);
  a.way = rnd(1 << 16);
  a.times = 1 + rnd(3);
  a.batched = chance(calm ? 5 : 25);
  if (index > 1 && chance(a.what == CANCEL ? 40 : 20))
    a.place = chance(50) ? IN_YIELD : IN_CALLBACK;
  return a;
}

static void draw_program(struct program *p, uint64_t seed) {
  static const uint32_t base[] = {
#define ACTION_WEIGHT(name, weight) weight,
      ACTIONS(ACTION_WEIGHT)
#undef ACTION_WEIGHT
  };
  uint32_t weights[KINDS], sum = 0;
  seed_with(seed);
  for (int i = 0; i < 4; i++) rnd(2);
  memset(p, 0, sizeof *p);
  p->seed = seed;
  p->count = 5 + (int)rnd(chance(40) ? kMostActions - 4 : 30);
  p->busy = chance(50);
  p->ending = rnd(1 << 16);
  p->entries = chance(30) ? 4u << rnd(3) : 0;
  // Each seed leaves some kinds out and prefers others: what is rare alone meets what is rare.
  for (int i = 0; i < KINDS; i++)
    sum += weights[i] = base[i] * (i == OPEN || chance(60) ? 1 : chance(50) ? 4 : 0);
  int calm = chance(50);
  for (int i = 0; i < p->count; i++) p->actions[i] = draw_action(i, weights, sum, calm);
}

static void print_program(const struct program *p) {
  printf("seed %llu", (unsigned long long)p->seed);
  if (p->entries) printf(", %u ring entries", p->entries);
  if (p->busy) printf(", busy");
  printf(", ending %u\n", p->ending);
  for (int i = 0; i < p->count; i++) {
    const struct action *a = &p->actions[i];
    if (!a->on) continue;
    printf("  %2d  %-14s slot %d other %d", i, action_names[a->what], a->slot, a->other);
    printf(" size %u x%u way %u times %u", a->size, a->parts, a->way, a->times);
    if (a->what == CANCEL || a->what == REARM || a->what == REFERENCE) printf(" of %d", a->target);
    if (a->place == IN_YIELD) printf(" in a yield");
    if (a->place == IN_CALLBACK) printf(" in the callback of %d", a->target);
    if (a->within) printf(" inline");
    if (a->unref) printf(" unref");
    if (a->deadline) printf(a->deadline == 1 ? " deadline passed" : " deadline far");
    if (a->batched) printf(" +");
    printf("\n");
  }
}

#endif
