// The io_uring driver: a ring bound to the loop's thread, one io_uring_enter per turn.
#include "uring.hpp"

#include "clock.hpp"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

namespace eddy {

namespace {

OsResult self_test() {
  static std::atomic<bool> passed; // a kernel that passed once is not asked again
  if (passed.load(std::memory_order_relaxed)) return {};
  OsResult outcome = uring_probe();
  if (outcome.value >= 0) passed.store(true, std::memory_order_relaxed);
  return outcome;
}

OsResult uring_open(Loop &loop, uint32_t entries) {
  OsResult tested = self_test();
  if (tested.value < 0) return tested;
  void *memory = core(loop).memory.get(sizeof(Uring));
  if (!memory) return {EDDY_ENOMEM, 0};
  Uring *uring = new (memory) Uring{};
  OsResult opened = ring_open(*uring, entries);
  if (opened.value < 0)
    core(loop).memory.put(uring, sizeof(Uring));
  else
    core(loop).kernel = uring;
  return opened;
}

void uring_destroy(Loop &loop, bool forked) {
  Uring &uring = uring_of(loop);
  if (!forked)
    ring_close(uring);
  else if (uring.ring.ring_fd >= 0) // the mappings were not inherited
    close(uring.ring.ring_fd);
  uring_embed_close(uring);
  core(loop).memory.put(uring.messages, sizeof(Messages));
  core(loop).memory.put(&uring, sizeof(Uring));
}

void arm_wake(Loop &loop) {
  Uring &uring = uring_of(loop);
  io_uring_sqe *sqe = uring.wake_armed ? nullptr : ring_sqe(loop);
  if (!sqe) return;
  io_uring_prep_poll_multishot(sqe, static_cast<int>(core(loop).wake), POLLIN);
  io_uring_sqe_set_data64(sqe, kWakeUp);
  uring.wake_armed = true;
}

OsResult uring_bind(Loop &loop) {
  OsResult enabled = ring_enable(uring_of(loop));
  if (enabled.value >= 0) arm_wake(loop);
  return enabled;
}

OsResult uring_after_fork(Loop &loop) {
  Uring &uring = uring_of(loop);
  close(uring.ring.ring_fd); // the mappings were not inherited
  uring_embed_close(uring);
  unsigned used = uring.ring.sq.ring_entries;
  Messages *messages = uring.messages;
  uring = Uring{};
  uring.messages = messages;
  OsResult opened = ring_open(uring, used);
  if (opened.value >= 0)
    uring_pools_after_fork(loop);
  else
    uring.ring.ring_fd = -1;
  return opened;
}

// Whether an attempt is likely to pay: among few completions a plain call is cheaper than a request (measured).
bool tries_at_once(const Source &source, const Op &op, Lane which) {
  if (which == kWaiters) return op.bits & kStarting;
  if (source.inflight & bit(which)) return false;
  switch (op.kind) {
  case Kind::write:
    return core(*source.loop).batch < kSmallBatch && (source.ready & bit(kWriteLane));
  case Kind::read:
    return core(*source.loop).batch < kSmallBatch && (source.ready & bit(kReadLane)) &&
           (op.bits & kStarting);
  default: return false;
  }
}

void uring_submit(Op &op) {
  Source &source = *op.source;
  Lane which = lane_of(op.kind);
  if (op.kind == Kind::connect || op.kind == Kind::shutdown_write) {
    if (!(source.inflight & bit(which))) uring_attempts(source, which);
    return;
  }
  if (tries_at_once(source, op, which)) {
    OsResult got = attempt(op);
    if (got.value != kAgain) {
      if (which == kWaiters)
        settle_waiter(op, got);
      else
        settle(op, got);
      if (which == kWaiters || !source.lanes[which].head) return;
    }
  }
  work_later(source, bit(which));
}

void uring_resume(Source &source, Lane which) { work_later(source, bit(which)); }

bool uring_cancel(Op &op) {
  if (op.state != State::active) return true;
  Source &source = *op.source;
  source.cancels |= static_cast<uint8_t>(bit(lane_of(op.kind)));
  work_later(source, 0);
  return false;
}

void flush(Loop &loop) {
  Uring &uring = uring_of(loop);
  if (core(loop).lost || !uring.enabled) return;
  arm_wake(loop);
  uring_prepare(loop);
  if (!ring_unsubmitted(uring)) return;
  OsResult entered = ring_enter(uring, false, 0);
  if (entered.value < 0 && entered.value != kAgain) loop_lost(loop, entered.native);
}

void uring_quiesce(Source &source) {
  source.cancels |= source.inflight;
  if (source.cancels || source.in_work) work_later(source, 0);
  // The owner of a foreign descriptor may close it as soon as close returns.
  if (source.kind == SourceKind::fd && source.polls) flush(*source.loop);
}

bool uring_quiet(const Source &source) {
  return !source.inflight && !source.polls && !source.unanswered && !source.in_work;
}

void uring_release(Source &) {}

bool uring_unflushed(const Loop &loop) {
  Loop &mine = const_cast<Loop &>(loop);
  Uring &uring = uring_of(mine);
  return !core(mine).lost &&
         (!core(mine).work.empty() || !uring.wake_armed || ring_unsubmitted(uring));
}

Time uring_now(Loop &) { return monotonic_now(); }

void uring_poll(Loop &loop, Time until) {
  Uring &uring = uring_of(loop);
  if (core(loop).lost) {
    wake_wait(core(loop).wake, until);
    return;
  }
  if (uring.embed_set >= 0) uring_embed_clear(uring);
  if (!uring.wake_armed) arm_wake(loop);
  bool ended = uring_prepare(loop);
  if (core(loop).lost) return;
  bool news = ring_has_news(uring);
  // Without a poll on the wake descriptor, for which the ring had no room, nobody could end the wait.
  bool wait = until && uring.wake_armed && !ended && !news && core(loop).ready.empty() &&
              core(loop).work.empty();
  if (wait || news || ring_unsubmitted(uring)) {
    Time limit = kNever;
    if (wait && until != kNever) {
      Time now = monotonic_now();
      limit = until > now ? until - now : 0;
    }
    OsResult entered = ring_enter(uring, wait, limit);
    if (entered.value < 0 && entered.value != kAgain) {
      loop_lost(loop, entered.native);
      return;
    }
  }
  uring_reap(loop);
}

} // namespace

constinit const Driver uring = {
    .id = EDDY_DRIVER_IO_URING,
    .open = uring_open,
    .destroy = uring_destroy,
    .bind_thread = uring_bind,
    .after_fork = uring_after_fork,
    .submit = uring_submit,
    .resume = uring_resume,
    .cancel = uring_cancel,
    .quiesce = uring_quiesce,
    .quiet = uring_quiet,
    .release = uring_release,
    .pool_add = uring_pool_add,
    .pool_give = uring_pool_give,
    .pool_remove = uring_pool_remove,
    .unflushed = uring_unflushed,
    .flush = flush,
    .poll = uring_poll,
    .native = uring_native,
    .now = uring_now,
    .pipes = nullptr,
};

} // namespace eddy
