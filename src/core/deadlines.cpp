// What is due: deadlines of all ops, and those kinds that wait for nothing else.
#include "core/loop.hpp"

namespace eddy {

// What has come since the kernel was last asked comes first: then the op has until the next turn.
bool deadline_early(Op &op, Time deadline) {
  if (deadline <= op.loop->asked_at) return false;
  timer_arm(op, op.loop->now);
  return true;
}

static void fall_due(Op &op) {
  Time deadline = op.deadline;
  op.deadline = 0;
  if (auto fire = row_of(op.kind).fire)
    fire(op, deadline);
  else if (!deadline_early(op, deadline))
    op_cancel(op, Reason::deadline);
}

void timers_run(Loop &loop) {
  loop.wheel.expire(loop.now, loop.due);
  while (Op *op = loop.due.pop_front()) {
    loop.acted = true;
    __builtin_prefetch(
        loop.due.head); // after a jump of the clock the list is a chain of cache misses
    fall_due(*op);
  }
}

} // namespace eddy
