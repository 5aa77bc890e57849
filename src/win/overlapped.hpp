// What all that is neither a socket nor readiness leans on: requests of overlapped I/O, and waits for objects. All of it
// ends in packets on the loop's completion port.
#pragma once

#include "core/driver.hpp"
#include "native.hpp"

#include <atomic>

namespace eddy {

// Of a loop, whose kernel side begins with it.
struct Overlapped {
  WorkList work;    // pipes and objects with work for the next poll
  uint64_t pending; // packets to come
};
inline Overlapped &overlapped(Loop &loop) { return *static_cast<Overlapped *>(core(loop).kernel); }

// The kernel's until its packet was taken.
struct Request;
using RequestDone = void(Request &);
struct Request {
  OVERLAPPED io; // first: the packet brings its address
  RequestDone *done;
};

inline void overlapped_packet(void *io) {
  Request &request = *static_cast<Request *>(io);
  request.done(request);
}

// The outcome of a call with `io` that has returned `success`, or GetLastError() says why not: the bytes moved, an
// error of which no packet tells, or kAgain: a packet will tell. `skips`: none comes for what succeeds at once.
OsResult overlapped_begun(bool success, bool skips, const OVERLAPPED &io);
// What the packet tells: the bytes moved, or an error.
OsResult overlapped_ended(const OVERLAPPED &io);
// How a thread that did the I/O in the kernel's stead fills in what overlapped_ended() reads; a Win32 code or 0.
void overlapped_fill(OVERLAPPED &io, DWORD code, DWORD moved);

// A wait for an object, which ends once with a packet (kPacketWaitable, `context`).
struct Wait {
  HANDLE packet; // of the kernel's, kept for the next wait; or
  HANDLE pooled; // a wait of the system's thread pool, which posts one
  HANDLE port;
  void *context;
  std::atomic<bool> fired; // ... or is about to
};
OsResult wait_begin(Wait &wait, HANDLE object);
// True: no packet comes. False: it is on its way. Exact where the kernel has packets for waits: what a signal changes in
// the object it has changed if and only if the packet comes. The thread pool takes a signal with it at times.
bool wait_cancel(Wait &wait);
void wait_ended(Wait &wait); // its packet has come
void wait_free(Wait &wait);  // nothing is to come

// waitable.cpp
void waitable_run(Source &source);
bool waitable_cancel(Op &op);
void waitable_quiesce(Source &source);
bool waitable_quiet(const Source &source);
void waitable_release(Source &source);
void waitable_packet(void *context);

} // namespace eddy
