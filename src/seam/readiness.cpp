// Readiness turned into completion: try, else wait for readiness and retry. One for every readiness
// system.
#include "core/loop.hpp"

namespace eddy {

static unsigned bit(Lane which) { return 1u << which; }

static void fail_waits(Source &source, OsResult why) {
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    settle_waiter(*op, why);
  }
}

// Makes the kernel report readiness of a lane; if it will not, the lane's head gets the reason.
static bool arm(Source &source, Lane which) {
  source.ready &= static_cast<uint8_t>(~bit(which));
  OsResult armed = source.loop->readiness->arm(source, bit(which));
  if (armed.value >= 0) return true;
  settle(*source.lanes[which].head, armed);
  return false;
}

// False: the lane waits for readiness, for the user, or has nothing to do.
static bool try_head(Source &source, Lane which) {
  Op *head = source.lanes[which].head;
  if (!head || (!(source.ready & bit(which)) && (source.armed & bit(which)))) return false;
  if ((head->bits & kLate) && source.loop->receive_now) { // where its callback is due
    if (!(source.armed & bit(which))) return !arm(source, which);
    if (!(head->bits & kParked)) op_receive(*head);
    return false;
  }
  OsResult got = source.loop->readiness->perform(*head);
  if (got.value == kBlocked) return false;
  if (got.value == kAgain) return !arm(source, which);
  auto emptied = row_of(head->kind).emptied;
  bool exhausted = emptied && emptied(*head, got);
  settle(*head, got);
  if (!exhausted) return true;
  if (source.lanes[which].head) return !arm(source, which);
  source.ready &= static_cast<uint8_t>(~bit(which));
  return false;
}

static void run_lane(Source &source, Lane which) {
  if ((source.running | source.inflight) & bit(which)) return;
  source.running |= static_cast<uint8_t>(bit(which));
  int budget = kBudget;
  while (budget && try_head(source, which)) budget--;
  source.running &= static_cast<uint8_t>(~bit(which));
  if (!budget && source.lanes[which].head) work_later(source, bit(which));
}

static bool waits(const Op &op) { return op.reason == Reason::none; }

static void tell_waits(Source &source, uint32_t events) {
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    if (!waits(*op)) continue;
    if (uint32_t held = events & (op->as<Waiting>().events | EDDY_POLL_ERROR))
      settle_waiter(*op, {held, 0});
  }
}

static uint32_t wanted_of(const Source &source) {
  uint32_t wanted = 0;
  for (const Op *op = source.waiters.head; op; op = op->next)
    if (waits(*op)) wanted |= op->as<Waiting>().events;
  return wanted;
}

// One look of all waits: what a descriptor that forgets what it has told says now is for every one of them.
static void poll_now(Source &source, uint32_t events) {
  OsResult got = source.loop->readiness->look(source, events);
  if (got.value > 0)
    tell_waits(source, static_cast<uint32_t>(got.value));
  else if (got.value != kAgain)
    fail_waits(source, got);
}

// At the flush, for waits that began or were told since the last one. Not by EPOLL_CTL_MOD, which costs the same and
// swallows the event of a descriptor that forgets, while older waits are there for it.
static void look(Source &source) {
  if (uint32_t wanted = wanted_of(source)) poll_now(source, wanted);
  if (!wanted_of(source)) return;
  OsResult armed = source.loop->readiness->arm(source, bit(kWaiters));
  if (armed.value < 0) fail_waits(source, armed);
}

static void run(Source &source, unsigned lanes) {
  if (is_closing(source)) return;
  if (source.paused & kPausedByConnect) lanes &= bit(kWriteLane);
  if (lanes & bit(kReadLane)) run_lane(source, kReadLane);
  if (lanes & bit(kWriteLane)) run_lane(source, kWriteLane);
  if ((lanes & bit(kWaiters)) && source.waiters.head) look(source);
}

void adapter_run(Source &source, unsigned lanes) { run(source, lanes); }

// What an event leads to, but for a late read.
[[gnu::noinline]] static void answer(Source &source, unsigned lanes, uint32_t events) {
  if (lanes) run(source, lanes);
  if (!source.waiters.head || is_closing(source) || (source.paused & kPausedByConnect)) return;
  tell_waits(source, events); // after the lanes
}

static bool receives_late(const Source &source, const Op &reader) {
  return (reader.bits & kLate) && source.loop->receive_now && !source.paused;
}

void adapter_ready(Source &source, unsigned lanes, bool hung_up, uint32_t events) {
  source.ready |= static_cast<uint8_t>(lanes);
  if (hung_up) source.hung_up = true;
  Op *reader = source.lanes[kReadLane].head;
  bool reads = (lanes & bit(kReadLane)) && reader;
  unsigned work = source.lanes[kWriteLane].head ? lanes & bit(kWriteLane) : 0;
  if (reads && receives_late(source, *reader)) {
    if (!(reader->bits & kParked)) op_receive(*reader);
  } else if (reads) {
    work |= bit(kReadLane);
  }
  if (work || source.waiters.head) answer(source, work, events);
}

// More than this is copied for so long that a call of its own costs little, while waiting cools its memory: 1,000
// replies of 16 KiB cost 1.3 times as much on a ring (measured).
constexpr uint64_t kMostRiding = 4096;

// Whether what a lane has queued may go with the writes of other streams, in one call at the end of the turn.
static bool may_ride(const Source &source) {
  const Op *head = source.lanes[kWriteLane].head;
  return head && (head->bits & kRides) && source.loop->readiness->carry &&
         source.queued <= kMostRiding;
}

static void adapter_submit(Op &op) {
  Source &source = *op.source;
  Lane which = lane_of(op.kind);
  if (which == kWaiters) {
    // The others of a foreign descriptor are told at the flush, of what this look might swallow.
    if ((op.bits & kStarting) && (source.kind != SourceKind::fd || source.waiters.head == &op)) {
      OsResult got = source.loop->readiness->look(source, op.as<Waiting>().events);
      if (got.value != kAgain) settle_waiter(op, got);
    }
    if (op.state == State::queued) work_later(source, bit(which));
  } else if (source.ready & bit(which)) {
    if (which == kWriteLane && !source.loop->send_now && may_ride(source))
      work_later(source, bit(which));
    else
      run_lane(source, which);
  } else if (!(source.armed & bit(which))) {
    arm(source, which);
  }
}

static void adapter_resume(Source &source, Lane which) { work_later(source, bit(which)); }

static bool adapter_cancel(Op &op) { return op.state != State::active; }

static void adapter_release(Source &source) {
  if (source.armed) source.loop->readiness->release(source);
  source.armed = 0;
}

static void adapter_quiesce(Source &source) {
  // Deregistered at once: the owner of a foreign descriptor may close it as soon as close returns.
  if (source.kind == SourceKind::fd) adapter_release(source);
}

static bool adapter_quiet(const Source &source) { return !source.in_work && !source.inflight; }

static void adapter_poll(Loop &loop, Time until) {
  const Readiness &readiness = *loop.readiness;
  WorkList work = loop.work;
  loop.work = {};
  bool ended = false;
  while (Source *source = work.pop()) {
    unsigned lanes = source->work;
    source->work = 0;
    source->in_work = false;
    ended |= is_closing(*source); // it waited only to leave this list
    if ((lanes & bit(kWriteLane)) && may_ride(*source) && readiness.carry(*source))
      lanes &= ~bit(kWriteLane);
    // Woken lanes try although no event came: what parked them was not the kernel.
    if (lanes) run(*source, lanes);
  }
  bool busy = ended || !loop.work.empty() || !loop.ready.empty();
  readiness.poll(loop, busy ? 0 : until);
}

static OsResult adapter_open(Loop &loop, uint32_t entries) {
  loop.send_now = loop.readiness->send;
  loop.receive_now = loop.readiness->receive;
  return loop.readiness->open(loop, entries);
}
static void adapter_destroy(Loop &loop, bool forked) { loop.readiness->destroy(loop, forked); }
static OsResult adapter_bind(Loop &loop) {
  return loop.readiness->bind_thread ? loop.readiness->bind_thread(loop) : OsResult{};
}
static OsResult adapter_after_fork(Loop &loop) { return loop.readiness->after_fork(loop); }
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
    .unflushed = adapter_unflushed,
    .flush = adapter_flush,
    .poll = adapter_poll,
    .native = adapter_native,
    .now = adapter_now,
    .pipes = nullptr,
};

} // namespace eddy
