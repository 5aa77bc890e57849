// The library's view of an eddy_op_t, and the state machine that owns it.
//
//   idle -start-> queued -driver takes-> active -finish-> ready -callback-> idle
//   queued -called back on the spot: a sleep, a close, work that is back-> idle
//   idle -another thread posts it-> posted -callback-> idle
#pragma once

#include "core/kinds.hpp"
#include "core/list.hpp"
#include "core/machine.hpp"

namespace eddy {

enum class State : uint8_t { idle, queued, active, ready, posted };

inline constexpr Machine<5> kOpMachine = {
    "op",
    {"idle", "queued", "active", "ready", "posted"},
    {/* idle */ to(State::queued, State::posted),
     /* queued */ to(State::active, State::ready, State::idle),
     /* active */ to(State::queued, State::ready),
     /* ready */ to(State::idle),
     /* posted */ to(State::idle)}};

enum class Reason : uint8_t { none, cancel, deadline, close };

// What `bits` can hold.
enum : uint16_t {
  kMulti = 1 << 0,    // payloads come before the final callback
  kInReady = 1 << 1,  // linked in the ready list
  kFinal = 1 << 2,    // a multishot op with its final result set, payloads may still wait
  kMore = 1 << 3,     // the callback that runs is not the final one
  kCounted = 1 << 4,  // keeps the loop alive
  kTimed = 1 << 5,    // in the timer wheel
  kParked = 1 << 6,   // a read that waits for a buffer, or for a credit
  kRepeat = 1 << 7,   // a poll that reports again
  kStarting = 1 << 8, // inside its start call, and may end there
  kReceives = 1 << 9, // a late read whose delivery begins with a receive
  kPatient = 1 << 10, // an accept that no passing error ends
  kBefore = 1 << 11,  // its row is asked before the final callback
  kLate = 1 << 12,    // a read that receives where its callback is due
  kRides = 1 << 13,   // a driver may carry it in a request
  kAllBits = (1 << 14) - 1
};

struct Op {
  void *data;
  Op *next, *prev; // the lane, the set of waiters, the loop's list of loose ops, the inbox
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
  uint32_t count;                    // payloads of a multishot op that wait for their callback
  alignas(8) unsigned char part[64]; // the kind's own

  template<class Part>
  Part &as() {
    static_assert(sizeof(Part) <= sizeof part);
    static_assert(alignof(Part) <= 8);
    return *reinterpret_cast<Part *>(part);
  }
  template<class Part>
  const Part &as() const {
    return const_cast<Op *>(this)->as<Part>();
  }
};

static_assert(sizeof(Op) == EDDY_OP_SIZE);
static_assert(sizeof(eddy_op_t) == EDDY_OP_SIZE);
static_assert(offsetof(Op, data) == 0);

inline void op_move(Op &op, State state) { move<kOpMachine>(op.state, state); }

inline Op &op_of(eddy_op_t *op) { return *reinterpret_cast<Op *>(op); }
inline const Op &op_of(const eddy_op_t *op) { return *reinterpret_cast<const Op *>(op); }
inline eddy_op_t *public_op(Op &op) { return reinterpret_cast<eddy_op_t *>(&op); }

[[noreturn]] void op_refused(const Op &op, const char *message);

inline void require_idle(const Op &op, const char *message) {
  if (op.state != State::idle) [[unlikely]]
    op_refused(op, message);
}

void require_sound(const Op &op); // before a pending op is believed to be one

// Of a part.
template<class Part>
Op &owner_of(Part &part) {
  return *reinterpret_cast<Op *>(reinterpret_cast<char *>(&part) - offsetof(Op, part));
}

using OpList = List<Op, &Op::next, &Op::prev>;
using ReadyList = Fifo<Op, &Op::ready_next>;
using TimerList = List<Op, &Op::timer_next, &Op::timer_prev>;

} // namespace eddy
