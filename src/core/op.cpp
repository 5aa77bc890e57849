// The op state machine. Only this file and op_inline.hpp write an op's state.
#include "api/pool.hpp"
#include "api/stream.hpp"
#include "core/op_inline.hpp"

namespace eddy {

int64_t reason_error(Reason reason) {
  return reason == Reason::deadline ? EDDY_ETIMEDOUT : EDDY_ECANCELED;
}

// Whether these bytes can be an op that was zeroed once.
static bool sound(const Op &op) {
  constexpr uint32_t flags = EDDY_OP_INLINE | EDDY_OP_UNREF;
  return op.state <= State::posted && op.kind <= Kind::internal && op.reason <= Reason::close &&
         !op.unused && !(op.flags & ~flags) && !(op.bits & ~kAllBits);
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

int op_started(Op &op) {
  Loop &loop = *op.loop;
  int outcome = op_started_inline(op);
  if (outcome == EDDY_DONE && op.kind == Kind::accept && op.accept.first) accept_offer(op, loop);
  return outcome;
}

bool op_admit(Op &op) {
  Loop &loop = *op.loop;
  int64_t refusal = 0;
  if (loop.draining || (op.source && op.source->closing)) [[unlikely]]
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
  Lane which = op.source ? lane_of(op.kind) : kWaiters;
  return which != kWaiters && op.source->undelivered[which] > 1;
}

void op_finish(Op &op, int64_t result, int32_t native) {
  timer_disarm(op);
  if (op.kind == Kind::read_pool) pool_unlink(op);
  op.ending = result;
  op.os_error = native;
  op.bits |= kFinal;
  op.state = State::ready;
  if (!(op.bits & kStarting)) {
    op_make_ready(op);
  } else if (overtakes(op)) {
    op.bits &= static_cast<uint16_t>(~kStarting);
    op_make_ready(op);
  }
}

void op_activate(Op &op) { op.state = State::active; }
void op_requeue(Op &op) { op.state = State::queued; }

// What a multishot op has brought and its closed handle makes void.
static void drop_payloads(Op &op) {
  if (op.kind == Kind::read_pool) pool_drop(op);
  if (op.kind == Kind::accept && (op.bits & kMulti)) accept_drop(op);
  op.count = 0;
}

// The first reason wins, and an op whose end is decided keeps it.
void op_cancel(Op &op, Reason reason) {
  if (op.state == State::idle) return;
  if (reason == Reason::close) drop_payloads(op);
  if (op.state == State::ready || op.reason != Reason::none) return;
  if (op.kind == Kind::close || op.kind == Kind::release) return;
  op.reason = reason;
  if (op.state == State::posted) return;
  if (op.kind == Kind::work && !work_cancel(op)) return;
  if (op.source && op.kind != Kind::uncongested && !op.loop->driver->cancel(op)) return;
  op_end_reason(op);
}

static OpList &list_of(Op &op) {
  if (op.kind == Kind::uncongested) return static_cast<eddy_stream &>(*op.source).uncongested;
  return lane(*op.source, lane_of(op.kind));
}

void op_end_reason(Op &op) {
  Source *source = op.source;
  if (!source) {
    if (op.kind == Kind::hook) hook_remove(op);
    if (op.kind == Kind::work) op.loop->pending_work.remove(op);
    op_finish(op, reason_error(op.reason));
    return;
  }
  Lane which = lane_of(op.kind);
  OpList &queue = list_of(op);
  bool led = queue.head == &op;
  bool torn = op.kind == Kind::write && op.transferred > 0;
  queue.remove(op);
  if (op.kind == Kind::write || op.kind == Kind::shutdown_write) stream_write_ended(op);
  op_finish(op, reason_error(op.reason));
  if (op.kind == Kind::connect)
    stream_connect_ended(op, op.ending);
  else if (torn)
    stream_fail_writes(*source, op);
  if (led && which != kWaiters && queue.head && !source->closing)
    op.loop->driver->resume(*source, which);
}

void op_lose(Op &op, int64_t error) {
  if (op.state == State::idle || op.state == State::ready || op.state == State::posted) return;
  if (op.source)
    list_of(op).remove(op);
  else if (op.kind == Kind::hook)
    hook_remove(op);
  else if (op.kind == Kind::work)
    op.loop->pending_work.remove(op);
  if (op.kind == Kind::write || op.kind == Kind::shutdown_write) stream_write_ended(op);
  op_finish(op, error);
  if (op.kind == Kind::connect) stream_connect_ended(op, error);
}

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
        drop_payloads(op);
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

void op_post(Op &op, eddy_cb cb, Loop *loop) {
  require_idle(op, "op posted while it is pending");
  op.cb = cb;
  op.loop = loop;
  op.source = nullptr;
  op.transferred = 0;
  op.kind = Kind::post;
  op.reason = Reason::none;
  op.os_error = 0;
  op.state = State::posted;
}

void op_unpost(Op &op) {
  op.loop = nullptr; // it may end at any time
  op.state = State::idle;
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

eddy_stream_t *eddy_op_take_stream(eddy_op_t *user_op) {
  require(user_op != nullptr, "null op");
  Op &op = op_of(user_op);
  Offer *offer = offer_of(op);
  Source *stream = nullptr;
  if (offer && offer->stream) {
    stream = offer->stream;
    *offer = {};
  } else {
    stream = accept_take(op); // ended inline
  }
  return reinterpret_cast<eddy_stream_t *>(stream);
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
