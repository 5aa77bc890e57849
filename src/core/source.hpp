// Sources: what handles are made of, and the lanes in which their ops wait.
//
// The two serial lanes: the driver works from a lane's head and has at most one kernel request per lane under way.
// Waiters are a set: each goes to the driver at once and ends when it matches.
#pragma once

#include "core/handles.hpp"
#include "core/op.hpp"
#include "core/os.hpp"

namespace eddy {

// What a source does its I/O on. Descriptors of POSIX count as sockets; the others only a driver with `pipes` has.
// A pipe: requests of the driver's own, no plain attempts, no half-close, and it cannot be given away.
enum class Medium : uint8_t { socket, pipe, waitable };

// A wait for readiness, in its op.
struct Waiting {
  uint32_t events, seen;
};

constexpr uint32_t kHandleMagic =
    0x45ddc0de; // tells a handle from an op or a loop that was cast to one

//   gone -taken from the slab-> open -close-> closing -its last op and the close phase-> gone
//
// What a drain has closed is drained in place of gone, and stays so, for its user may still close it.
enum class HandleState : uint8_t { gone, open, closing, drained };

inline constexpr Machine<4> kHandleMachine = {
    "handle",
    {"gone", "open", "closing", "drained"},
    {/* gone */ to(HandleState::open),
     /* open */ to(HandleState::closing, HandleState::gone), // gone: no user has seen it
     /* closing */ to(HandleState::gone, HandleState::drained),
     /* drained */ 0}};

struct Source {
  SourceKind kind;
  Medium medium;
  HandleState state;
  bool closed; // by its user
  uint32_t magic;
  Loop *loop;
  Source *next, *prev;   // the loop's open or closing sources
  Source *work_next;     // the driver's list of sources with work
  Source *accepted_next; // what an accept has brought and waits for its callback
  eddy_native_t native;
  OpList lanes[2];
  OpList waiters;
  Op *closer;                      // the close or release op, if one was given
  uint32_t undelivered[kNoHandle]; // started ops whose final callback was not entered, by Lane
  uint32_t generation;             // counts the handles that lived in this memory
  bool reset;                      // the peer has reset it, which a later end must not hide
  bool torn;                       // a write was cancelled and nobody knows how much of it has gone
  bool
      shared; // inherited over a fork: its socket, and a file that it has made, are the parent's too
  uint8_t armed; // lanes whose readiness will be reported without another arm; and kKnown
  // The driver's: a bit per Lane.
  uint8_t ready;    // the kernel is believed to be ready
  uint8_t work;     // has work that waits for the next flush or poll
  uint8_t running;  // its heads are being tried, and whoever does it goes on
  uint8_t inflight; // a kernel request is under way
  bool hung_up;     // the peer's end or an error was seen: read until it shows
  bool local;       // a Unix socket: after a short read there may be more, which the call tells
  bool in_work;
  uint8_t paused;  // kPaused*: what holds lanes back although the kernel may be ready
  bool waits;      // closing, and on the loop's list of those whose ops have not ended
  bool untaken;    // only the op that has brought it knows of it
  bool unseen;     // accepted, and its user has not taken it yet
  bool released;   // its descriptor is handed over by the closer's callback
  void *kernel;    // what the driver keeps for it
  void *data;      // the user's
  uint64_t queued; // bytes of started ops of the write lane that the kernel has not taken
  OpList watchers;
};

constexpr uint8_t kKnown = 1 << 3; // in `armed`: the readiness system keeps something of the source
constexpr uint8_t kArmedForEver = kKnown | 1 << kReadLane | 1 << kWriteLane | 1 << kWaiters;

enum : uint8_t {
  kPausedByUser = 1,
  kPausedByLibrary = 2, // it backs off
  kPausedByConnect = 4  // all but the connect itself
};

inline void handle_move(Source &source, HandleState state) {
  move<kHandleMachine>(source.state, state);
}

inline bool is_closing(const Source &source) { return source.state > HandleState::open; }

// Why options of a socket cannot be asked of it; 0: they can.
inline int no_options(const Source &source) {
  if (source.medium == Medium::pipe) return EDDY_ENOTSOCK;
  return source.native == EDDY_NO_NATIVE ? EDDY_ECLOSED : 0;
}

using SourceList = List<Source, &Source::next, &Source::prev>;
using WorkList = Fifo<Source, &Source::work_next>;

inline bool has_pending(const Source &source) {
  return source.undelivered[kReadLane] || source.undelivered[kWriteLane] ||
         source.undelivered[kWaiters] || source.undelivered[kWatchers];
}

inline OpList &lane(Source &source, Lane which) {
  if (which < kWaiters) return source.lanes[which];
  return which == kWaiters ? source.waiters : source.watchers;
}

// Life of a source: memory from the loop's slab of its kind, on the loop's list until released.
Source *source_take(Loop &loop, SourceKind kind, size_t size);
template<class Handle>
Handle *source_new(Loop &loop, SourceKind kind) {
  return static_cast<Handle *>(source_take(loop, kind, sizeof(Handle)));
}
int source_close_call(Source &source, eddy_op_t *op, eddy_cb cb);
void source_close(Source &source, Op *closer);
void source_revive_closer(Source &source, Op *closer);
void source_close_phase(Loop &loop);
void source_delivered(Source &source); // one of its ops, while handles with pending ops are closing
bool source_close_due(const Loop &loop); // a closing handle waits for nothing but the close phase
void source_free(Source &source);        // that no user has seen
void source_rest(Source &source); // a closed handle: nothing of the loop leads to it any more
void native_close(eddy_native_t native, bool shared);
eddy_native_t let_go(Source &source);      // deregistered; the descriptor is the caller's
bool closes_at_once(const Source &source); // nothing connects once the close call has returned
void offer_ended(Source &source);          // taken, or closed
void offers_take_back(Loop &loop); // what ops that ended inline have brought and nobody took
// Its descriptor from now on. False: no memory to note it.
bool source_hold(Source &source, eddy_native_t native);

// The core's half of the seam, called by drivers; never from inside a callback of the user.

// The outcome of a request for the head of a serial lane; kAgain is not an outcome. Whatever ends a head hands the lane
// on: to the lane's run when it is that which settles, else to the driver.
inline void settle(Op &head, OsResult outcome) { row_of(head.kind).settle(head, outcome); }
// An event mask for a waiter.
void settle_waiter(Op &waiter, OsResult outcome);
void op_activate(Op &op);   // the kernel has it
void op_requeue(Op &op);    // ... and has given it back
void op_end_reason(Op &op); // end it by its reason: the kernel has nothing of it
// A lane's request has ended: the ops that it had, which are the lane's first, are queued again, or end by their
// reasons. No other op of a lane is active or has a reason.
void requeue_run(OpList &lane);
// One attempt for the head of a lane by the OS layer, for drivers on readiness; kAgain or kBlocked
// when there is nothing to settle.
inline OsResult attempt(Op &head) { return row_of(head.kind).attempt(head); }
OsResult attempt_look(Source &source, uint32_t events); // of those who wait for events
} // namespace eddy
