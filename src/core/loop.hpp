// The loop's state. Its turn is in turn.cpp.
#pragma once

#include "core/driver.hpp"
#include "core/failure.hpp"
#include "core/memory.hpp"
#include "core/native_set.hpp"
#include "core/remote.hpp"
#include "core/slab.hpp"
#include "core/wheel.hpp"

namespace eddy {

// Thread numbers that no thread has: the loop was inherited over a fork; its thread has ended or let go of it.
constexpr uintptr_t kForked = 1, kNobody = 2;

// What the callback that runs may take from its op.
struct Offer {
  Op *op;
  Source *handle; // a new one, which is closed again
  Source *lender; // ... or what this one has lent
  uint32_t index;
  bool has_native;
  bool shared; // the native one is the parent's too
  eddy_native_t native;
};

} // namespace eddy

namespace eddy {

// Under way over the open handles: those that were open when it began.
struct Walk {
  Source *next, *last;
  Walk *outer;
};

enum HookKind : uint8_t { kHookIdle, kHookBeforeWait, kHookAfterWait, kHookKinds };

// In the op of a hook.
struct HookItem {
  HookItem *next, *prev;
  uint32_t which, pass; // pass: the last one that it was called in
};
using HookList = List<HookItem, &HookItem::next, &HookItem::prev>;

} // namespace eddy

struct eddy_loop : eddy::LoopCore {
  uint64_t references; // ref'd pending ops
  uint64_t pending;    // pending ops, posted ones not counted
  uint64_t sequence;   // start order
  uint32_t epoch;      // numbers reads that bring their own buffers
  eddy::Relaxed<bool> running;
  bool
      acted; // called back outside of the ready list, since the run, step or drain began or since the last turn
  bool bound, draining, stopping, migratable, embedded;
  bool forked_inside; // in the child of a fork that one of its callbacks has made

  eddy::Offer offer;
  uint64_t untaken; // handles that ops which ended inline have brought, and that nobody has taken
  eddy::Source
      *lingering; // closed handles that are kept for what they lent, chained over accepted_next
  eddy::Walk *walks;
  eddy::ReadyList *delivering; // of this turn, those whose callback has not come
  eddy::Wheel wheel;
  eddy::TimerList due;
  eddy::OpList loose; // started ops of no handle whose end is not decided
  eddy::HookList hooks[eddy::kHookKinds];
  uint32_t hook_pass[eddy::kHookKinds];
  eddy::HookItem *hook_cursor; // the hook to call next
  uint64_t handles, closing_count, leases;
  uint32_t busy_turns;      // turns in a row without a poll
  eddy::Time asked_at;      // what had come by then is delivered or ready
  eddy::Op *posted;         // taken from the inbox, not yet delivered
  eddy::WorkItem *returned; // work, likewise
  eddy_remote *remote;
  eddy::Slab slabs[eddy::kHandles]; // by SourceKind
  eddy::NativeSet natives;          // the descriptors that have a handle
  eddy::Time spin;
  const char *driver_reason;
  int32_t lost_native;
  const uint32_t *until_set; // or null: ends the run, see eddy_loop_run_until_set
  eddy_loop *outer;          // the loop in whose callback this one runs
  void *data;                // the user's
  uint64_t number;           // no other loop of the process has had it
  eddy_loop *registry_next, *registry_prev;
};

namespace eddy {

void claim_thread(Loop &loop);
[[noreturn]] void returned_in_child();
void loop_let_go(Loop &loop); // for whatever thread takes it up

// Every call on a loop or its handles comes through here: one compare when all is well.
inline void check_thread(const Loop &loop) {
  if (loop.owner != os_thread_seen()) [[unlikely]]
    claim_thread(const_cast<Loop &>(loop));
}

// After each callback, before anything of the loop is done: in a forked child the turn is its parent's.
inline void check_returned(const Loop &loop) {
  if (!loop.running) [[unlikely]]
    returned_in_child();
}

[[noreturn]] void handle_refused(const Source *handle, SourceKind wanted, const char *call);

// `call` is the name of the function that was called with it. One compare: a closed handle has no kind.
template<class Handle>
Handle &check_handle(Handle *handle, SourceKind kind, const char *call) {
  if (!handle || handle->kind != kind) [[unlikely]]
    handle_refused(handle, kind, call);
  check_thread(*handle->loop);
  return *handle;
}

inline Loop &check_loop(eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  check_thread(*loop);
  return *loop;
}

// The state machine: op_start.cpp, op_end.cpp, op_deliver.cpp. A start function begins the op, admits it, queues it and
// returns op_started; an op that ends on the way does so by op_finish like any other.
Op &op_begin(Loop &loop, Source *source, eddy_op_t *op, Kind kind, eddy_cb cb, uint16_t bits);
bool op_admit(Op &op);  // arms the deadline; false: refused, and ended
int op_started(Op &op); // EDDY_DONE or EDDY_PENDING
void op_forget(
    Op &op, Loop &loop); // about to be started anew: what it has brought and nobody took is closed
void op_post(Op &op, Kind kind, eddy_cb cb, Loop *loop);
void op_unpost(Op &op);

void op_finish(Op &op, int64_t result, int32_t native = 0); // unlinked from its lane
void op_cancel(Op &op, Reason reason);
void op_lose(Op &op, int64_t error); // end it whatever the kernel has
void op_drop_payloads(Op &op); // what a multishot op has brought, and its closed handle makes void
int64_t reason_error(Reason reason);
void timer_arm(Op &op, Time at);
void timer_disarm(Op &op);

// An op of no handle is on its loop's list from its start until its end is decided.
inline void loose_add(Op &op) { op.loop->loose.push_back(op); }
inline void loose_remove(Op &op) { op.loop->loose.remove(op); }

void op_deliver(Op &op); // run its callbacks
void op_deliver_post(Op &op, int64_t result);
void op_deliver_now(Op &op, int64_t result, bool more); // outside of the ready list
// What may be taken from an op now, if anything. A pending one has its loop. An idle one knows none, for its loop may be
// gone: the loops whose callbacks run on this thread know what they offer.
Offer *offer_of_idle(const Op &op);
inline Offer *offer_of(const Op &op) {
  if (op.state == State::idle) return offer_of_idle(op);
  if (!(op.bits & kMore) || op.state == State::posted) return nullptr;
  check_thread(*op.loop);
  return op.loop->offer.op == &op ? &op.loop->offer : nullptr;
}
void withdraw_offer(Loop &loop);

// deadlines.cpp
bool deadline_early(
    Op &op, Time deadline); // what came before it has its turn first; then it is armed again
void timers_run(Loop &loop);

// turn.cpp
enum class Caller : uint8_t { run, step, drain };
void loop_turn(Loop &loop, Time until, Caller by);
bool loop_enter(
    Loop &loop); // into a run, step or drain; false: its first timers have asked for stop
void loop_leave(Loop &loop, Caller by);
void loop_bind(Loop &loop); // to the calling thread, the first time
void hook_remove(Op &op);
inline Loop *loop_running() { return static_cast<Loop *>(os_running()); } // on this thread
inline bool flag_set(const Loop &loop) { return loop.until_set && *loop.until_set; }
bool loop_calm(const Loop &loop); // nothing is ready, and nothing has come from other threads
bool work_waits(
    Loop &loop); // something that only a step can do, and that no event of the kernel will announce

// loop_end.cpp
int64_t loop_drain(Loop &loop, Time until);
int loop_close(Loop &loop);
int loop_after_fork(Loop &loop);

// loss.cpp
void lose_everything(Loop &loop, int64_t error, bool threads_too);

// registry.cpp: all loops of the process, for the fork handler.
void registry_add(Loop &loop);
void registry_remove(Loop &loop);
Loop *registry_find(uint64_t number); // nullptr: it was closed

inline bool loop_alive(const Loop &loop) {
  return loop.references || loop.closing_count || loop.posted ||
         loop.remote->inbox.load(std::memory_order_relaxed) > reinterpret_cast<Op *>(1);
}

} // namespace eddy
