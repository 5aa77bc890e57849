// The library's view of an eddy_op_t, and the state machine that owns it.
//
//   idle -start-> queued -driver takes-> active -finish-> ready -callback-> idle
//
// Only op.cpp and op_inline.hpp write `state`.
#pragma once

#include "core/list.hpp"

namespace eddy {

struct Source;
using Loop = ::eddy_loop;

enum class State : uint8_t { idle, queued, active, ready, posted };

enum class Kind : uint8_t {
  // The read lane's, the write lane's, the ends of a handle; see lane_of.
  read,
  read_pool,
  accept,
  write,
  shutdown_write,
  connect,
  close,
  release,
  // The waiters of a handle.
  shutdown_read,
  wait,        // readiness of a stream
  poll,        // readiness of a foreign descriptor
  uncongested, // write queue below its low-water mark
  // Of no handle.
  sleep,
  tick,
  yield,
  post,
  hook,
  work,
  internal // a timer of the library's own
};

enum class Reason : uint8_t { none, cancel, deadline, close };

// What `bits` can hold.
enum : uint16_t {
  kMulti = 1 << 0,    // payloads come before the final callback
  kInReady = 1 << 1,  // linked in the ready list
  kFinal = 1 << 2,    // a multishot op with its final result set, payloads may still wait
  kMore = 1 << 3,     // the callback that runs is not the final one
  kCounted = 1 << 4,  // keeps the loop alive
  kTimed = 1 << 5,    // in the timer wheel
  kParked = 1 << 6,   // a pool read that waits in its pool's line, or for a credit
  kRepeat = 1 << 7,   // a poll that reports again
  kStarting = 1 << 8, // inside its start call, and may end there
  kReceives = 1 << 9, // a pool read whose delivery begins with a receive
  kPatient = 1 << 10, // an accept that no passing error ends
  kGap = 1 << 11,     // a write that came short, which its stream's user has still to learn
  kAllBits = (1 << 12) - 1
};

// The part of a work op that threads touch: one cache line, or two.
struct WorkItem {
  WorkItem *next, *prev; // the pool's queue, or the stack of those that return
  eddy_work_fn fn;
  union {
    void *argument;
    int64_t value; // once fn has returned
  };
  eddy_remote *remote;
  eddy_workers *pool; // the loop's thread only; nullptr once it is back
  int32_t native;     // the system's code when no thread could be got
  uint32_t asked;     // atomic: to end early
  bool queued;        // under the pool's lock
};

struct Op {
  void *data;
  Op *next, *prev; // the lane, the set of waiters, the loop's work, the hook list, the inbox
  Op *ready_next;
  eddy_cb cb;
  Loop *loop;
  Source *source;
  int64_t result;
  uint64_t transferred;
  // The timer wheel's part: due time, start order and place.
  Time deadline; // 0: none
  union {
    uint64_t sequence;
    int64_t ending; // the final result, once it is decided
  };
  uint32_t slot, index;
  Op *timer_next, *timer_prev;
  Kind kind;
  State state;
  Reason reason;
  uint8_t unused;
  uint16_t bits;
  uint16_t flags;
  int32_t os_error;
  uint32_t count; // payloads of a multishot op that wait for their callback
  union {
    struct {
      const eddy_buf_t *buffers;
      eddy_buf_t one; // a single buffer is copied here
      uint32_t count; // buffers left, the first of them partly moved
      uint64_t offset;
      uint64_t total;
    } io;
    struct {
      eddy_pool_t *pool;
      uint32_t credits, held; // held: on loan, or waiting for a callback
      uint32_t first, last;   // received buffers that wait for their callback, linked in the pool
      uint32_t epoch;         // names this read in the buffers on loan
      uint16_t in_line;       // 1: waits in the pool's line
      uint16_t called;        // 1: ... and is to attempt now
      Op *line_next, *line_prev; // there, or among the pool's other reads
    } pool;
    struct {
      Source *first, *last; // accepted streams that wait for their callback
      int64_t transient;    // an error to be reported with `more`
      uint32_t limit;
      uint64_t home; // the number of the loop that offers `first`
    } accept;
    struct {
      uint32_t events, seen;
    } poll;
    struct {
      Time due, period, limit; // limit: the op's deadline, or kNever
      uint32_t policy;
    } timer;
    WorkItem work;
    struct {
      void (*fire)(Op &);
    } internal;
    struct {
      const eddy_addr_t *local; // of EDDY_AF_UNIX; nullptr: `inet`, a native address
      uint8_t inet[32];
    } connect;
  };
};

static_assert(sizeof(Op) <= EDDY_OP_SIZE && EDDY_OP_SIZE == sizeof(eddy_op_t));
static_assert(offsetof(Op, data) == 0);

inline Op &op_of(eddy_op_t *op) { return *reinterpret_cast<Op *>(op); }
inline const Op &op_of(const eddy_op_t *op) { return *reinterpret_cast<const Op *>(op); }
inline eddy_op_t *public_op(Op &op) { return reinterpret_cast<eddy_op_t *>(&op); }

[[noreturn]] void op_refused(const Op &op, const char *message);

inline void require_idle(const Op &op, const char *message) {
  if (op.state != State::idle) [[unlikely]]
    op_refused(op, message);
}

void require_sound(const Op &op); // before a pending op is believed to be one

using WorkQueue = List<WorkItem, &WorkItem::next, &WorkItem::prev>;
inline Op &op_of(WorkItem &item) {
  return *reinterpret_cast<Op *>(reinterpret_cast<char *>(&item) - offsetof(Op, work));
}

using OpList = List<Op, &Op::next, &Op::prev>;
using ReadyList = Fifo<Op, &Op::ready_next>;
using TimerList = List<Op, &Op::timer_next, &Op::timer_prev>;

} // namespace eddy
