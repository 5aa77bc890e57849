// The native handle of an embedded loop: a completion port cannot be waited for beside other things, so a
// thread takes its packets and sets an event, from the first request on.
#pragma once

#include "port.hpp"

#include <atomic>

namespace eddy {

struct Embedding {
  void *thread, *ready, *taken; // ready: manual, set while a batch waits; taken: auto
  eddy_native_t port;
  std::atomic<bool> ending;
  int count; // the batch, written while `ready` is not set
  int32_t error;
  Packet packets[kPackets];
};

eddy_native_t embedding_event(Embedding &embedding, eddy_native_t port); // or EDDY_NO_NATIVE
int embedding_wait(Embedding &embedding, Alarm &alarm, Time until, Packet *packets, int32_t *error);
void embedding_end(Embedding &embedding);

} // namespace eddy
