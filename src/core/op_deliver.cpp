// The callbacks of ops, and what they may take.
#include "core/op_inline.hpp"

namespace eddy {

Offer *offer_of_idle(const Op &op) {
  if (static_cast<size_t>(op.kind) >= kKinds || !row_of(op.kind).offers)
    return nullptr; // started anew meanwhile
  for (Loop *loop = loop_running(); loop; loop = loop->outer)
    if (loop->offer.op == &op) return &loop->offer;
  return nullptr;
}

// What the callback did not take goes back.
void withdraw_offer(Loop &loop) {
  Offer offer = loop.offer;
  loop.offer = {};
  if (offer.handle && !is_closing(*offer.handle)) source_close(*offer.handle, nullptr);
  if (offer.lender) row_of(offer.lender->kind).give_back(*offer.lender, offer.index, offer.op);
  if (offer.has_native) native_close(offer.native, offer.shared);
}

static void deliver_result(Op &op) {
  int64_t result = op.ending;
  op.result = result;
  op_retire(op);
  op.cb(public_op(op), result);
}

static void deliver_final(Op &op) {
  Loop &loop = *op.loop;
  if (op.bits & kBefore) row_of(op.kind).before(op);
  deliver_result(op);
  check_returned(loop);
  if (loop.offer.op) [[unlikely]]
    withdraw_offer(loop);
}

// One payload of a multishot op. The op stays pending, so it may be looked at afterwards.
static void deliver_payload(Op &op) {
  Loop &loop = *op.loop;
  int64_t result = row_of(op.kind).payload(op);
  op.count--;
  op.bits |= kMore;
  op.result = result;
  op.cb(public_op(op), result);
  check_returned(loop);
  op.bits &= static_cast<uint16_t>(~kMore);
  if (loop.offer.op) withdraw_offer(loop);
}

static void deliver_any(Op &op);

void op_deliver(Op &op) {
  constexpr uint16_t other = kCounted | kTimed | kParked | kRides;
  uint16_t bits = op.bits & static_cast<uint16_t>(~other);
  if (bits == (kInReady | kFinal)) {
    deliver_result(op);
  } else if (bits == (kMulti | kLate | kInReady | kReceives) && !op.count) {
    op.bits &= static_cast<uint16_t>(~(kInReady | kReceives));
    row_of(op.kind).receive(op);
  } else if (bits == (kMulti | kLate | kInReady) && op.count == 1) {
    op.bits &= static_cast<uint16_t>(~kInReady);
    row_of(op.kind).only(op);
  } else {
    deliver_any(op);
  }
}

[[gnu::noinline]] static void deliver_any(Op &op) {
  bool resumes = !(op.bits & kLate) || (op.bits & kReceives);
  op.bits &= static_cast<uint16_t>(~(kInReady | kReceives));
  bool ended = op.bits & kFinal; // else what a callback decides here waits for the next turn
  if (op.bits & kMulti) {
    for (uint32_t payloads = op.count; payloads && op.count; payloads--) {
      if (op.source && is_closing(*op.source)) [[unlikely]] {
        op_drop_payloads(op);
        break;
      }
      deliver_payload(op);
    }
    if (op.count || (!ended && (op.bits & kFinal))) {
      op_make_ready(op);
      return;
    }
  }
  if (ended)
    deliver_final(op);
  else if (resumes)
    op.loop->driver->resume(*op.source, lane_of(op.kind));
}

void op_deliver_post(Op &op, int64_t result) {
  const Loop &loop = *op.loop;
  op.bits = 0;
  op.result = op.reason == Reason::none ? result : reason_error(op.reason);
  op.deadline = 0;
  op.loop = nullptr;
  op_move(op, State::idle);
  op.cb(public_op(op), op.result);
  check_returned(loop);
}

void op_deliver_now(Op &op, int64_t result, bool more) {
  Loop &loop = *op.loop;
  op.result = result;
  if (more) {
    op.bits |= kMore;
  } else {
    if (!op.source) loose_remove(op);
    op_retire(op);
  }
  op.cb(public_op(op), result);
  check_returned(loop);
  if (more) op.bits &= static_cast<uint16_t>(~kMore);
  if (loop.offer.op) [[unlikely]]
    withdraw_offer(loop);
}

} // namespace eddy
