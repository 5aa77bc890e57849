// Writes: a run of them goes out as one gather, and what does not go out whole stops those behind it.
#include "api/stream.hpp"
#include "api/transfer.hpp"
#include "core/lane.hpp"

namespace eddy {

constexpr uint32_t kGather = 256;             // buffers of one attempt
constexpr uint64_t kEnough = 4 * 1024 * 1024; // bytes of one gather: no socket takes more at once

uint32_t gather(const Op &head, eddy_buf_t *out, uint32_t limit, uint32_t *ops) {
  uint32_t count = 0, members = 0;
  uint64_t bytes = 0;
  for (const Op *op = &head; op && op->kind == Kind::write && op->reason == Reason::none;
       op = op->next) {
    const Transfer &rest = op->as<Transfer>();
    uint32_t room = limit - count;
    uint32_t take = rest.count < room ? rest.count : room;
    if (members && take < rest.count) break; // a write that does not fit leads the next gather
    const eddy_buf_t *buffers = rest.buffers;
    for (uint32_t i = 0; i < take; i++) out[count + i] = buffers[i];
    if (take && rest.offset) {
      out[count].data = static_cast<char *>(out[count].data) + rest.offset;
      out[count].size -= rest.offset;
    }
    count += take;
    members++;
    bytes += rest.total - op->transferred;
    if (count == limit || members == limit || bytes >= kEnough) break;
  }
  *ops = members;
  return count;
}

[[gnu::noinline]] static OsResult try_gather(Op &op) {
  eddy_buf_t run[kGather];
  uint32_t ops;
  uint32_t count = gather(op, run, kGather, &ops);
  return os_write(op.source->native, run, count);
}

static OsResult try_write(Op &op) {
  const Transfer &rest = op.as<Transfer>();
  if (rest.count == 0) return {0, 0};
  if (rest.count == 1 && !op.next) {
    eddy_buf_t one = {static_cast<char *>(rest.buffers->data) + rest.offset,
                      rest.buffers->size - rest.offset};
    return os_write(op.source->native, &one, 1);
  }
  return try_gather(op);
}

// Takes `moved` bytes off the front of a write's buffers.
static bool advance(Op &op, uint64_t &moved) {
  Transfer &rest = op.as<Transfer>();
  while (rest.count) {
    uint64_t left = rest.buffers->size - rest.offset;
    if (moved < left) {
      rest.offset += moved;
      op.transferred += moved;
      moved = 0;
      return false;
    }
    moved -= left;
    op.transferred += left;
    rest.buffers++;
    rest.count--;
    rest.offset = 0;
  }
  return true;
}

// What is started until the callback of `op` belongs behind it as well: whoever starts it cannot know.
static void fail_rest(Op &op) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  fail_lane(stream.lanes[kWriteLane], EDDY_ECANCELED);
  congestion_changed(stream);
  if (op.bits & kStarting) return;
  op.bits |= kBefore;
  stream.gap = true;
  stream_refresh(stream);
}

static void tell_gap(Op &op) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  stream.gap = false;
  stream_refresh(stream);
}

static void write_broken(Op &op) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  stream.queued -= op.as<Transfer>().total - op.transferred;
  stream_refresh(stream);
  congestion_changed(stream);
}

// A write that failed, or was cancelled with a part of it gone: nothing behind it makes sense.
static void fail_head_write(Source &source, Op &op, OsResult outcome) {
  OsResult why = explain(op, outcome);
  bool torn = op.reason == Reason::none || op.transferred || source.torn;
  source.lanes[kWriteLane].remove(op);
  write_broken(op);
  op_finish(op, why.value, why.native);
  if (torn) fail_rest(op);
}

// The commonest outcome: the only op of its lane has written all it had.
static bool is_whole(const Op &op, int64_t moved) {
  const Transfer &rest = op.as<Transfer>();
  return moved > 0 && !op.next && rest.count == 1 &&
         static_cast<uint64_t>(moved) == rest.buffers->size - rest.offset;
}

static void finish_whole(Op &op, int64_t moved) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  stream.queued -= static_cast<uint64_t>(moved);
  op.transferred += static_cast<uint64_t>(moved);
  stream.lanes[kWriteLane] = {};
  op_finish_inline(op, static_cast<int64_t>(op.as<Transfer>().total));
  if (stream.congested) congestion_changed(stream);
}

static void settle_write(Op &head, OsResult outcome) {
  if (is_whole(head, outcome.value)) [[likely]] {
    finish_whole(head, outcome.value);
    return;
  }
  Source &source = *head.source;
  OpList &queue = source.lanes[kWriteLane];
  // A gather is cancelled as a whole: members without a reason of their own just go on.
  bool innocent = outcome.value == EDDY_ECANCELED && head.reason == Reason::none;
  if (outcome.value < 0 && !innocent) {
    fail_head_write(source, head, outcome);
  } else {
    uint64_t moved = outcome.value > 0 ? static_cast<uint64_t>(outcome.value) : 0;
    source.queued -= moved;
    while (Op *op = queue.head) {
      if (op->kind != Kind::write || !advance(*op, moved)) break;
      finish_head(*op, static_cast<int64_t>(op->as<Transfer>().total), 0);
    }
  }
  requeue_run(queue);
  congestion_changed(static_cast<eddy_stream &>(source));
  hand_on(source, kWriteLane);
}

constinit const KindRow kind_write = {.attempt = try_write,
                                      .settle = settle_write,
                                      .before = tell_gap,
                                      .broken = write_broken,
                                      .torn = fail_rest};

} // namespace eddy
