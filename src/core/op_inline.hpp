// The half of the op machine that runs for every message. The op_*.cpp files are the other half; nothing else moves an op.
#pragma once

#include "core/loop.hpp"

namespace eddy {

// The op becomes the user's again.
inline void op_retire(Op &op) {
  Loop &loop = *op.loop;
  loop.pending--;
  if (op.source) op.source->undelivered[lane_of(op.kind)]--;
  if (op.bits & kCounted) loop.references--;
  op.bits = 0;
  op.deadline = 0;
  op_move(op, State::idle);
  op.loop = nullptr; // which may end before the op
}

// op_begin, op_admit and op_started, for the start functions where their calls would show.
inline Op &op_begin_inline(Loop &loop, Source *source, eddy_op_t *user_op, Kind kind, eddy_cb cb,
                           uint16_t bits) {
  require(user_op != nullptr, "null op");
  require(cb != nullptr, "null callback");
  Op &op = op_of(user_op);
  require_idle(op, "op started while it is pending");
  if (loop.untaken) [[unlikely]]
    op_forget(op, loop);
  uint32_t flags = op.flags;
  bool counted = !(flags & EDDY_OP_UNREF);
  bool may_end_here = (flags & EDDY_OP_INLINE) && !(bits & kMulti);
  op.cb = cb;
  op.loop = &loop;
  op.source = source;
  op.transferred = 0;
  op.sequence = loop.sequence++;
  op.kind = kind;
  op_move(op, State::queued);
  op.reason = Reason::none;
  op.bits = static_cast<uint16_t>(bits | (counted ? kCounted : 0) | (may_end_here ? kStarting : 0));
  op.os_error = 0;
  op.count = 0;
  loop.pending++;
  loop.references += counted;
  if (source) source->undelivered[lane_of(kind)]++;
  return op;
}

inline bool op_admit_inline(Op &op, const Loop &loop, const Source &source) {
  bool plain = !loop.draining && !loop.lost && !is_closing(source) && !op.deadline;
  return plain || op_admit(op);
}

inline int op_started_inline(Op &op) {
  if (!(op.bits & kStarting)) return EDDY_PENDING;
  op.bits &= static_cast<uint16_t>(~kStarting);
  if (op.state != State::ready) return EDDY_PENDING;
  op.result = op.ending;
  op_retire(op);
  return EDDY_DONE;
}

// op_finish for kinds without `ends`.
inline void op_finish_inline(Op &op, int64_t result) {
  if (op.deadline || (op.bits & kStarting)) {
    op_finish(op, result);
    return;
  }
  op.ending = result;
  op.os_error = 0;
  op.bits |= kFinal;
  op_move(op, State::ready);
  op_make_ready(op);
}

// For the shortest way of all: whether an op could end inside its start call without having been begun, and its end.
inline bool op_may_end_at_once(const Op &op, const Loop &loop) {
  return op.state == State::idle && (op.flags & EDDY_OP_INLINE) && !op.deadline && !loop.untaken;
}

inline int op_end_at_once(Op &op, Kind kind, int64_t result) {
  op.kind = kind;
  op.result = result;
  op.transferred = static_cast<uint64_t>(result);
  op.os_error = 0;
  return EDDY_DONE;
}

} // namespace eddy
