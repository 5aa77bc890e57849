// The io_uring driver's state, shared by its files.
#pragma once

#include "epoll_set.hpp"
#include "kernel.hpp"

#include <sys/socket.h>

namespace eddy {

constexpr uint32_t kSmallBatch =
    3;                           // events of one turn: among fewer a call is cheaper than a request
constexpr uint64_t kSetPoll = 1; // the user data of the poll on the set; of a send it is its source

// Message headers and buffer lists: the kernel takes its copy when a request is submitted.
struct Messages {
  static constexpr unsigned kCount = 16, kBuffers = 64;
  msghdr headers[kCount];
  eddy_buf_t buffers[kCount][kBuffers];
};

struct Uring {
  EpollSet set;
  io_uring ring;
  unsigned enter_flags;
  bool enabled;
  bool set_polled;    // by the ring, one-shot
  bool set_told;      // it has something to be harvested
  uint32_t batch;     // events and completions of the last poll
  Messages *messages; // made at the first gather
  unsigned messages_used;
};

inline Uring &uring_of(Loop &loop) { return *static_cast<Uring *>(core(loop).kernel); }

// uring_probe.cpp
OsResult uring_probe();
bool uring_default_kernel();

// uring_ring.cpp: the ring itself.
OsResult ring_open(Uring &uring, uint32_t entries); // ring_fd is -1 when it failed
void ring_close(Uring &uring);                      // once: a closed one stays closed
OsResult ring_enable(Uring &uring);
unsigned ring_unsubmitted(Uring &uring);
bool ring_has_news(Uring &uring); // completions, or work for the next enter
OsResult ring_enter(Uring &uring, bool wait,
                    Time limit); // submits all; limit: a duration, or kNever

// uring_send.cpp: sends as requests.
bool uring_carry(Source &source);

// uring_reap.cpp
bool uring_enter(Loop &loop, bool wait, Time limit); // false: the ring is lost
void uring_completed(Source &source, int result);    // a send
void uring_reap(Loop &loop);
bool uring_make_room(Loop &loop); // submits and reaps; false: no room for one more request
void uring_lost(Loop &loop, int32_t native);

} // namespace eddy
