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
  Source *stream;
  eddy_pool_t *pool;
  uint32_t buffer;
  bool has_native;
  bool shared; // the native one is the parent's too
  eddy_native_t native;
};

} // namespace eddy

namespace eddy {

enum HookKind : uint8_t { kHookIdle, kHookBeforeWait, kHookAfterWait, kHookKinds };

} // namespace eddy

struct eddy_loop : eddy::LoopCore {
  uint64_t references; // ref'd pending ops
  uint64_t pending;    // pending ops, posted ones not counted
  uint64_t sequence;   // start order
  uint32_t epoch;      // numbers pool reads
  eddy::Relaxed<bool> running;
  bool
      acted; // called back outside of the ready list, since the run, step or drain began or since the last turn
  bool bound, draining, stopping, migratable, embedded;
  bool forked_inside; // in the child of a fork that one of its callbacks has made

  eddy::Offer offer;
  uint64_t untaken;        // streams of accepts that ended inline, and that nobody has taken
  eddy::Source *lingering; // closed pools that are kept for leases, chained over accepted_next
  eddy::Wheel wheel;
  eddy::TimerList due;
  eddy::OpList hooks[eddy::kHookKinds];
  uint32_t hook_pass[eddy::kHookKinds];
  eddy::Op *hook_cursor; // the hook to call next
  uint64_t handles, closing_count, leases;
  uint32_t busy_turns;      // turns in a row without a poll
  eddy::Time asked_at;      // what had come by then is delivered or ready
  eddy::Op *posted;         // taken from the inbox, not yet delivered
  eddy::WorkItem *returned; // work, likewise
  eddy::OpList pending_work;
  eddy_remote *remote;
  eddy::Slab slabs[5];     // by SourceKind
  eddy::NativeSet natives; // the descriptors that have a handle
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

// op_start, op_end, op_deliver: the state machine. A start function begins the op, admits it, queues it and returns op_started;
// an op that ends on the way does so by op_finish like any other.
Op &op_begin(Loop &loop, Source *source, eddy_op_t *op, Kind kind, eddy_cb cb, uint16_t bits);
bool op_admit(Op &op);  // arms the deadline; false: refused, and ended
int op_started(Op &op); // EDDY_DONE or EDDY_PENDING
void op_finish(Op &op, int64_t result, int32_t native = 0); // unlinked from its lane
void op_cancel(Op &op, Reason reason);
void op_drop_payloads(Op &op);
void op_deliver(Op &op); // run its callbacks
void op_deliver_post(Op &op, int64_t result);
void op_deliver_work(Op &op);
void op_deliver_now(Op &op, int64_t result, bool more); // outside of the ready list
void op_lose(Op &op, int64_t error);                    // end it whatever the kernel has
int64_t reason_error(Reason reason);
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

// Ends of ops that change their handle.
void stream_connect_ended(Op &op, int64_t result);
void stream_write_ended(Op &op);
void stream_fail_writes(Source &source, Op &op); // behind one that came short
void stream_gap_told(Source &source);
void listener_closing(Source &listener);
void file_forget(Source &listener);
void congestion_changed(Source &source);
void pool_unlink(Op &reader);
void pool_drop(Op &reader);
void pool_linger(eddy_pool &pool);
void pool_free_memory(Source &pool); // and its handle
void pool_release_memory(eddy_pool &pool);
void accept_drop(Op &op);
void accept_offer(Op &op, Loop &loop);  // ended inline with a stream
Source *accept_take(Op &op);            // ... that was not taken yet
void accept_forget(Op &op, Loop &loop); // it is started anew: what was not taken is closed
void offer_ended(Source &stream);       // taken, or closed
void offers_take_back(Loop &loop); // what accepts that ended inline have brought and nobody took
OsResult pool_attempt(Op &reader);

void timer_arm(Op &op, Time at);
void timer_disarm(Op &op);
void timers_run(Loop &loop);

void op_post(Op &op, eddy_cb cb, Loop *loop);
void op_unpost(Op &op);

// fd.cpp
size_t fd_handle_size();

// work.cpp
WorkItem *work_take_back(eddy_remote &remote); // what was returned, oldest first
bool work_cancel(Op &op);                      // false: it runs

// loop.cpp
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
void lose_lane(OpList &queue, int64_t error);
void lose_everything(Loop &loop, int64_t error);

// seam/choose.cpp
int driver_open(Loop &loop, const eddy_loop_options_t &options);

// registry.cpp: all loops of the process, for the fork handler.
void registry_add(Loop &loop);
void registry_remove(Loop &loop);
Loop *registry_find(uint64_t number); // nullptr: it was closed

inline bool loop_alive(const Loop &loop) {
  return loop.references || loop.closing_count || loop.posted ||
         loop.remote->inbox.load(std::memory_order_relaxed) > reinterpret_cast<Op *>(1);
}

} // namespace eddy
