// Sleeps, ticks and deadlines: one wheel for all of them.
#include "api/internal.hpp"

namespace eddy {

struct Ticking {
  Time due, period, limit; // limit: the op's deadline, or kNever
  uint32_t policy;
};

static Time clamp(Time at) { return at == 0 ? 1 : at == kNever ? kNever - 1 : at; }

static Time earlier(Time a, Time b) { return a < b ? a : b; }

static int start_timer(Loop &loop, eddy_op_t *user_op, Kind kind, uint16_t bits, Time due,
                       Time period, uint32_t policy, eddy_cb cb) {
  Op &op = op_begin(loop, nullptr, user_op, kind, cb, bits);
  op.bits &= static_cast<uint16_t>(~kStarting);
  Time limit = op.deadline ? op.deadline : kNever;
  op.deadline = 0;
  if (!op_admit(op)) return EDDY_PENDING;
  op.as<Ticking>().due = clamp(due);
  op.as<Ticking>().period = period;
  op.as<Ticking>().limit = limit;
  op.as<Ticking>().policy = policy;
  if (kind == Kind::tick && (period == 0 || policy > EDDY_TICK_DELAY))
    op_finish(op, EDDY_EINVAL);
  else if (limit <= loop.now)
    op_finish(op, EDDY_ETIMEDOUT);
  else {
    loose_add(op);
    timer_arm(op, earlier(op.as<Ticking>().due, limit));
  }
  return EDDY_PENDING;
}

// Sets the next due time; the number of periods that this callback stands for.
static int64_t advance_tick(Op &op, Time now) {
  Time period = op.as<Ticking>().period, due = op.as<Ticking>().due;
  if (op.as<Ticking>().policy == EDDY_TICK_DELAY) {
    op.as<Ticking>().due = clamp(saturating_add(now, period));
    return 1;
  }
  uint64_t periods = op.as<Ticking>().policy == EDDY_TICK_SKIP ? (now - due) / period + 1 : 1;
  op.as<Ticking>().due = clamp(periods > (kNever - due) / period ? kNever : due + periods * period);
  return static_cast<int64_t>(periods);
}

static bool is_timer(const Op &op) { return op.kind == Kind::sleep || op.kind == Kind::tick; }

static void time_out(Op &op, Time deadline) {
  if (!deadline_early(op, deadline)) op_deliver_now(op, EDDY_ETIMEDOUT, false);
}

static void fire_sleep(Op &op, Time deadline) {
  const Ticking &timer = op.as<Ticking>();
  if (timer.limit < timer.due)
    time_out(op, deadline);
  else
    op_deliver_now(op, 0, false);
}

static void fire_tick(Op &op, Time deadline) {
  const Ticking &timer = op.as<Ticking>();
  if (timer.limit < timer.due) {
    time_out(op, deadline);
    return;
  }
  int64_t periods = advance_tick(op, op.loop->now);
  timer_arm(op, earlier(timer.due, timer.limit));
  op_deliver_now(op, periods, true);
}

static void fire_internal(Op &op, Time) { op.as<Internal>().fire(op); }

constinit const KindRow kind_sleep = {.fire = fire_sleep};
constinit const KindRow kind_tick = {.fire = fire_tick};
constinit const KindRow kind_internal = {.fire = fire_internal};

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
    op.as<Ticking>().due = at;
    at = earlier(at, op.as<Ticking>().limit);
  }
  op.loop->wheel.rearm(op, at, op.loop->sequence++);
  return 0;
}

} // extern "C"
