// Callbacks: what an op may come to, and what it does to the model.
#ifndef EDDY_FUZZ_ENDS_H
#define EDDY_FUZZ_ENDS_H

#include "world.h"

#define START(op, call)                                                                            \
  do {                                                                                             \
    int outcome_;                                                                                  \
    CALL(outcome_ = (call));                                                                       \
    started(w, op, outcome_);                                                                      \
  } while (0)

static void callback(eddy_op_t *handle, int64_t result);

static void accepted(struct world *w, struct op *op) {
  struct listener *l = op->listener;
  struct end *client = l->first < l->count ? l->waiting[l->first++] : NULL;
  const struct action *a = op->action;
  struct end **slot = &w->slots[a->other];
  if (a->way % 8 == 0) return; // not taken: it is closed
  eddy_stream_t *stream = eddy_op_take_stream(&op->op);
  CHECK_OP(stream && !eddy_op_take_stream(&op->op));
  if (*slot || w->used >= kMostEnds) {
    CALL(eddy_stream_close(stream, NULL, NULL));
    return;
  }
  struct end *end = *slot = end_new(w);
  end->stream = stream;
  end->connected = 1;
  end->local = l->local;
  if (client && !l->unsure) join(client, end);
}

static void payload(struct world *w, struct op *op) {
  const struct action *a = op->action;
  if (op->what == ACCEPT) {
    CHECK_OP(op->last_more == 0);
    accepted(w, op);
  }
  if (op->what == READ_POOL) {
    eddy_lease_t look, got;
    CHECK_OP(op->last_more > 0 && eddy_op_peek_lease(&op->op, &look));
    CHECK_OP(look.size == (size_t)op->last_more && eddy_op_transferred(&op->op) == look.size);
    CHECK_OP(op->held < (int)op->credits);
    came(op->end, look.data, look.size);
    if (w->flowing || a->way % 4 || w->leased == 4096) return;
    CHECK_OP(eddy_op_take_lease(&op->op, &got) && got.data == look.data);
    w->leases[w->leased++] = (struct lease){got, op->pool, op, op->seq, sum_of(got.data, got.size)};
    op->held++;
    op->pool->leases++;
    CHECK_OP(eddy_pool_free(op->pool->pool) + op->pool->leases <= op->pool->buffers);
    return;
  }
  if (op->what == POLL || op->what == TICK) CHECK_OP(op->last_more > 0);
  if (op->what != ACCEPT && (uint32_t)op->mores >= a->times) {
    op->asked = 1;
    CALL(eddy_cancel(&op->op));
  }
}

static void took_effect(struct world *w, struct op *op, int lane) {
  CHECK_OP(op->seq > op->end->done[lane]);
  op->end->done[lane] = op->seq;
}

static void ended_read(struct world *w, struct op *op) {
  int64_t left = op->result;
  CHECK_OP(left <= (int64_t)op->size);
  for (uint32_t i = 0; left > 0; i++) {
    size_t part = op->buffers[i].size < (size_t)left ? op->buffers[i].size : (size_t)left;
    came(op->end, op->buffers[i].data, part);
    left -= (int64_t)part;
  }
  for (size_t i = op->result > 0 ? (size_t)op->result : 0; i < op->size; i++)
    if (op->data[i] != 0xcc) broken(w, "read %d wrote behind what it tells of", op->index);
  if (op->result > 0) took_effect(w, op, LANE_READ);
}

static void ended_write(struct world *w, struct op *op) {
  struct end *end = op->end;
  CHECK_OP(op->transferred <= op->size && op->result <= (int64_t)op->size);
  if (op->result >= 0) CHECK_OP(op->transferred == op->size && op->result == (int64_t)op->size);
  for (size_t i = 0; i < op->size; i += 1 + op->size / 64)
    CHECK_OP(op->data[i] == byte_of((uint32_t)op->index, i));
  if (op->transferred) took_effect(w, op, LANE_WRITE);
  if (op->result < 0) end->short_write = 1;
  if (op->result < 0 && op->transferred) end_racy(end);
  op->record->taken = op->transferred;
  op->record->final = 1;
}

static void ended_release(struct world *w, struct op *op) {
  if (op->result) return;
  struct end *end = op->end;
  CHECK_OP(end->live == 0);
  end->stream = NULL;
  eddy_native_t native = op->action->way % 8 ? eddy_op_take_native(&op->op) : EDDY_NO_NATIVE;
  if (native == EDDY_NO_NATIVE) return;
  if (eddy_stream_adopt(w->loop, native, &end->stream)) close((int)native);
}

// What reasons there may be.
static void check_reason(struct world *w, struct op *op) {
  int64_t result = op->result;
  struct end *end = op->end;
  const struct action *a = op->action;
  CHECK_OP(result != EDDY_ELOST && result != EDDY_EUNKNOWN && result != EDDY_EINTR &&
           result != EDDY_EAGAIN && result != EDDY_EFAULT && result != EDDY_EBADF);
  if (result == EDDY_ECANCELED && !w->ending && !op->asked)
    CHECK_OP((end && (end->closing || end->racy || end->failed || end->short_write)) ||
             (op->pool && op->pool->closed) || (op->listener && !op->listener->listener) ||
             op->what == POLL);
  if (result == EDDY_ETIMEDOUT) CHECK_OP(a->deadline || (end && end->failed) || op->asked);
}

static void final(struct world *w, struct op *op) {
  struct end *end = op->end;
  CHECK_OP(!op->final);
  op->final = 1;
  if (end) end->live--;
  if (op->what != WORK) check_reason(w, op);
  switch (op->what) {
  case READ: ended_read(w, op); break;
  case WRITE: ended_write(w, op); break;
  case RELEASE: ended_release(w, op); break;
  case CLOSE:
    CHECK_OP(op->result == 0 && end->live == 0);
    end->stream = NULL;
    break;
  case CONNECT:
    if (op->result == EDDY_EISCONN || op->result == EDDY_EALREADY) break;
    end->connected = op->result == 0;
    end->failed = op->result != 0;
    if (op->listener && op->result) op->listener->unsure = 1;
    break;
  case ACCEPT:
    if (op->result == 0) accepted(w, op);
    break;
  case WORK:
    if (op->result < 0)
      CHECK_OP((op->result == EDDY_ECANCELED || op->result == EDDY_ETIMEDOUT) && !op->begun);
    else
      CHECK_OP(op->begun && op->result == op->index);
    break;
  case SLEEP:
  case YIELD: CHECK_OP(op->result <= 0); break;
  default: break;
  }
  if ((op->what == READ || op->what == READ_POOL) &&
      (op->result == 0 || op->result == EDDY_ECONNRESET || op->result == EDDY_ENOTCONN))
    end->ended = 1;
  // Yours again: nobody writes there any more.
  if (op->data) memset(op->data, 0xdd, op->size);
  if (op->buffers) memset(op->buffers, 0xdd, op->count * sizeof *op->buffers);
}

static void run_chained(struct world *w, int index) {
  for (int i = 0; i < w->program->count; i++) {
    const struct action *a = &w->program->actions[i];
    if (!a->on || a->place != IN_CALLBACK || a->target != index || w->acted[i] != 1) continue;
    act(w, i);
  }
}

static void finish(struct world *w, struct op *op, int64_t result) {
  op->result = result;
  op->transferred = eddy_op_transferred(&op->op);
  CHECK_OP(!eddy_op_pending(&op->op) && !eddy_op_more(&op->op));
  CHECK_OP(eddy_op_result(&op->op) == result);
  final(w, op);
  memset(&op->op, 0, sizeof op->op);
}

static void started(struct world *w, struct op *op, int outcome) {
  CHECK_OP(outcome == EDDY_PENDING || outcome == EDDY_DONE);
  if (outcome == EDDY_PENDING) {
    CHECK_OP(eddy_op_pending(&op->op));
    return;
  }
  CHECK_OP(op->action->within && op->what != CLOSE && op->what != POST && op->what != HOOK);
  finish(w, op, eddy_op_result(&op->op));
}

static void callback(eddy_op_t *handle, int64_t result) {
  struct op *op = (struct op *)(void *)handle;
  struct world *w = op->world;
  w->progress++;
  CHECK_OP(!w->calling && eddy_loop_inside(w->loop) && op->started && !op->final);
  if (eddy_op_more(handle)) {
    CHECK_OP(eddy_op_pending(handle));
    op->mores++;
    op->last_more = result;
    payload(w, op);
  } else {
    finish(w, op, result);
  }
  if (!w->ending && op->index < kMostActions) run_chained(w, op->index);
}

#endif
