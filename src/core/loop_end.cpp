// How a loop ends, by drain and close, and what a fork leaves of it.
#include "core/loop.hpp"

#include <initializer_list>
#include <tsan.hpp>

namespace eddy {

static uint64_t held(const Loop &loop) { return loop.pending + loop.handles + loop.leases; }

constexpr int kLateTurns = 8; // of a drain whose time is over, to deliver what is there

static void close_all(Loop &loop) {
  while (loop.sources.head) source_close(*loop.sources.head, nullptr);
}

static void cancel_loose_ops(Loop &loop) {
  for (Op *op = loop.loose.head, *next; op; op = next) {
    next = op->next;
    op_cancel(*op, Reason::cancel);
  }
}

static void free_loop(Loop &loop, bool forked) {
  // A thread that has just returned work is about to signal it.
  while (uint32_t borrowed = forked ? 0 : loop.remote->borrowed.load(std::memory_order_acquire))
    os_sleep_on(loop.remote->borrowed, borrowed, EDDY_MILLISECOND);
  tsan_acquire(&loop.remote->borrowed);
  registry_remove(loop);
  loop.remote->loop = nullptr;
  loop.driver->destroy(loop, forked);
  loop.wheel.destroy();
  for (Slab &slab : loop.slabs) slab.destroy(loop.memory);
  loop.natives.destroy(loop.memory);
  remote_release(*loop.remote);
  if (loop.forked_inside) return; // a callback that returns all the same looks there
  Memory memory = loop.memory;
  loop.~Loop();
  memory.put(&loop, sizeof(Loop));
}

// The child's copies of descriptors and memory go, the parent's stay; nothing is called.
static int close_inherited(Loop &loop) {
  for (SourceList *list : {&loop.sources, &loop.closing, &loop.waiting}) {
    for (Source *source = list->head, *next; source; source = next) {
      next = source->next;
      const HandleRow &row = row_of(source->kind);
      if (row.forget) row.forget(*source);
      if (row.owns && source->native != EDDY_NO_NATIVE) os_socket_drop(source->native);
    }
  }
  for (Source *kept = loop.lingering; kept; kept = kept->accepted_next)
    row_of(kept->kind).forget(*kept);
  if (loop.offer.has_native) os_socket_drop(loop.offer.native);
  free_loop(loop, true);
  return 0;
}

// Behind those that were taken and not yet delivered.
static void take_posts(Loop &loop, bool shut) {
  Op **end = &loop.posted;
  while (*end) end = &(*end)->next;
  *end = remote_take(*loop.remote, shut);
}

int64_t loop_drain(Loop &loop, Time until) {
  loop_enter(loop);
  if (!loop.draining) {
    loop.draining = true;
    take_posts(loop, true);
    cancel_loose_ops(loop); // from now on nothing is started any more
  }
  int late = kLateTurns;
  do {
    close_all(loop);
    if (!loop.pending && !loop.handles && !loop.posted) break;
    loop_turn(loop, until, Caller::drain);
  } while (loop.now < until || ((!loop.ready.empty() || source_close_due(loop)) && late-- > 0));
  loop_leave(loop, Caller::drain);
  return static_cast<int64_t>(held(loop));
}

int loop_close(Loop &loop) {
  require(!loop.running, "run, step, drain or close inside a callback of the same loop");
  if (loop.owner == kForked) return close_inherited(loop);
  if (!loop.draining) check_thread(loop);
  if (held(loop) > loop.untaken || loop.posted) return failed(EDDY_EBUSY);
  if (loop.untaken) {
    offers_take_back(loop);
    source_close_phase(loop);
  }
  if (held(loop) || !remote_shut_empty(*loop.remote)) return failed(EDDY_EBUSY);
  free_loop(loop, false);
  return 0;
}

// The turn in whose callback the fork was made does not go on here: what it was about to call back is due in the next.
static void take_over_turn(Loop &loop) {
  if (!loop.delivering) return;
  ReadyList rest = *loop.delivering;
  while (Op *op = loop.ready.pop()) rest.push(*op);
  loop.ready = rest;
  loop.delivering = nullptr;
}

int loop_after_fork(Loop &loop) {
  if (loop.owner != kForked) return failed(EDDY_EINVAL);
  eddy_native_t wake;
  OsResult outcome = os_wake_open(&wake);
  if (outcome.value < 0) return ended(outcome);
  os_wake_close(loop.remote->wake); // it is the parent's too
  loop.remote->wake = loop.wake = wake;
  outcome = loop.driver->after_fork(loop);
  if (outcome.value < 0) return ended(outcome);
  for (SourceList *list : {&loop.sources, &loop.closing, &loop.waiting})
    for (Source *source = list->head; source; source = source->next) source->shared = true;
  if (loop.offer.has_native) os_socket_drop(loop.offer.native);
  loop.offer = {};
  loop.bound = false;
  loop.owner = os_thread();
  loop.remote->sleep = kAsleep;
  loop.remote->inherited = false;
  take_over_turn(loop);
  take_posts(loop, false);
  for (Op *op = loop.posted; op; op = op->next) op_cancel(*op, Reason::cancel);
  loop.remote->borrowed = 0; // the threads are the parent's, and so is what they do
  loop.remote->returned = loop.returned = nullptr;
  lose_everything(loop, EDDY_ECANCELED, true);
  return 0;
}

} // namespace eddy
