// The seam: the two tables of this library.
//
// A Driver takes ops and completes them. epoll, io_uring's polled set and AFD are readiness systems, which the adapter
// turns into one.
#pragma once

#include "core/memory.hpp"
#include "core/source.hpp"

#include <atomic>

namespace eddy {

struct Driver;
struct Readiness;
struct Pipes;

// Attempts per lane and turn, so that no handle keeps the loop to itself.
constexpr int kBudget = 16;

// Read by other threads, without any order.
template<class T>
struct Relaxed {
  std::atomic<T> value;
  operator T() const { return value.load(std::memory_order_relaxed); }
  void operator=(T to) { value.store(to, std::memory_order_relaxed); }
};

// The part of a loop that drivers see. First, what every op touches.
struct LoopCore {
  Relaxed<uintptr_t> owner; // the thread it belongs to, or kForked or kNobody
  Time now;
  const Driver *driver;
  const Readiness *readiness;
  void *kernel; // the driver's state
  ReadyList ready;
  WorkList work; // sources with work for the driver
  SourceList sources, closing;
  SourceList waiting; // closing too, but some of their ops have not ended
  Memory memory;
  eddy_native_t wake; // ends a wait when it becomes readable
  // How a write that finds its lane free is tried inside its start call; nullptr: not now.
  OsResult (*send_now)(eddy_native_t, const void *, size_t);
  // How a late read receives when its callback is due; nullptr: it receives when its lane is run.
  OsResult (*receive_now)(eddy_native_t, void *, size_t);
  bool lost;
};

// A loop begins with its core (loop.hpp makes sure of that).
inline LoopCore &core(Loop &loop) { return reinterpret_cast<LoopCore &>(loop); }
inline const LoopCore &core(const Loop &loop) { return reinterpret_cast<const LoopCore &>(loop); }

// The op's callback is due.
inline void op_make_ready(Op &op) {
  if (op.bits & kInReady) return;
  op.bits |= kInReady;
  core(*op.loop).ready.push(op);
}

// A late read has something to receive.
inline void op_receive(Op &op) {
  op.bits |= kReceives;
  op_make_ready(op);
}

// The source has work for the next flush or poll.
inline void work_later(Source &source, unsigned lanes) {
  source.work |= static_cast<uint8_t>(lanes);
  if (source.in_work) return;
  source.in_work = true;
  core(*source.loop).work.push(source);
}

struct Driver {
  uint32_t id;
  OsResult (*open)(Loop &, uint32_t ring_entries);
  void (*destroy)(Loop &, bool forked); // forked: give up memory and descriptors, touch no queue
  OsResult (*bind_thread)(Loop &);      // in each thread that takes up the loop to run it
  OsResult (*after_fork)(Loop &);       // new kernel objects; every request is forgotten

  void (*submit)(Op &); // a started op that leads its lane, or a waiter; may settle it at once
  void (*resume)(Source &, Lane); // a lane has a head to work on again
  bool (*cancel)(Op &);           // true: the kernel has nothing of it, the core ends it now;
                                  // false: its completion will come
  void (*quiesce)(Source &);      // closing: make the kernel let go of everything
  bool (*quiet)(const Source &);  // ... and whether it has
  void (*release)(Source &);      // deregister a quiet source, before its descriptor is closed

  bool (*unflushed)(const Loop &);
  void (*flush)(Loop &);            // hand everything to the kernel, do not wait
  void (*poll)(Loop &, Time until); // flush, wait (until 0: not), settle what has completed
  eddy_native_t (*native)(Loop &);
  Time (*now)(Loop &);
  const Pipes *pipes; // nullptr: all that carries bytes is a socket
  // The thread lets go of the loop, which may be bound again by another: hand everything to the kernel, reap, and
  // EDDY_EBUSY with nothing changed if that cannot be. nullptr: nothing of the kernel belongs to a thread. After a
  // death nobody calls it, and bind_thread comes in the new thread all the same.
  OsResult (*unbind)(Loop &) = nullptr;
};

// What is of EDDY_AF_UNIX and no socket, on systems that have such. Its descriptor is closed
// by Driver::release, which sets Source::native to EDDY_NO_NATIVE.
struct Pipes {
  bool (*names)(const eddy_addr_t &); // a pipe's name; others are paths of sockets
  OsResult (*listen)(Source &, const eddy_addr_t &, uint32_t backlog);
  OsResult (*adopt)(Source &,
                    eddy_native_t); // asked before os_socket_adopt; EDDY_ENOTSOCK: no pipe
  OsResult (*pair)(Source &, Source &);
  OsResult (*address)(const Source &, bool peer, eddy_addr_t &);
};

// What a readiness system provides. The adapter owns lanes and retries.
struct Readiness {
  uint32_t id;
  OsResult (*probe)();       // 0, or why a loop could not use it; nullptr: any could
  bool (*fit_for_default)(); // good enough to be taken without being asked for; nullptr: always
  OsResult (*open)(Loop &, uint32_t ring_entries);
  void (*destroy)(Loop &, bool forked);
  OsResult (*bind_thread)(Loop &); // nullptr: any thread will do
  OsResult (*after_fork)(Loop &);
  // Shortcuts of `perform` for the two commonest attempts; nullptr: there is none.
  OsResult (*receive)(eddy_native_t, void *, size_t);
  OsResult (*send)(eddy_native_t, const void *, size_t);
  OsResult (*perform)(Op &head); // one attempt, never blocking: an outcome, kAgain or kBlocked
  // Report readiness of these lanes (a bit per Lane), and say in Source::armed for how long: for ever, or a
  // lane only until it was reported.
  OsResult (*arm)(Source &, unsigned lanes);
  OsResult (*look)(Source &, uint32_t events); // those of the events that hold now, or kAgain
  // Takes what is queued in the write lane into a request that the next poll makes; false: try by `perform`. When it
  // has completed, settle() and adapter_run() of what is left. nullptr: never.
  bool (*carry)(Source &);
  void (*release)(Source &);
  bool (*unflushed)(const Loop &);  // arms that wait for the next poll; nullptr: never any
  void (*poll)(Loop &, Time until); // wait, then adapter_ready() for each event
  eddy_native_t (*native)(Loop &);
  Time (*now)(Loop &);
};

// The events of one source, as bits per Lane; `hung_up` when the peer's end or an error is among them. `events`: all
// that hold, for its waits.
void adapter_ready(Source &source, unsigned lanes, bool hung_up, uint32_t events);
// Tries the heads of these lanes.
void adapter_run(Source &source, unsigned lanes);

extern constinit const Driver adapter; // needs loop.readiness

// The tables of this build, each defined if its OS folder is built; see seam/choose.cpp.
extern constinit const Readiness epoll;
extern constinit const Readiness uring;
extern constinit const Readiness afd;
extern constinit const Driver windows; // the adapter on afd, and more

// The loop's kernel interface is gone: ends every op with EDDY_ELOST (contract rule 12).
void loop_lost(Loop &loop, int32_t native);

} // namespace eddy
