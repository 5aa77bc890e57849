// What a user asks of an op.
#include "core/loop.hpp"

using namespace eddy;

extern "C" {

void eddy_op_init(eddy_op_t *op) {
  require(op != nullptr, "null op");
  memset(static_cast<void *>(op), 0, sizeof *op);
}

void eddy_op_set_flags(eddy_op_t *user_op, uint32_t flags) {
  require(user_op != nullptr, "null op");
  Op &op = op_of(user_op);
  require_idle(op, "flags set on a pending op");
  require((flags & ~uint32_t{EDDY_OP_INLINE | EDDY_OP_UNREF}) == 0, "unknown op flag");
  op.flags = static_cast<uint16_t>(flags);
}

void eddy_op_set_deadline(eddy_op_t *user_op, eddy_time_t at) {
  require(user_op != nullptr, "null op");
  Op &op = op_of(user_op);
  require_idle(op, "deadline set on a pending op (see eddy_rearm)");
  op.deadline = at == kNever ? 0 : at ? at : 1;
}

void eddy_cancel(eddy_op_t *user_op) {
  require(user_op != nullptr, "null op");
  Op &op = op_of(user_op);
  if (op.state == State::idle) return;
  require_sound(op);
  check_thread(*op.loop);
  op_cancel(op, Reason::cancel);
}

int eddy_op_pending(const eddy_op_t *op) { return op && op_of(op).state != State::idle; }
int eddy_op_more(const eddy_op_t *op) { return op && (op_of(op).bits & kMore) != 0; }

int64_t eddy_op_result(const eddy_op_t *op) {
  require(op != nullptr, "null op");
  return op_of(op).result;
}

uint64_t eddy_op_transferred(const eddy_op_t *op) {
  require(op != nullptr, "null op");
  return op_of(op).transferred;
}

int32_t eddy_op_os_error(const eddy_op_t *op) {
  require(op != nullptr, "null op");
  return op_of(op).os_error;
}

void eddy_op_ref(eddy_op_t *user_op) {
  require(user_op != nullptr, "null op");
  Op &op = op_of(user_op);
  require_sound(op);
  op.flags &= static_cast<uint16_t>(~EDDY_OP_UNREF);
  if (op.state == State::idle || op.state == State::posted || (op.bits & kCounted)) return;
  check_thread(*op.loop);
  op.bits |= kCounted;
  op.loop->references++;
}

void eddy_op_unref(eddy_op_t *user_op) {
  require(user_op != nullptr, "null op");
  Op &op = op_of(user_op);
  require_sound(op);
  op.flags |= EDDY_OP_UNREF;
  if (op.state == State::idle || op.state == State::posted || !(op.bits & kCounted)) return;
  check_thread(*op.loop);
  op.bits &= static_cast<uint16_t>(~kCounted);
  op.loop->references--;
}

eddy_native_t eddy_op_take_native(eddy_op_t *user_op) {
  require(user_op != nullptr, "null op");
  Offer *offer = offer_of(op_of(user_op));
  if (!offer || !offer->has_native) return EDDY_NO_NATIVE;
  eddy_native_t native = offer->native;
  *offer = {};
  return native;
}

} // extern "C"
