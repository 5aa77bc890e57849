// Serial lanes: one attempt for a lane's head, and what its outcome does to the lane.
#include "api/accept_errors.hpp"
#include "api/pool.hpp"
#include "api/stream.hpp"
#include "core/op_inline.hpp"

namespace eddy {

constexpr uint32_t kGather = 256;             // buffers of one attempt
constexpr uint64_t kEnough = 4 * 1024 * 1024; // bytes of one gather: no socket takes more at once

uint32_t gather(const Op &head, eddy_buf_t *out, uint32_t limit, uint32_t *ops) {
  uint32_t count = 0, members = 0;
  uint64_t bytes = 0;
  for (const Op *op = &head; op && op->kind == Kind::write && op->reason == Reason::none;
       op = op->next) {
    uint32_t room = limit - count;
    uint32_t take = op->io.count < room ? op->io.count : room;
    if (members && take < op->io.count) break; // a write that does not fit leads the next gather
    const eddy_buf_t *buffers = op->io.buffers;
    for (uint32_t i = 0; i < take; i++) out[count + i] = buffers[i];
    if (take && op->io.offset) {
      out[count].data = static_cast<char *>(out[count].data) + op->io.offset;
      out[count].size -= op->io.offset;
    }
    count += take;
    members++;
    bytes += op->io.total - op->transferred;
    if (count == limit || members == limit || bytes >= kEnough) break;
  }
  *ops = members;
  return count;
}

// Where descriptors came once they may come again: from then on no short read is believed to be the last.
OsResult receive_local(Source &source, const eddy_buf_t *buffers, uint32_t count) {
  bool more = false;
  OsResult got = os_read_local(source.native, buffers, count, more);
  if (more) source.hung_up = true;
  return got;
}

[[gnu::noinline]] static OsResult attempt_gather(Op &op) {
  eddy_buf_t run[kGather];
  uint32_t ops;
  uint32_t count = gather(op, run, kGather, &ops);
  return os_write(op.source->native, run, count);
}

static OsResult attempt_write(Op &op) {
  if (op.io.count == 0) return {0, 0};
  if (op.io.count == 1 && !op.next) {
    eddy_buf_t one = {static_cast<char *>(op.io.buffers->data) + op.io.offset,
                      op.io.buffers->size - op.io.offset};
    return os_write(op.source->native, &one, 1);
  }
  return attempt_gather(op);
}

OsResult attempt(Op &op) {
  Source &source = *op.source;
  switch (op.kind) {
  case Kind::read:
    if (source.local) return receive_local(source, op.io.buffers, op.io.count);
    if (op.io.count == 1)
      return os_receive(source.native, op.io.buffers->data, op.io.buffers->size);
    return os_read(source.native, op.io.buffers, op.io.count, 0);
  case Kind::read_pool: return pool_attempt(op);
  case Kind::write: return attempt_write(op);
  case Kind::shutdown_write: return os_socket_shutdown(source.native, op.poll.events);
  case Kind::connect: {
    bool first = op.count == 0;
    op.count = 1;
    if (!first || !op.connect.local) return os_connect(source.native, op.connect.inet, first);
    OsResult got = os_connect_local(source.native, *op.connect.local);
    if (got.value != kBusy) return got;
    connect_later(op);
    return {kBlocked, 0};
  }
  case Kind::accept: {
    if (accept_waits(op)) return {kBlocked, 0};
    Source *stream = accept_begin(op); // first, so that no memory loses no connection
    if (!stream) return {EDDY_ENOMEM, 0};
    eddy_addr_t peer;
    OsResult got = os_accept(source.native, peer);
    if (got.value < 0) {
      source_free(*stream);
      return got;
    }
    accept_end(op, *stream, got.value, peer);
    return {0, 0};
  }
  default: return {EDDY_EINVAL, 0};
  }
}

OsResult attempt_look(Source &source, uint32_t events) { return os_poll(source.native, events); }

// The kernel reports a reset once, perhaps to a write; a cut stream is not one that has ended.
static OsResult end_or_reset(const Op &op, OsResult outcome) {
  return outcome.value == 0 && op.source->reset ? OsResult{EDDY_ECONNRESET, 0} : outcome;
}

static void finish_head(Op &op, int64_t result, int32_t native) {
  lane(*op.source, lane_of(op.kind)).remove(op);
  op_finish(op, result, native);
}

// A result that says cancelled is told by the op's own reason.
static OsResult explain(const Op &op, OsResult outcome) {
  Source &source = *op.source;
  if (outcome.value == EDDY_ECONNRESET) source.reset = true;
  if (op.reason != Reason::none && outcome.value < 0) return {reason_error(op.reason), 0};
  return outcome;
}

// Takes `moved` bytes off the front of a write's buffers.
static bool advance(Op &op, uint64_t &moved) {
  while (op.io.count) {
    uint64_t left = op.io.buffers->size - op.io.offset;
    if (moved < left) {
      op.io.offset += moved;
      op.transferred += moved;
      moved = 0;
      return false;
    }
    moved -= left;
    op.transferred += left;
    op.io.buffers++;
    op.io.count--;
    op.io.offset = 0;
  }
  return true;
}

// A write that failed, or was cancelled with a part of it gone: nothing behind it makes sense.
static void fail_head_write(Source &source, Op &op, OsResult outcome) {
  OsResult why = explain(op, outcome);
  bool torn = op.reason == Reason::none || op.transferred || source.torn;
  source.lanes[kWriteLane].remove(op);
  stream_write_ended(op);
  op_finish(op, why.value, why.native);
  if (torn) stream_fail_writes(source, op);
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

static bool is_whole(const Op &op, int64_t moved) {
  return moved > 0 && op.kind == Kind::write && !op.next && op.io.count == 1 &&
         static_cast<uint64_t>(moved) == op.io.buffers->size - op.io.offset;
}

static void finish_only_write(Op &op, int64_t moved) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  stream.queued -= static_cast<uint64_t>(moved);
  op.transferred += static_cast<uint64_t>(moved);
  stream.lanes[kWriteLane] = {};
  op_finish_inline(op, static_cast<int64_t>(op.io.total));
  if (stream.congested) congestion_changed(stream);
}

static void finish_only_read(Op &op, int64_t moved) {
  op.transferred = static_cast<uint64_t>(moved);
  op.source->lanes[kReadLane] = {};
  op_finish_inline(op, moved);
}

// The commonest outcomes: the only op of its lane has read something, or has written all it had.
static bool settle_only(Op &op, int64_t moved) {
  if (moved <= 0 || op.next) return false;
  if (op.kind == Kind::read)
    finish_only_read(op, moved);
  else if (is_whole(op, moved))
    finish_only_write(op, moved);
  else
    return false;
  return true;
}

static void settle_write(Source &source, OsResult outcome) {
  OpList &queue = source.lanes[kWriteLane];
  // A gather is cancelled as a whole: members without a reason of their own just go on.
  bool innocent = outcome.value == EDDY_ECANCELED && queue.head->reason == Reason::none;
  if (outcome.value < 0 && !innocent) {
    fail_head_write(source, *queue.head, outcome);
  } else {
    uint64_t moved = outcome.value > 0 ? static_cast<uint64_t>(outcome.value) : 0;
    static_cast<eddy_stream &>(source).queued -= moved;
    while (Op *op = queue.head) {
      if (op->kind != Kind::write || !advance(*op, moved)) break;
      finish_head(*op, static_cast<int64_t>(op->io.total), 0);
    }
  }
  requeue_run(queue);
  congestion_changed(source);
}

static void settle_accept(Op &op, OsResult outcome) {
  bool transient = op.reason == Reason::none && accept_goes_on(outcome.value);
  outcome = explain(op, outcome);
  if (transient) listener_backoff(*op.source);
  if (transient && (op.bits & kPatient)) return;
  if (!(op.bits & kMulti) || (outcome.value < 0 && !transient)) {
    finish_head(op, outcome.value, outcome.native);
    return;
  }
  if (transient) {
    op.count += op.accept.transient ? 0 : 1;
    op.accept.transient = outcome.value;
    op.os_error = outcome.native;
  } else {
    op.count++;
  }
  op_make_ready(op);
}

static void settle_head(Op &op, OsResult outcome) {
  switch (op.kind) {
  case Kind::read:
    if (outcome.value > 0) op.transferred = static_cast<uint64_t>(outcome.value);
    outcome = explain(op, end_or_reset(op, outcome));
    finish_head(op, outcome.value, outcome.native);
    break;
  case Kind::read_pool:
    if (outcome.value > 0) break; // settle_pool has it
    outcome = explain(op, end_or_reset(op, outcome));
    finish_head(op, outcome.value, outcome.native);
    break;
  case Kind::write: settle_write(*op.source, outcome); break;
  case Kind::accept: settle_accept(op, outcome); break;
  case Kind::connect: {
    outcome = explain(op, outcome);
    finish_head(op, outcome.value, outcome.native);
    stream_connect_ended(op, outcome.value);
    break;
  }
  default: {
    bool reads_end = op.kind == Kind::shutdown_write && op.poll.events == EDDY_SHUT_BOTH;
    Source &source = *op.source;
    outcome = explain(op, outcome);
    finish_head(op, outcome.value, outcome.native);
    if (reads_end && outcome.value == 0) stream_read_shut(static_cast<eddy_stream &>(source));
  }
  }
}

void settle(Op &op, OsResult outcome) {
  if (settle_only(op, outcome.value)) [[likely]]
    return;
  Source &source = *op.source;
  Lane which = lane_of(op.kind);
  settle_head(op, outcome);
  if (!source.lanes[which].head || source.closing) [[likely]]
    return;
  if (!(source.running & (1u << which))) source.loop->driver->resume(source, which);
}

void settle_waiter(Op &op, OsResult outcome) {
  outcome = explain(op, outcome);
  if ((op.bits & kRepeat) && outcome.value > 0) {
    op.poll.seen = (op.count ? op.poll.seen : 0) | static_cast<uint32_t>(outcome.value);
    op.count = 1;
    op_make_ready(op);
  } else {
    finish_head(op, outcome.value, outcome.native);
  }
}

} // namespace eddy
