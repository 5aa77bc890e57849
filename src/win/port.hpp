// The completion port: it is the loop's wake descriptor, and everything of the kernel arrives through it.
#pragma once

#include "post.hpp"

namespace eddy {

struct Packet {
  uintptr_t key;
  void *overlapped;
};

constexpr uint32_t kPackets = 128;

// Ends a wait in time whose end is nearer than the system's tick. Of a loop, used by the thread that waits.
struct Alarm {
  void *timer, *wait; // made when first needed
  eddy_native_t port; // gets a packet when the timer fires
  Time set;           // 0: not set
  bool refused;       // this system has no such timers
};
void alarm_end(Alarm &alarm);

// Milliseconds for a wait that the alarm may end before: rounded up, 0 when `until` has come.
uint32_t wait_limit(Alarm &alarm, Time until);
int without_alarms(Alarm &alarm, Packet *packets, int count); // how many are left

// Packets that wait, or that come before `until`; never back early without one. Below 0: the port is lost.
int port_wait(Alarm &alarm, Time until, Packet *packets, int32_t *error);

// One wait in the system's ticks, which may be early (0); packets of the alarm count. For any thread.
int port_take(eddy_native_t port, uint32_t limit, Packet *packets, int32_t *error);

} // namespace eddy
