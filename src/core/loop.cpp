// A turn of the loop, and the calls that run turns.
#include "core/loop.hpp"

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
  if (!loop.returned) loop.returned = work_take_back(*loop.remote);
  while (WorkItem *item = loop.returned) {
    loop.returned = item->next;
    loop.acted = true;
    op_deliver_work(op_of(*item));
  }
}

// As good as ready: it is delivered next turn.
static bool work_returned(const Loop &loop) {
  return !loop.pending_work.empty() && loop.remote->returned.load(std::memory_order_relaxed);
}

static void run_hooks(Loop &loop, HookKind which) {
  uint32_t pass = ++loop.hook_pass[which];
  for (Op *op = loop.hooks[which].head; op; op = loop.hook_cursor) {
    loop.hook_cursor = op->next;         // moved on by hook_remove
    if (op->poll.seen == pass) continue; // started in this pass
    op->poll.seen = pass;
    op_deliver_now(*op, 0, true);
  }
}

void hook_remove(Op &op) {
  Loop &loop = *op.loop;
  if (loop.hook_cursor == &op) loop.hook_cursor = op.next;
  loop.hooks[op.poll.events].remove(op);
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
  if (loop.waiting.empty()) [[likely]] {
    while (Op *op = snapshot.pop()) {
      fetch_ahead(snapshot.head);
      op_deliver(*op);
      check_returned(loop);
    }
    return;
  }
  while (Op *op = snapshot.pop()) {
    Source *source = op->source; // its memory stays, whatever the callback does
    op_deliver(*op);
    check_returned(loop);
    if (source) source_delivered(*source);
  }
}

static bool calm(const Loop &loop) { return loop.ready.empty() && !remote_waiting(*loop.remote); }

// Polls without sleeping for a while, if the user wants to buy latency with CPU time.
static bool spun(Loop &loop, Time until) {
  Time start = loop.driver->now(loop), now = start;
  while (now < until && now - start < loop.spin) {
    loop.driver->poll(loop, 0);
    if (!calm(loop) || source_close_due(loop)) return true;
    now = loop.driver->now(loop);
  }
  return now >= until;
}

static bool any_hook(const Loop &loop) {
  for (const OpList &hooks : loop.hooks)
    if (hooks.head) return true;
  return false;
}

static bool flag_set(const Loop &loop) { return loop.until_set && *loop.until_set; }

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
  if (!loop.pending_work.empty()) run_returned(loop);
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

[[gnu::cold]] void returned_in_child() {
  fatal("a forked child returned from a callback of its parent's loop (it has to exec or exit "
        "there)");
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

// Something that only a step can do, and that no event of the kernel will announce.
static bool work_waits(Loop &loop) {
  return !calm(loop) || loop.posted || loop.stopping || loop.hooks[kHookIdle].head ||
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

// What its last thread wrote is seen by the next.
void loop_let_go(Loop &loop) {
  loop.bound = false;
  tsan_release(&loop);
  loop.owner.value.store(kNobody, std::memory_order_release);
}

void claim_thread(Loop &loop) {
  uintptr_t owner = kNobody, self = os_thread();
  if (loop.owner.value.compare_exchange_strong(owner, self, std::memory_order_acquire)) {
    tsan_acquire(&loop);
    return;
  }
  require(owner != kForked,
          "a loop inherited over fork was used (close it, or call eddy_loop_after_fork)");
  require(loop.migratable && !loop.running, "call from the wrong thread: a loop belongs to the "
                                            "thread that runs it, others use an eddy_remote_t");
  loop.owner = self;
}

} // namespace eddy

using namespace eddy;

static Loop &check_runner(eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return *loop;
}

static void run_turns(Loop &loop) {
  bool stays = loop_enter(loop);
  while (stays && !flag_set(loop) && loop_alive(loop)) {
    loop_turn(loop, kNever, Caller::run);
    stays = !loop.stopping;
  }
}

static int start_hook(eddy_loop_t *handle, eddy_op_t *user_op, HookKind which, eddy_cb cb) {
  Loop &loop = check_loop(handle);
  Op &op = op_begin(loop, nullptr, user_op, Kind::hook, cb, kMulti);
  if (!op_admit(op)) return op_started(op);
  op.poll.events = which;
  op.poll.seen = loop.hook_pass[which];
  loop.hooks[which].push_back(op);
  return op_started(op);
}

extern "C" {

int eddy_loop_run(eddy_loop_t *handle) {
  Loop &loop = check_runner(handle);
  run_turns(loop);
  loop_leave(loop, Caller::run);
  return loop_alive(loop);
}

int eddy_loop_run_until_set(eddy_loop_t *handle, const uint32_t *flag) {
  Loop &loop = check_runner(handle);
  require(flag != nullptr, "null flag");
  loop.until_set = flag;
  run_turns(loop);
  loop.until_set = nullptr;
  int result = loop.stopping ? 1 : *flag ? 2 : 0;
  loop_leave(loop, Caller::run);
  return result;
}

int eddy_loop_step(eddy_loop_t *handle, eddy_time_t until) {
  Loop &loop = check_runner(handle);
  if (loop_enter(loop)) loop_turn(loop, until, Caller::step);
  loop_leave(loop, Caller::step);
  return loop_alive(loop);
}

int eddy_loop_unbind(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  require(!loop.running, "eddy_loop_unbind inside a callback of the same loop");
  if (loop.bound) {
    if (loop.driver->unflushed(loop)) loop.driver->flush(loop);
    OsResult outcome = loop.driver->unbind ? loop.driver->unbind(loop) : OsResult{};
    if (outcome.value < 0) return ended(outcome);
  }
  loop_let_go(loop);
  return 0;
}

void eddy_loop_stop(eddy_loop_t *loop) { check_loop(loop).stopping = true; }

int eddy_loop_alive(const eddy_loop_t *loop) {
  return loop_alive(check_loop(const_cast<eddy_loop_t *>(loop)));
}

int eddy_loop_inside(const eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return loop->running && loop->owner == os_thread();
}

eddy_time_t eddy_now(const eddy_loop_t *loop) {
  return check_loop(const_cast<eddy_loop_t *>(loop)).now;
}

void *eddy_loop_data(const eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return loop->data;
}

void eddy_loop_set_data(eddy_loop_t *loop, void *data) {
  require(loop != nullptr, "null loop");
  loop->data = data;
}

eddy_time_t eddy_update_now(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  return loop.now = loop.driver->now(loop);
}

void eddy_loop_flush(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  loop_bind(loop);
  if (loop.driver->unflushed(loop)) loop.driver->flush(loop);
}

eddy_time_t eddy_loop_next_deadline(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  return work_waits(loop) || loop.driver->unflushed(loop) ? 0 : loop.wheel.next();
}

eddy_native_t eddy_loop_native_handle(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  loop_bind(loop);
  loop.embedded = true;
  if (!loop.running && loop.driver->unflushed(loop)) loop.driver->flush(loop);
  return loop.lost ? EDDY_NO_NATIVE : loop.driver->native(loop);
}

uint32_t eddy_loop_driver(const eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return loop->readiness ? loop->readiness->id : loop->driver->id;
}

const char *eddy_loop_driver_reason(const eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return loop->driver_reason;
}

int eddy_hook_idle(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) {
  return start_hook(loop, op, kHookIdle, cb);
}

int eddy_hook_before_wait(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) {
  return start_hook(loop, op, kHookBeforeWait, cb);
}

int eddy_hook_after_wait(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) {
  return start_hook(loop, op, kHookAfterWait, cb);
}

int eddy_yield(eddy_loop_t *handle, eddy_op_t *user_op, eddy_cb cb) {
  Op &op = op_begin(check_loop(handle), nullptr, user_op, Kind::yield, cb, 0);
  op.bits &= static_cast<uint16_t>(~kStarting); // its point is the turn it waits for
  if (op_admit(op)) op_finish(op, 0);
  return EDDY_PENDING;
}

} // extern "C"
