// How an op ends: with its result, by a cancel, by a deadline, with its loop's kernel interface.
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
  Lane which = lane_of(op.kind);
  return op.source && which != kWaiters && which != kWatchers && op.source->undelivered[which] > 1;
}

void op_finish(Op &op, int64_t result, int32_t native) {
  timer_disarm(op);
  if (auto ends = row_of(op.kind).ends) ends(op);
  op.ending = result;
  op.os_error = native;
  op.bits |= kFinal;
  op_move(op, State::ready);
  if (!(op.bits & kStarting)) {
    op_make_ready(op);
  } else if (overtakes(op)) {
    op.bits &= static_cast<uint16_t>(~kStarting);
    op_make_ready(op);
  }
}

void op_activate(Op &op) { op_move(op, State::active); }
void op_requeue(Op &op) { op_move(op, State::queued); }

void op_drop_payloads(Op &op) {
  if (auto drop = row_of(op.kind).drop) drop(op);
  op.count = 0;
}

// Whether it may end now, for neither a kernel nor a thread has something of it.
static bool let_go(Op &op) {
  if (!op.source) {
    auto withdraw = row_of(op.kind).withdraw;
    return !withdraw || withdraw(op);
  }
  return lane_of(op.kind) == kWatchers || op.loop->driver->cancel(op);
}

// The first reason wins, and an op whose end is decided keeps it.
void op_cancel(Op &op, Reason reason) {
  if (op.state == State::idle) return;
  if (reason == Reason::close) op_drop_payloads(op);
  if (op.state == State::ready || op.reason != Reason::none) return;
  if (lane_of(op.kind) == kClosers) return;
  op.reason = reason;
  if (op.state == State::posted) return;
  if (let_go(op)) op_end_reason(op);
}

// Out of where it waits.
static void unlink(Op &op) {
  if (op.source)
    lane(*op.source, lane_of(op.kind)).remove(op);
  else
    loose_remove(op);
  if (auto broken = row_of(op.kind).broken) broken(op);
}

void op_end_reason(Op &op) {
  Source *source = op.source;
  const KindRow &row = row_of(op.kind);
  Lane which = lane_of(op.kind);
  bool led = source && which <= kWriteLane && source->lanes[which].head == &op;
  bool torn = row.torn && op.transferred > 0;
  unlink(op);
  op_finish(op, reason_error(op.reason));
  if (row.ended) row.ended(op);
  if (torn) row.torn(op);
  if (led && source->lanes[which].head && !is_closing(*source))
    op.loop->driver->resume(*source, which);
}

void op_lose(Op &op, int64_t error) {
  if (op.state == State::idle || op.state == State::ready || op.state == State::posted) return;
  unlink(op);
  op_finish(op, error);
  if (auto ended = row_of(op.kind).ended) ended(op);
}

} // namespace eddy
