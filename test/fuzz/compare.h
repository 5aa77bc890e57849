// Whether two worlds have come to the same.
#ifndef EDDY_FUZZ_COMPARE_H
#define EDDY_FUZZ_COMPARE_H

#include "run.h"

static char difference[400];

static int differ(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(difference, sizeof difference, format, list);
  va_end(list);
  return 1;
}

static int op_is_racy(const struct op *op) {
  return op->racy || (op->end && op->end->racy) || (op->pool && op->pool->racy);
}

// Whether what op `i` came to had to be the same in both.
static int compared(const struct world *worlds, int i) {
  return !worlds[0].diverged && !op_is_racy(&worlds[0].ops[i]) && !op_is_racy(&worlds[1].ops[i]);
}

static const char *state_of(const struct op *op) {
  static char text[2][100];
  static int turn;
  char *to = text[turn ^= 1];
  if (!op->started) return "was not started";
  snprintf(to, sizeof text[0], "%s %lld (%s), moved %llu, %d payloads",
           op->final ? "ended with" : "is pending, last", (long long)op->result,
           op->result < 0 ? eddy_error_name(op->result) : "", (unsigned long long)op->transferred,
           op->mores);
  return to;
}

static int ends_differ(const struct world *a, const struct world *b, int slot) {
  const struct end *x = a->slots[slot], *y = b->slots[slot];
  if ((x && x->racy) || (y && y->racy)) return 0;
  if (!x != !y) return differ("slot %d is %s, %s", slot, x ? "used" : "free", y ? "used" : "free");
  if (!x) return 0;
  if (x->received != y->received)
    return differ("the end in slot %d has received %llu bytes, %llu bytes", slot,
                  (unsigned long long)x->received, (unsigned long long)y->received);
  if (!x->stream != !y->stream || x->connected != y->connected || x->ended != y->ended)
    return differ("the end in slot %d: stream %d, %d; connected %d, %d; ended %d, %d", slot,
                  x->stream != NULL, y->stream != NULL, x->connected, y->connected, x->ended,
                  y->ended);
  if (!x->stream || x->closing) return 0;
  if (eddy_stream_queued(x->stream) != eddy_stream_queued(y->stream) ||
      eddy_stream_congested(x->stream) != eddy_stream_congested(y->stream))
    return differ("the end in slot %d: queued %llu, %llu", slot,
                  (unsigned long long)eddy_stream_queued(x->stream),
                  (unsigned long long)eddy_stream_queued(y->stream));
  return 0;
}

static int kind_of_time(eddy_time_t at) { return at == 0 ? 0 : at == EDDY_NEVER ? 2 : 1; }

static int worlds_differ(struct world *a, struct world *b) {
  int racy = 0;
  for (int i = 0; i < a->program->count; i++) {
    struct op *x = &a->ops[i], *y = &b->ops[i];
    const struct action *action = &a->program->actions[i];
    int target = action->target < 0 ? i : action->target;
    int by_race = op_is_racy(&a->ops[target]) || op_is_racy(&b->ops[target]);
    if (a->acted[i] != b->acted[i]) {
      if (!by_race) return differ("%s %d was done in one", action_names[action->what], i);
      a->diverged = 1;
      return 0;
    }
    if (op_is_racy(x) || op_is_racy(y)) {
      racy = 1;
      continue;
    }
    if (x->started != y->started || x->final != y->final || x->result != y->result ||
        (x->mores != y->mores && x->what != READ_POOL) || x->transferred != y->transferred)
      return differ("%s %d: %s; %s", action_names[action->what], i, state_of(x), state_of(y));
    if (a->said[i] != b->said[i] && !by_race)
      return differ("%s %d: its calls gave %lld; %lld", action_names[action->what], i,
                    (long long)a->said[i], (long long)b->said[i]);
  }
  for (int i = 0; i < kSlots; i++)
    if (ends_differ(a, b, i)) return 1;
  for (int i = 0; i < kPools; i++) {
    struct pool *x = a->pooled[i], *y = b->pooled[i];
    if (!x || !y || x->racy || y->racy) continue;
    if (eddy_pool_free(x->pool) != eddy_pool_free(y->pool))
      return differ("pool %d has %u, %u free", i, eddy_pool_free(x->pool), eddy_pool_free(y->pool));
  }
  if (racy) return 0;
  if (eddy_loop_alive(a->loop) != eddy_loop_alive(b->loop))
    return differ("the loop is alive: %d, %d", eddy_loop_alive(a->loop), eddy_loop_alive(b->loop));
  int x = kind_of_time(eddy_loop_next_deadline(a->loop));
  int y = kind_of_time(eddy_loop_next_deadline(b->loop));
  if (x != y) return differ("the next deadline (0 now, 1 some time, 2 never) is %d, %d", x, y);
  return 0;
}

// The kernel may take a moment to bring what is on its way.
static int stay_different(struct world *a, struct world *b) {
  if (a->diverged || b->diverged) return 0;
  for (int tries = 0; worlds_differ(a, b); tries++) {
    if (tries == 40) return 1;
    usleep(tries < 5 ? 200 : 5000);
    rest(a);
    rest(b);
  }
  return 0;
}

#endif
