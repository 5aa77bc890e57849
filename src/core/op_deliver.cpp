// The callbacks of ops, and what they may take.
#include "api/pool.hpp"
#include "api/stream.hpp"
#include "core/op_inline.hpp"

namespace eddy {

Offer *offer_of_idle(const Op &op) {
  if (op.kind != Kind::accept && op.kind != Kind::release) return nullptr; // started anew meanwhile
  for (Loop *loop = loop_running(); loop; loop = loop->outer)
    if (loop->offer.op == &op) return &loop->offer;
  return nullptr;
}

// What the callback did not take goes back.
void withdraw_offer(Loop &loop) {
  Offer offer = loop.offer;
  loop.offer = {};
  if (offer.stream && !offer.stream->closing) source_close(*offer.stream, nullptr);
  if (offer.pool) pool_return(*offer.pool, offer.buffer, offer.op);
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
  if (op.bits & kGap) stream_gap_told(*op.source);
  if (op.kind == Kind::accept && !(op.bits & kMulti) && op.accept.first) {
    loop.offer.op = &op;
    loop.offer.stream = op.accept.first;
    op.accept.first = nullptr;
  }
  deliver_result(op);
  check_returned(loop);
  if (loop.offer.op) [[unlikely]]
    withdraw_offer(loop);
}

// One payload of a multishot op. The op stays pending, so it may be looked at afterwards.
static void deliver_payload(Op &op) {
  Loop &loop = *op.loop;
  int64_t result = 0;
  if (op.kind == Kind::read_pool) {
    result = pool_offer(op);
  } else if (op.kind == Kind::accept && op.accept.transient) {
    result = op.accept.transient;
    op.accept.transient = 0;
  } else if (op.kind == Kind::accept) {
    Source *stream = op.accept.first;
    op.accept.first = stream->accepted_next;
    stream->accepted_next = nullptr;
    loop.offer.op = &op;
    loop.offer.stream = stream;
    op.os_error = 0;
  } else {
    result = op.poll.seen;
  }
  op.count--;
  op.bits |= kMore;
  op.result = result;
  op.cb(public_op(op), result);
  check_returned(loop);
  op.bits &= static_cast<uint16_t>(~kMore);
  if (loop.offer.op) withdraw_offer(loop);
}

// Calls back with one buffer of a pool read that goes on.
static inline void deliver_buffer(Op &op, eddy_pool &pool, uint32_t index, int64_t size) {
  Loop &loop = *op.loop;
  op.result = size;
  op.transferred = static_cast<uint64_t>(size);
  op.bits |= kMore;
  loop.offer.op = &op;
  loop.offer.pool = &pool;
  loop.offer.buffer = index;
  op.cb(public_op(op), size);
  op.bits &= static_cast<uint16_t>(~kMore);
  if (!loop.offer.op) return;
  loop.offer.op = nullptr;
  loop.offer.pool = nullptr;
  pool_take_back(pool, index, op);
}

static OsResult receive(Source &source, void *data, size_t size) {
  if (!source.local) [[likely]]
    return source.loop->receive_now(source.native, data, size);
  eddy_buf_t room = {data, size};
  return receive_local(source, &room, 1);
}

// Receives where the callback is called, so that all reads of a turn can use the same warm buffer.
[[gnu::noinline]] static void deliver_received(Op &op) {
  Source &source = *op.source;
  eddy_pool &pool = *op.pool.pool;
  if (!pool_free_for(op) && !pool_admits(op)) [[unlikely]]
    return;
  OsResult got = receive(source, pool_data(pool, pool.free_head), pool.buffer_size);
  if (got.value <= 0) [[unlikely]] {
    if (got.value != kAgain) {
      settle(op, got);
    } else {
      source.ready &= static_cast<uint8_t>(~(1u << kReadLane));
      pool_passes(op);
    }
    return;
  }
  // A short receive has emptied the kernel's buffer, unless the peer's end may be behind it.
  bool emptied = got.value < pool.buffer_size && !source.hung_up;
  if (emptied) source.ready &= static_cast<uint8_t>(~(1u << kReadLane));
  uint32_t index = pool_take(op);
  pool.buffers[index].size = static_cast<uint32_t>(got.value);
  deliver_buffer(op, pool, index, got.value);
  if (!emptied && !(op.bits & kFinal)) op_receive(op); // others have their turn first
}

// One that was received when its lane was run.
[[gnu::noinline]] static void deliver_only_buffer(Op &op) {
  op.count = 0;
  eddy_pool &pool = *op.pool.pool;
  deliver_buffer(op, pool, op.pool.first, pool.buffers[op.pool.first].size);
}

static void deliver_any(Op &op);

void op_deliver(Op &op) {
  uint16_t bits = op.bits & static_cast<uint16_t>(~(kCounted | kTimed | kParked));
  if (bits == (kInReady | kFinal) && op.kind != Kind::accept) {
    deliver_result(op);
  } else if (bits == (kMulti | kInReady | kReceives) && !op.count) {
    op.bits &= static_cast<uint16_t>(~(kInReady | kReceives));
    deliver_received(op);
  } else if (bits == (kMulti | kInReady) && op.kind == Kind::read_pool && op.count == 1) {
    op.bits &= static_cast<uint16_t>(~kInReady);
    deliver_only_buffer(op);
  } else {
    deliver_any(op);
  }
}

[[gnu::noinline]] static void deliver_any(Op &op) {
  bool receives = op.bits & kReceives;
  op.bits &= static_cast<uint16_t>(~(kInReady | kReceives));
  bool ended = op.bits & kFinal; // else what a callback decides here waits for the next turn
  if (op.bits & kMulti) {
    for (uint32_t payloads = op.count; payloads && op.count; payloads--) {
      if (op.source && op.source->closing) [[unlikely]] {
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
  else if (op.kind != Kind::read_pool || receives)
    op.loop->driver->resume(*op.source, lane_of(op.kind));
}

void op_deliver_post(Op &op, int64_t result) {
  const Loop &loop = *op.loop;
  op.bits = 0;
  op.result = op.reason == Reason::none ? result : reason_error(op.reason);
  op.deadline = 0;
  op.loop = nullptr;
  op.state = State::idle;
  op.cb(public_op(op), op.result);
  check_returned(loop);
}

void op_deliver_work(Op &op) {
  op.loop->pending_work.remove(op);
  timer_disarm(op);
  op.os_error = op.work.native;
  op_deliver_now(op, op.work.value, false);
}

void op_deliver_now(Op &op, int64_t result, bool more) {
  Loop &loop = *op.loop;
  op.result = result;
  if (more)
    op.bits |= kMore;
  else
    op_retire(op);
  op.cb(public_op(op), result);
  check_returned(loop);
  if (more) op.bits &= static_cast<uint16_t>(~kMore);
  if (loop.offer.op) [[unlikely]]
    withdraw_offer(loop);
}

} // namespace eddy
