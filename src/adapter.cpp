// Readiness turned into completion: try, else wait for readiness and retry. One for every readiness
// system.
#include "loop.hpp"
#include "pool.hpp"

namespace eddy {

static unsigned bit(Lane which) { return 1u << which; }

static void fail_waiting(Source &source, Lane which, OsResult why) {
  if (which == kWaiters)
    settle_waiter(*source.waiters.head, why);
  else
    settle(*source.lanes[which].head, why);
}

// Makes the kernel report readiness of a lane; if it will not, the lane's head gets the reason.
static bool arm(Source &source, Lane which) {
  source.ready &= static_cast<uint8_t>(~bit(which));
  OsResult armed = source.loop->readiness->arm(source, bit(which));
  if (armed.value >= 0) return true;
  fail_waiting(source, which, armed);
  return false;
}

// A transfer that was shorter than asked has emptied (or filled) the kernel's buffer, which saves the
// attempt that would say so. Not so behind the peer's end, for that must be read.
static bool exhausted(const Source &source, Kind kind, uint64_t asked, int64_t moved) {
  if (kind == Kind::read || kind == Kind::read_pool)
    return moved > 0 && static_cast<uint64_t>(moved) < asked && !source.hung_up;
  return false;
}

static uint64_t asked_of(const Op &op) {
  if (op.kind == Kind::read_pool) return op.pool.pool->buffer_size;
  return op.kind == Kind::read ? op.io.total : 0;
}

static void run_lane(Source &source, Lane which) {
  OpList &queue = source.lanes[which];
  for (int budget = kBudget; budget; budget--) {
    Op *head = queue.head;
    if (!head) return;
    if (!(source.ready & bit(which)) && (source.armed & bit(which))) return;
    Kind kind = head->kind;
    uint64_t asked = asked_of(*head);
    OsResult got = source.loop->readiness->perform(*head);
    if (got.value == kBlocked) return;
    if (got.value == kAgain) {
      if (arm(source, which)) return;
      continue;
    }
    settle(*head, got);
    if (exhausted(source, kind, asked, got.value)) {
      if (queue.head)
        arm(source, which);
      else
        source.ready &= static_cast<uint8_t>(~bit(which));
      return;
    }
  }
  if (queue.head) work_later(source, bit(which));
}

static void try_waiter(Source &source, Op &op) {
  OsResult got = source.loop->readiness->perform(op);
  if (got.value == kAgain) {
    if (source.armed & bit(kWaiters)) return;
    got = source.loop->readiness->arm(source, bit(kWaiters));
    if (got.value >= 0) return;
  }
  settle_waiter(op, got);
}

static void run_waiters(Source &source) {
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    if (op->kind == Kind::uncongested || op->count || op->reason != Reason::none) continue;
    try_waiter(source, *op);
  }
}

static void run(Source &source, unsigned lanes) {
  if (source.closing) return;
  if (source.paused & kPausedByConnect) lanes &= bit(kWriteLane);
  if (lanes & bit(kReadLane)) run_lane(source, kReadLane);
  if (lanes & bit(kWriteLane)) run_lane(source, kWriteLane);
  if (lanes & bit(kWaiters)) run_waiters(source);
}

void adapter_ready(Source &source, unsigned lanes, bool hung_up) {
  source.ready |= static_cast<uint8_t>(lanes);
  if (hung_up) source.hung_up = true;
  Op *reader = source.lanes[kReadLane].head;
  unsigned work = 0;
  if ((lanes & bit(kReadLane)) && reader) {
    if (reader->kind == Kind::read_pool && source.loop->receive_now && !source.paused)
      op_receive(*reader);
    else
      work = bit(kReadLane);
  }
  if ((lanes & bit(kWriteLane)) && source.lanes[kWriteLane].head) work |= bit(kWriteLane);
  if (work) run(source, work);
  if (source.waiters.head)
    run(source, bit(kWaiters)); // after the lanes, which may have taken the data
}

static void adapter_submit(Op &op) {
  Source &source = *op.source;
  Lane which = lane_of(op.kind);
  if (which == kWaiters) {
    try_waiter(source, op);
  } else if (source.ready & bit(which) || op.kind == Kind::connect) {
    run_lane(source, which);
  } else if (!(source.armed & bit(which))) {
    arm(source, which);
  }
}

static void adapter_resume(Source &source, Lane which) { work_later(source, bit(which)); }

static bool adapter_cancel(Op &) { return true; }

static void adapter_release(Source &source) {
  if (source.armed) source.loop->readiness->release(source);
  source.armed = 0;
}

static void adapter_quiesce(Source &source) {
  // Deregistered at once: the owner of a foreign descriptor may close it as soon as close returns.
  if (source.kind == SourceKind::fd) adapter_release(source);
}

static bool adapter_quiet(const Source &source) {
  return !source.in_work && source.loop->readiness->quiet(source);
}

static void adapter_poll(Loop &loop, Time until) {
  WorkList work = loop.work;
  loop.work = {};
  bool ended = false;
  while (Source *source = work.pop()) {
    unsigned lanes = source->work;
    source->work = 0;
    source->in_work = false;
    ended |= source->closing; // it waited only to leave this list
    // Woken lanes try although no event came: what parked them was not the kernel.
    run(*source, lanes);
  }
  bool busy = ended || !loop.work.empty() || !loop.ready.empty();
  loop.readiness->poll(loop, busy ? 0 : until);
}

static OsResult adapter_open(Loop &loop, uint32_t) {
  loop.send_now = loop.readiness->send;
  loop.receive_now = loop.readiness->receive;
  return loop.readiness->open(loop);
}
static void adapter_destroy(Loop &loop, bool forked) { loop.readiness->destroy(loop, forked); }
static OsResult adapter_bind(Loop &) { return {}; }
static OsResult adapter_after_fork(Loop &loop) { return loop.readiness->after_fork(loop); }
static OsResult adapter_pool_add(eddy_pool &) { return {}; }
static void adapter_pool_give(eddy_pool &, uint32_t) {}
static void adapter_pool_remove(eddy_pool &) {}
static bool adapter_unflushed(const Loop &loop) {
  return !loop.work.empty() || (loop.readiness->unflushed && loop.readiness->unflushed(loop));
}
static void adapter_flush(Loop &loop) { adapter_poll(loop, 0); }
static eddy_native_t adapter_native(Loop &loop) { return loop.readiness->native(loop); }
static Time adapter_now(Loop &loop) { return loop.readiness->now(loop); }

constinit const Driver adapter = {
    .id = EDDY_DRIVER_AUTO,
    .open = adapter_open,
    .destroy = adapter_destroy,
    .bind_thread = adapter_bind,
    .after_fork = adapter_after_fork,
    .submit = adapter_submit,
    .resume = adapter_resume,
    .cancel = adapter_cancel,
    .quiesce = adapter_quiesce,
    .quiet = adapter_quiet,
    .release = adapter_release,
    .pool_add = adapter_pool_add,
    .pool_give = adapter_pool_give,
    .pool_remove = adapter_pool_remove,
    .unflushed = adapter_unflushed,
    .flush = adapter_flush,
    .poll = adapter_poll,
    .native = adapter_native,
    .now = adapter_now,
    .pipes = nullptr,
};

} // namespace eddy
