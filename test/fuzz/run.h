// Runs a program in a world: each action, rest after it, and the end.
#ifndef EDDY_FUZZ_RUN_H
#define EDDY_FUZZ_RUN_H

#include "busy.h"

// Whether its threads have nothing more to do by themselves.
static int work_rests(const struct world *w) {
  int left = 0;
  for (int i = 0; i < w->program->count; i++) {
    const struct op *op = &w->ops[i];
    if (op->what != WORK || !op->started || op->final) continue;
    // The one thread waits, and the others wait for it.
    if (op->gated && atomic_load(&op->begun) && atomic_load(&op->passed) == atomic_load(&w->gates))
      return 1;
    left++;
  }
  return !left;
}

static void act(struct world *w, int index) {
  const struct action *a = &w->program->actions[index];
  struct op *op = &w->ops[index];
  w->acted[index] = 2;
  op->index = index;
  switch (a->what) {
  case OPEN: act_open(w, a, index); break;
  case LISTEN: act_listen(w, a); break;
  case ACCEPT: act_accept(w, a, op); break;
  case CONNECT: act_connect(w, a, op); break;
  case PAUSE: {
    struct listener *l = w->listening[a->slot % kListeners];
    if (l) CALL((a->way % 2 ? eddy_listener_pause : eddy_listener_resume)(l->listener));
    break;
  }
  case CLOSE_LISTENER: act_close_listener(w, a, op); break;
  case READ: act_read(w, a, op); break;
  case READ_POOL: act_read_pool(w, a, op); break;
  case GIVE: act_give(w, a, index); break;
  case OPEN_POOL: act_open_pool(w, a); break;
  case CLOSE_POOL: act_close_pool(w, a, op); break;
  case WRITE: act_write(w, a, op); break;
  case SHUTDOWN: act_shutdown(w, a, op); break;
  case CLOSE: act_close(w, a, op); break;
  case RELEASE: act_release(w, a, op); break;
  case WAIT: act_wait(w, a, op); break;
  case UNCONGESTED: act_uncongested(w, a, op); break;
  case CANCEL:
  case REARM:
  case REFERENCE: act_cancel(w, a, index); break;
  case SLEEP:
  case TICK:
  case YIELD:
  case HOOK: act_time(w, a, op); break;
  case POST: act_post(w, a, op); break;
  case WORK: act_work(w, a, op); break;
  case OPEN_GATE:
    for (int i = 0; i < kMostActions; i++) // it may have begun to wait, or not
      if (w->ops[i].what == WORK && undecided(w, &w->ops[i])) w->diverged = 1;
    atomic_fetch_add(&w->gates, 1);
    break;
  case OPEN_FILE: act_open_file(w, a, index); break;
  case POLL: act_poll(w, a, op); break;
  case FILE_HAPPENS: act_file_happens(w, a); break;
  case CLOSE_FILE: act_close_file(w, a, op); break;
  case RAW: act_raw(w, a, index); break;
  case STOP:
    eddy_loop_stop(w->loop);
    for (int i = 0; i < kMostActions; i++)
      if (undecided(w, &w->ops[i])) return;
    if (eddy_loop_inside(w->loop) || !work_rests(w)) break;
    // In a busy turn a write may have ended inside its start, or be with the ring and keep the loop alive.
    w->said[index] = eddy_loop_run(w->loop) && !w->program->busy;
    break;
  case FLUSH: CALL(eddy_loop_flush(w->loop)); break;
  default: act_ask(w, a, index);
  }
}

static void in_yield(eddy_op_t *handle, int64_t result) {
  struct op *op = (struct op *)(void *)handle;
  struct world *w = op->world;
  w->progress++;
  CHECK(!w->calling && result == 0);
  op->final = 1;
  if (!w->ending) act(w, op->index);
}

static void begin_action(struct world *w, int index) {
  const struct action *a = &w->program->actions[index];
  w->step = index;
  int first = w->program->busy && (!index || !w->program->actions[index - 1].batched);
  if (first) busy_turn(w, a->place == IN_YIELD ? index : -1);
  if (w->acted[index]) return;
  if (a->place == IN_YIELD) {
    struct op *op = &w->yields[index];
    op->world = w;
    op->index = index;
    CALL(eddy_yield(w->loop, &op->op, in_yield));
  } else if (a->place == IN_CALLBACK && w->ops[a->target].started && !w->ops[a->target].final) {
    w->acted[index] = 1;
  } else {
    act(w, index);
  }
}

static uint64_t unread(const struct end *end) {
  uint64_t sent = 0;
  for (const struct record *record = end->records; record; record = record->next)
    sent += record->size;
  return sent - (end->peer ? end->peer->received : 0);
}

static void note_racy(struct world *w) {
  for (int i = 0; i < w->program->count; i++) {
    struct op *op = &w->ops[i];
    if (!op->started) continue;
    // How much the kernel takes is its own matter, but what is small it does take.
    int fills = (op->what == WRITE || op->what == SHUTDOWN) && !op->final && op->end->connected;
    if (fills && (!op->end->peer || unread(op->end) > kRoom / 2)) end_racy(op->end);
    if (op->what == READ_POOL && op->end->racy) op->pool->racy = 1;
    if (op->what == READ_POOL && op->pool->racy) end_racy(op->end);
  }
}

// Turns until nothing happens any more.
static void rest(struct world *w) {
  for (int turns = 0, quiet = 0; quiet < 2 || !work_rests(w); turns++) {
    if (turns > 1000000) broken(w, "it does not come to rest");
    int before = w->progress;
    if (quiet >= 2) usleep(100); // for a thread
    eddy_loop_step(w->loop, 0);
    quiet = w->progress == before ? quiet + 1 : 0;
  }
  for (int i = 0; i < w->used; i++) verify(w, &w->ends[i]);
  note_racy(w);
  w->batch++;
}

static int flows(const struct end *end) {
  return end->stream && end->connected && !end->failed && !end->closing && !end->shut_read &&
         !end->ended;
}

// Whether what was sent to it has come.
static int flowed(const struct world *w, const struct end *end) {
  const struct end *peer = end->peer;
  if (!peer || !flows(end)) return 1;
  if (!peer->stream && peer->fd < 0) return 0; // its end must be seen
  uint64_t sent = 0;
  for (const struct record *record = peer->records; record; record = record->next) {
    if (!record->final) return 0;
    sent += record->taken;
  }
  (void)w;
  return end->received >= sent;
}

static void let_flow(struct world *w) {
  static const struct action read_all = {.what = READ, .on = 1, .target = -1};
  w->flowing = 1;
  atomic_fetch_add(&w->gates, 1);
  eddy_time_t limit = eddy_update_now(w->loop) + patience * EDDY_SECOND;
  for (int waiting = 1; waiting;) {
    waiting = 0;
    while (w->leased) CHECK(give(w, 0) == 0);
    for (int i = 0; i < w->used; i++) {
      struct end *end = &w->ends[i];
      if (end->fd >= 0) raw_swallow(end);
      verify(w, end);
      if (!flowed(w, end)) waiting = 1;
      if (!flows(end) || w->flows == kFlows || (w->flow[i] && !w->flow[i]->final)) continue;
      struct op *op = w->flow[i] = &w->ops[kMostActions + w->flows++];
      op->index = kMostActions + w->flows;
      op_new(w, op, &read_all, op->index)->end = end;
      end->live++;
      room(op, 65536, 1);
      START(op, eddy_stream_read(end->stream, &op->op, op->buffers, 1, callback));
    }
    eddy_loop_step(w->loop, w->calling ? 0 : eddy_now(w->loop) + 200 * EDDY_MICROSECOND);
    if (!waiting || eddy_update_now(w->loop) < limit) continue;
    for (int i = 0; i < w->used; i++)
      if (!flowed(w, &w->ends[i]))
        broken(w, "stuck: end %d has %llu bytes, %s", i, (unsigned long long)w->ends[i].received,
               w->ends[i].peer->stream ? "its peer is open" : "its peer has ended");
  }
}

static void after(struct world *w, struct op *op) {
  CHECK_OP(op->final);
  for (size_t i = 0; op->data && i < op->size; i++)
    if (op->data[i] != 0xdd) broken(w, "the buffer of %d was used after its end", op->index);
  free(op->data);
  free(op->buffers);
}

static void end_world(struct world *w) {
  w->step = w->program->count;
  rest(w);
  if (w->program->ending % 2) let_flow(w);
  w->flowing = w->ending = 1;
  for (int i = 0; i < kMostOps; i++)
    if (w->ops[i].started && w->ops[i].what == READ_POOL && !w->ops[i].final)
      w->ops[i].end->torn = 1;
  if (w->program->ending / 2 % 4 == 0) {
    int held = w->leased;
    CHECK(eddy_loop_drain(w->loop, 0) >= held);
    if (held) CHECK(eddy_loop_close(w->loop) == EDDY_EBUSY);
  }
  if (w->program->busy) busy_close(w);
  while (w->leased) CHECK(give(w, 0) == 0);
  atomic_fetch_add(&w->gates, 1);
  for (int i = 0; i < w->program->count; i++) atomic_store(&w->ops[i].gone, 1);
  CHECK(eddy_loop_drain(w->loop, eddy_update_now(w->loop) + patience * EDDY_SECOND) == 0);
  for (int i = 0; i < kMostOps; i++)
    if (w->ops[i].started) after(w, &w->ops[i]);
  for (int i = 0; i < w->used; i++) verify(w, &w->ends[i]);
  CHECK(!eddy_loop_alive(w->loop));
  CHECK(eddy_loop_close(w->loop) == 0);
  if (w->memory) broken(w, "%ld bytes of memory are left", w->memory);
  eddy_op_t late = {0};
  if (w->remote) {
    CHECK(eddy_post(w->remote, &late, quick) == EDDY_ECLOSED);
    eddy_remote_release(w->remote);
  }
  if (w->workers) CHECK(eddy_workers_close(w->workers) == 0);
  for (int i = 0; i < w->used; i++) {
    if (w->ends[i].fd >= 0) close(w->ends[i].fd);
    for (struct record *record = w->ends[i].records, *next; record; record = next) {
      next = record->next;
      free(record);
    }
    free(w->ends[i].in);
  }
  for (int i = 0; i < w->filed_count; i++) {
    if (w->files[i].fd >= 0) close(w->files[i].fd);
    if (w->files[i].peer >= 0) close(w->files[i].peer);
  }
}

static void *get_memory(void *context, size_t size) {
  struct world *w = context;
  w->memory += (long)size;
  return aligned_alloc(16, (size + 15) / 16 * 16);
}

static void put_memory(void *context, void *memory, size_t size) {
  struct world *w = context;
  w->memory -= (long)size;
  free(memory);
}

static void open_world(struct world *w, const char *name, uint32_t driver,
                       const struct program *p) {
  memset(w, 0, sizeof *w);
  w->name = name;
  w->driver = driver;
  w->program = p;
  eddy_loop_options_t options = {.size = sizeof options,
                                 .driver = driver,
                                 .ring_entries = p->entries,
                                 .alloc = get_memory,
                                 .release = put_memory,
                                 .alloc_context = w};
  CHECK(eddy_loop_open(&options, &w->loop) == 0);
  if (p->busy) busy_open(w);
}

#endif
