// What needs no loop: the clock, packets from any thread, and the end of the waits whose callbacks post them.
#pragma once

#include "core/base.hpp"

namespace eddy {

// The completion key says whose packet it is.
enum : uintptr_t { kPacketWake, kPacketAfd, kPacketOverlapped, kPacketWaitable, kPacketAlarm };

Time clock_now();

// Puts a packet into the port, from any thread; GetLastError() stays. It is not lost when the system has no memory for
// it: then this waits until it has.
void port_post(void *port, uintptr_t key, void *overlapped);

// Ends a wait of the system's thread pool (RegisterWaitForSingleObject); its callback has returned, and does not come
// any more.
void pool_wait_end(void *wait);

} // namespace eddy
