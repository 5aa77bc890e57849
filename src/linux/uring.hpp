// The io_uring driver's state, shared by its files.
#pragma once

#include "../driver.hpp"
#include "kernel.hpp"

#include <sys/socket.h>

struct eddy_pool;

namespace eddy {

// Completions carry a source and its lane, or a waiter; the low three bits tell which. Those of cancels carry the
// source and the lane.
enum Tag : uint64_t {
  kTagNone = 0,
  kTagRead = 1,
  kTagWrite = 2,
  kTagWaiter = 3,
  kTagCancel = 4, // and the Lane
  kTagMask = 7
};
constexpr uint32_t kSmallBatch = 3; // completions of one poll
constexpr uint64_t kWakeUp = 8;     // of the poll on the wake descriptor

// Message headers and buffer lists: the kernel takes its copy when a request is submitted.
struct Messages {
  static constexpr unsigned kCount = 16, kBuffers = 64;
  msghdr headers[kCount];
  eddy_buf_t buffers[kCount][kBuffers];
};

struct Uring {
  io_uring ring;
  unsigned enter_flags;
  bool enabled;
  bool wake_armed;
  bool multishot;     // receives of pool reads
  Messages *messages; // made at the first gather
  unsigned messages_used;
  int embed_set = -1, embed_event = -1; // for a foreign loop, see uring_embed.cpp
};

inline Uring &uring_of(Loop &loop) { return *static_cast<Uring *>(core(loop).kernel); }

inline unsigned bit(Lane which) { return 1u << which; }

// uring_ring.cpp: the ring itself.
OsResult ring_open(Uring &uring, uint32_t entries);
void ring_close(Uring &uring);
OsResult ring_enable(Uring &uring);
unsigned ring_unsubmitted(Uring &uring);
bool ring_has_news(Uring &uring); // completions, or work for the next enter
OsResult ring_enter(Uring &uring, bool wait,
                    Time limit);                // submits all; limit: nanoseconds, or kNever
io_uring_sqe *ring_sqe_after_flush(Loop &loop); // the ring was full; may be nullptr

inline io_uring_sqe *ring_sqe(Loop &loop) {
  io_uring_sqe *sqe = io_uring_get_sqe(&uring_of(loop).ring);
  return sqe ? sqe : ring_sqe_after_flush(loop);
}

// uring_arm.cpp: lanes and waiters become requests.
bool uring_prepare(
    Loop &loop); // requests for all sources with work; true if a closing one was among them
void uring_attempts(Source &source, Lane which); // by plain calls, as far as they go

// uring_multishot.cpp
bool uring_multishot_receives();

// uring_reap.cpp
void uring_reap(Loop &loop);

// uring_embed.cpp
eddy_native_t uring_native(Loop &loop);
void uring_embed_clear(Uring &uring);
void uring_embed_close(Uring &uring);

// uring_pool.cpp
OsResult uring_pool_add(eddy_pool &pool);
void uring_pool_give(eddy_pool &pool, uint32_t index);
void uring_pool_remove(eddy_pool &pool);
void uring_pools_after_fork(Loop &loop);

} // namespace eddy
