// A turn of the loop, and how turns begin and end.
#include "core/loop.hpp"
#include "core/workers.hpp"

#include <tsan.hpp>

namespace eddy {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored                                                                     \
    "-Winvalid-offsetof" // fine for single inheritance on every compiler we know
static_assert(offsetof(eddy_loop, owner) == 0, "core() takes a loop for its core");
#pragma GCC diagnostic pop

constexpr uint32_t kBusyTurns = 8; // turns without a poll while something is ready

// A wake-up that comes between the begin of a step and its wait is not lost: the step does not wait.
static void take_asked(Loop &loop) {
  eddy_remote &remote = *loop.remote;
  if (!remote.asked.load(std::memory_order_relaxed)) [[likely]]
    return;
  uint32_t asked = remote.asked.exchange(0, std::memory_order_acquire);
  tsan_acquire(&remote.asked);
  if (asked & kAskStop) loop.stopping = true;
  loop.acted = true;
}

static void run_posted(Loop &loop) {
  take_asked(loop);
  if (!loop.posted) loop.posted = remote_take(*loop.remote, false);
  while (Op *op = loop.posted) {
    loop.posted = op->next;
    loop.acted = true;
    op_deliver_post(*op, loop.draining ? EDDY_ECANCELED : 0);
  }
}

static void run_returned(Loop &loop) {
  if (!loop.returned) loop.returned = workers_take_back(*loop.remote);
  while (WorkItem *item = loop.returned) {
    loop.returned = item->next;
    loop.acted = true;
    Op &op = owner_of(*item);
    row_of(op.kind).returned(op);
  }
}

// As good as ready: it is delivered next turn.
static bool work_returned(const Loop &loop) {
  return loop.remote->returned.load(std::memory_order_relaxed);
}

static void run_hooks(Loop &loop, HookKind which) {
  uint32_t pass = ++loop.hook_pass[which];
  for (HookItem *hook = loop.hooks[which].head; hook; hook = loop.hook_cursor) {
    loop.hook_cursor = hook->next;    // moved on by hook_remove
    if (hook->pass == pass) continue; // started in this pass
    hook->pass = pass;
    op_deliver_now(owner_of(*hook), 0, true);
  }
}

void hook_remove(Op &op) {
  Loop &loop = *op.loop;
  HookItem &hook = op.as<HookItem>();
  if (loop.hook_cursor == &hook) loop.hook_cursor = hook.next;
  loop.hooks[hook.which].remove(hook);
}

// While a callback runs, the memory of the next op comes: between the event that made it ready and its turn the kernel
// has gone through as much as the caches hold. Its handle comes one op later, for only the op tells where that is.
static inline void fetch_ahead(const Op *next) {
  if (!next) return;
  // Either may be null, of which fetching is no fault and adding to is: hence numbers.
  auto source = reinterpret_cast<uintptr_t>(next->source);
  auto after = reinterpret_cast<uintptr_t>(next->ready_next);
  for (uintptr_t line = 0; line < 256; line += 64)
    __builtin_prefetch(reinterpret_cast<const void *>(source + line));
  for (uintptr_t line = 0; line < 192; line += 64)
    __builtin_prefetch(reinterpret_cast<const void *>(after + line));
}

static void run_ready(Loop &loop) {
  ReadyList snapshot = loop.ready;
  loop.ready = {};
  loop.delivering = &snapshot;
  if (loop.waiting.empty()) [[likely]] {
    while (Op *op = snapshot.pop()) {
      fetch_ahead(snapshot.head);
      op_deliver(*op);
      check_returned(loop);
    }
  } else {
    while (Op *op = snapshot.pop()) {
      Source *source = op->source; // its memory stays, whatever the callback does
      op_deliver(*op);
      check_returned(loop);
      if (source) source_delivered(*source);
    }
  }
  loop.delivering = nullptr;
}

bool loop_calm(const Loop &loop) { return loop.ready.empty() && !remote_waiting(*loop.remote); }

// Polls without sleeping for a while, if the user wants to buy latency with CPU time.
static bool spun(Loop &loop, Time until) {
  Time start = loop.driver->now(loop), now = start;
  while (now < until && now - start < loop.spin) {
    loop.driver->poll(loop, 0);
    if (!loop_calm(loop) || source_close_due(loop)) return true;
    now = loop.driver->now(loop);
  }
  return now >= until;
}

static bool any_hook(const Loop &loop) {
  for (const HookList &hooks : loop.hooks)
    if (hooks.head) return true;
  return false;
}

static void sleep_until(Loop &loop, Time until) {
  if (loop.spin && spun(loop, until)) return;
  eddy_remote &remote = *loop.remote;
  remote.sleep.exchange(kAsleep, std::memory_order_seq_cst);
  // A post between the last look and the line above saw the loop awake and did not signal.
  loop.driver->poll(loop, remote_waiting(remote) ? 0 : until);
  remote.sleep.exchange(kAwake, std::memory_order_seq_cst);
  tsan_acquire(&remote.asked); // a step that was woken does not look at it any more
}

// The caller of a step wants to hear of whatever happened, so a turn that has called back does not wait. A drain takes
// no notice of stop: it is for the next run or step.
void loop_turn(Loop &loop, Time until, Caller by) {
  run_posted(loop);
  if (loop.returned || work_returned(loop)) run_returned(loop);
  if (loop.hooks[kHookIdle].head) run_hooks(loop, kHookIdle);
  if (loop.hooks[kHookBeforeWait].head) run_hooks(loop, kHookBeforeWait);

  bool waits = false, asks = true;
  if (!loop.ready.empty() || work_returned(loop)) {
    asks = ++loop.busy_turns > kBusyTurns;
    if (asks) {
      loop.busy_turns = 0;
      loop.driver->poll(loop, 0);
    }
  } else {
    loop.busy_turns = 0;
    bool held_back = (by == Caller::step && loop.acted) || (by != Caller::drain && loop.stopping) ||
                     flag_set(loop);
    bool idle = !held_back && !loop.hooks[kHookIdle].head && !source_close_due(loop) &&
                (loop.draining ? loop.pending || loop.handles : loop_alive(loop));
    if (idle) {
      Time next = loop.wheel.next();
      if (next < until) until = next;
    }
    waits = idle && until > loop.now;
    if (waits)
      sleep_until(loop, until);
    else
      loop.driver->poll(loop, 0);
  }
  // A turn that calls nobody back needs no other time than the one it began with.
  if (waits || loop.acted || !loop.ready.empty() || loop.closing_count || any_hook(loop))
    loop.now = loop.driver->now(loop);
  if (asks) loop.asked_at = loop.now;
  loop.acted = false;

  run_ready(loop);
  if (loop.hooks[kHookAfterWait].head) run_hooks(loop, kHookAfterWait);
  if (loop.closing_count) source_close_phase(loop);
  if (!loop.wheel.empty()) {
    loop.now = loop.driver->now(loop);
    timers_run(loop);
  }
}

bool loop_enter(Loop &loop) {
  require(loop.owner != kForked,
          "a loop inherited over fork was used (close it, or call eddy_loop_after_fork)");
  require(!loop.running, "run, step, drain or close inside a callback of the same loop");
  if (loop.owner == kNobody) claim_thread(loop);
  if (!loop.bound && !loop.migratable) loop.owner = os_thread();
  check_thread(loop);
  loop_bind(loop);
  loop.running = true;
  loop.outer = loop_running();
  os_set_running(&loop);
  loop.remote->sleep.exchange(kAwake, std::memory_order_seq_cst);
  loop.acted = false;
  take_asked(loop); // here too, for a run of a loop that is not alive has no turn
  loop.now = loop.driver->now(loop);
  if (loop.wheel.empty()) return true;
  bool asked_before = loop.stopping;
  timers_run(loop);
  take_asked(loop);
  return asked_before || !loop.stopping;
}

void loop_bind(Loop &loop) {
  if (loop.bound) return;
  loop.bound = true;
  OsResult outcome = loop.driver->bind_thread(loop);
  if (outcome.value < 0) loop_lost(loop, outcome.native);
}

bool work_waits(Loop &loop) {
  return !loop_calm(loop) || loop.posted || loop.stopping || loop.hooks[kHookIdle].head ||
         source_close_due(loop);
}

void loop_leave(Loop &loop, Caller by) {
  if (by != Caller::drain) loop.stopping = false;
  if (loop.driver->unflushed(loop)) loop.driver->flush(loop);
  loop.remote->sleep.exchange(kAsleep, std::memory_order_seq_cst);
  loop.running = false;
  os_set_running(loop.outer);
  if (loop.embedded && (work_waits(loop) || loop.driver->unflushed(loop)))
    remote_signal(*loop.remote);
}

} // namespace eddy
