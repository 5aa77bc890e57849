// Lanes: what ends their heads, and who has the lane then.
#include "core/lane.hpp"

namespace eddy {

OsResult attempt_look(Source &source, uint32_t events) { return os_poll(source.native, events); }

OsResult explain(const Op &op, OsResult outcome) {
  Source &source = *op.source;
  if (outcome.value == EDDY_ECONNRESET) source.reset = true;
  if (op.reason != Reason::none && outcome.value < 0) return {reason_error(op.reason), 0};
  return outcome;
}

void finish_head(Op &op, int64_t result, int32_t native) {
  lane(*op.source, lane_of(op.kind)).remove(op);
  op_finish(op, result, native);
}

void settle_head(Op &op, OsResult outcome) {
  Source &source = *op.source;
  Lane which = lane_of(op.kind);
  outcome = explain(op, outcome);
  finish_head(op, outcome.value, outcome.native);
  hand_on(source, which);
}

void requeue_run(OpList &lane) {
  for (Op *op = lane.head, *next; op && op->state == State::active; op = next) {
    next = op->next;
    op_requeue(*op);
    if (op->reason == Reason::none) continue;
    op_end_reason(*op);
    if (lane.empty()) return; // a write that was torn has taken all others with it
  }
}

void settle_waiter(Op &op, OsResult outcome) {
  outcome = explain(op, outcome);
  if ((op.bits & kRepeat) && outcome.value > 0) {
    Waiting &wait = op.as<Waiting>();
    wait.seen = (op.count ? wait.seen : 0) | static_cast<uint32_t>(outcome.value);
    op.count = 1;
    op_make_ready(op);
  } else {
    finish_head(op, outcome.value, outcome.native);
  }
}

} // namespace eddy
