// How an op begins.
#include "core/op_inline.hpp"

namespace eddy {

// Whether these bytes can be an op that was zeroed once.
static bool sound(const Op &op) {
  constexpr uint32_t flags = EDDY_OP_INLINE | EDDY_OP_UNREF;
  return op.state <= State::posted && static_cast<size_t>(op.kind) < kKinds &&
         op.reason <= Reason::close && !op.unused && !(op.flags & ~flags) && !(op.bits & ~kAllBits);
}

[[gnu::cold]] void op_refused(const Op &op, const char *message) {
  fatal(sound(op) ? message
                  : "op is not zeroed: all-zero bytes (or eddy_op_init) make a fresh one");
}

void require_sound(const Op &op) {
  if (!sound(op)) op_refused(op, "");
}

Op &op_begin(Loop &loop, Source *source, eddy_op_t *user_op, Kind kind, eddy_cb cb, uint16_t bits) {
  return op_begin_inline(loop, source, user_op, kind, cb, bits);
}

int op_started(Op &op) { return op_started_inline(op); }

// It may be any bytes: what was idle may have been freed and used for something else.
[[gnu::cold]] void op_forget(Op &op, Loop &loop) {
  if (static_cast<size_t>(op.kind) >= kKinds) return;
  if (auto forget = row_of(op.kind).forget) forget(op, loop);
}

bool op_admit(Op &op) {
  Loop &loop = *op.loop;
  int64_t refusal = 0;
  if (loop.draining || (op.source && is_closing(*op.source))) [[unlikely]]
    refusal = EDDY_ECLOSED;
  else if (loop.lost && op.source) [[unlikely]]
    refusal = EDDY_ELOST;
  else if (op.deadline) [[unlikely]] {
    if (op.deadline <= loop.now)
      refusal = EDDY_ETIMEDOUT;
    else
      timer_arm(op, op.deadline);
  }
  if (!refusal) return true;
  op.deadline = 0;
  op_finish(op, refusal);
  return false;
}

void op_post(Op &op, Kind kind, eddy_cb cb, Loop *loop) {
  require_idle(op, "op posted while it is pending");
  op.cb = cb;
  op.loop = loop;
  op.source = nullptr;
  op.transferred = 0;
  op.kind = kind;
  op.reason = Reason::none;
  op.os_error = 0;
  op_move(op, State::posted);
}

void op_unpost(Op &op) {
  op.loop = nullptr; // it may end at any time
  op_move(op, State::idle);
}

} // namespace eddy
