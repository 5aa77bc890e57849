// Sleeps, ticks and deadlines: one wheel for all of them.
#include "core/loop.hpp"

namespace eddy {

static Time clamp(Time at) { return at == 0 ? 1 : at == kNever ? kNever - 1 : at; }

static Time earlier(Time a, Time b) { return a < b ? a : b; }

static int start_timer(Loop &loop, eddy_op_t *user_op, Kind kind, uint16_t bits, Time due,
                       Time period, uint32_t policy, eddy_cb cb) {
  Op &op = op_begin(loop, nullptr, user_op, kind, cb, bits);
  op.bits &= static_cast<uint16_t>(~kStarting);
  Time limit = op.deadline ? op.deadline : kNever;
  op.deadline = 0;
  if (!op_admit(op)) return EDDY_PENDING;
  op.timer.due = clamp(due);
  op.timer.period = period;
  op.timer.limit = limit;
  op.timer.policy = policy;
  if (kind == Kind::tick && (period == 0 || policy > EDDY_TICK_DELAY))
    op_finish(op, EDDY_EINVAL);
  else if (limit <= loop.now)
    op_finish(op, EDDY_ETIMEDOUT);
  else
    timer_arm(op, earlier(op.timer.due, limit));
  return EDDY_PENDING;
}

// Sets the next due time; the number of periods that this callback stands for.
static int64_t advance_tick(Op &op, Time now) {
  Time period = op.timer.period, due = op.timer.due;
  if (op.timer.policy == EDDY_TICK_DELAY) {
    op.timer.due = clamp(saturating_add(now, period));
    return 1;
  }
  uint64_t periods = op.timer.policy == EDDY_TICK_SKIP ? (now - due) / period + 1 : 1;
  op.timer.due = clamp(periods > (kNever - due) / period ? kNever : due + periods * period);
  return static_cast<int64_t>(periods);
}

static bool is_timer(const Op &op) { return op.kind == Kind::sleep || op.kind == Kind::tick; }

// What has come since the kernel was last asked comes first: then the op has until the next turn.
static void time_out(Op &op, Time deadline) {
  if (deadline > op.loop->asked_at)
    timer_arm(op, op.loop->now);
  else if (is_timer(op))
    op_deliver_now(op, EDDY_ETIMEDOUT, false);
  else
    op_cancel(op, Reason::deadline);
}

static void fire(Op &op) {
  Loop &loop = *op.loop;
  Time deadline = op.deadline;
  op.deadline = 0;
  switch (op.kind) {
  case Kind::sleep:
  case Kind::tick: {
    if (op.timer.limit < op.timer.due) {
      time_out(op, deadline);
    } else if (op.kind == Kind::sleep) {
      op_deliver_now(op, 0, false);
    } else {
      int64_t periods = advance_tick(op, loop.now);
      timer_arm(op, earlier(op.timer.due, op.timer.limit));
      op_deliver_now(op, periods, true);
    }
    break;
  }
  case Kind::internal: op.internal.fire(op); break;
  default: time_out(op, deadline);
  }
}

void timers_run(Loop &loop) {
  loop.wheel.expire(loop.now, loop.due);
  while (Op *op = loop.due.pop_front()) {
    loop.acted = true;
    __builtin_prefetch(
        loop.due.head); // after a jump of the clock the list is a chain of cache misses
    fire(*op);
  }
}

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_sleep(eddy_loop_t *loop, eddy_op_t *op, eddy_time_t at, eddy_cb cb) {
  return start_timer(check_loop(loop), op, Kind::sleep, 0, at, 0, 0, cb);
}

int eddy_tick(eddy_loop_t *loop, eddy_op_t *op, eddy_time_t first, eddy_time_t period,
              uint32_t policy, eddy_cb cb) {
  return start_timer(check_loop(loop), op, Kind::tick, kMulti, first, period, policy, cb);
}

int eddy_rearm(eddy_op_t *user_op, eddy_time_t at) {
  require(user_op != nullptr, "null op");
  Op &op = op_of(user_op);
  if (op.state == State::idle || op.state == State::posted) return failed(EDDY_EINVAL);
  require_sound(op);
  check_thread(*op.loop);
  if (op.state == State::ready || op.reason != Reason::none) return failed(EDDY_EALREADY);
  if (!op.deadline) return failed(EDDY_EINVAL);
  if (!(op.bits & kTimed)) return failed(EDDY_EALREADY);
  at = clamp(at);
  if (is_timer(op)) {
    op.timer.due = at;
    at = earlier(at, op.timer.limit);
  }
  op.loop->wheel.rearm(op, at, op.loop->sequence++);
  return 0;
}

} // extern "C"
