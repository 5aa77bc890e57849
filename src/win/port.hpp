// The completion port: it is the loop's wake descriptor, and everything of the kernel arrives through it.
#pragma once

#include "../base.hpp"

namespace eddy {

// The completion key says whose packet it is.
enum : uintptr_t { kPacketWake, kPacketAfd, kPacketOverlapped, kPacketWaitable };

struct Packet {
  uintptr_t key;
  void *overlapped;
};

constexpr uint32_t kPackets = 128;

Time clock_now();
uint32_t
milliseconds_left(Time until); // for a wait: rounded up, 0 when `until` has come, or for ever
// Packets that wait, or that come before `until`; never back early without one. Below 0: the port is lost.
int port_wait(eddy_native_t port, Time until, Packet *packets, int32_t *error);

} // namespace eddy
