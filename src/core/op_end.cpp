// How an op ends: with its result, by a cancel, by a deadline, with its loop's kernel interface.
#include "api/pool.hpp"
#include "api/stream.hpp"
#include "core/op_inline.hpp"

namespace eddy {

int64_t reason_error(Reason reason) {
  return reason == Reason::deadline ? EDDY_ETIMEDOUT : EDDY_ECANCELED;
}

void timer_arm(Op &op, Time at) {
  op.deadline = at;
  op.loop->wheel.insert(op);
}

void timer_disarm(Op &op) {
  if (!op.deadline) return;
  if (op.bits & kTimed)
    op.loop->wheel.remove(op);
  else
    op.loop->due.remove(op);
  op.deadline = 0;
}

// An inline end would come before the callbacks of older ops of its lane.
static bool overtakes(const Op &op) {
  Lane which = op.source ? lane_of(op.kind) : kWaiters;
  return which != kWaiters && op.source->undelivered[which] > 1;
}

void op_finish(Op &op, int64_t result, int32_t native) {
  timer_disarm(op);
  if (op.kind == Kind::read_pool) pool_unlink(op);
  op.ending = result;
  op.os_error = native;
  op.bits |= kFinal;
  op.state = State::ready;
  if (!(op.bits & kStarting)) {
    op_make_ready(op);
  } else if (overtakes(op)) {
    op.bits &= static_cast<uint16_t>(~kStarting);
    op_make_ready(op);
  }
}

void op_activate(Op &op) { op.state = State::active; }
void op_requeue(Op &op) { op.state = State::queued; }

// What a multishot op has brought and its closed handle makes void.
void op_drop_payloads(Op &op) {
  if (op.kind == Kind::read_pool) pool_drop(op);
  if (op.kind == Kind::accept && (op.bits & kMulti)) accept_drop(op);
  op.count = 0;
}

// The first reason wins, and an op whose end is decided keeps it.
void op_cancel(Op &op, Reason reason) {
  if (op.state == State::idle) return;
  if (reason == Reason::close) op_drop_payloads(op);
  if (op.state == State::ready || op.reason != Reason::none) return;
  if (op.kind == Kind::close || op.kind == Kind::release) return;
  op.reason = reason;
  if (op.state == State::posted) return;
  if (op.kind == Kind::work && !work_cancel(op)) return;
  if (op.source && op.kind != Kind::uncongested && !op.loop->driver->cancel(op)) return;
  op_end_reason(op);
}

static OpList &list_of(Op &op) {
  if (op.kind == Kind::uncongested) return static_cast<eddy_stream &>(*op.source).uncongested;
  return lane(*op.source, lane_of(op.kind));
}

void op_end_reason(Op &op) {
  Source *source = op.source;
  if (!source) {
    if (op.kind == Kind::hook) hook_remove(op);
    if (op.kind == Kind::work) op.loop->pending_work.remove(op);
    op_finish(op, reason_error(op.reason));
    return;
  }
  Lane which = lane_of(op.kind);
  OpList &queue = list_of(op);
  bool led = queue.head == &op;
  bool torn = op.kind == Kind::write && op.transferred > 0;
  queue.remove(op);
  if (op.kind == Kind::write || op.kind == Kind::shutdown_write) stream_write_ended(op);
  op_finish(op, reason_error(op.reason));
  if (op.kind == Kind::connect)
    stream_connect_ended(op, op.ending);
  else if (torn)
    stream_fail_writes(*source, op);
  if (led && which != kWaiters && queue.head && !source->closing)
    op.loop->driver->resume(*source, which);
}

void op_lose(Op &op, int64_t error) {
  if (op.state == State::idle || op.state == State::ready || op.state == State::posted) return;
  if (op.source)
    list_of(op).remove(op);
  else if (op.kind == Kind::hook)
    hook_remove(op);
  else if (op.kind == Kind::work)
    op.loop->pending_work.remove(op);
  if (op.kind == Kind::write || op.kind == Kind::shutdown_write) stream_write_ended(op);
  op_finish(op, error);
  if (op.kind == Kind::connect) stream_connect_ended(op, error);
}

} // namespace eddy
