// Entering the kernel, and what has completed there.
#include "uring.hpp"

#include <errno.h>

namespace eddy {

static unsigned bit(Lane which) { return 1u << which; }

// Nothing of a closed ring is executed any more.
void uring_lost(Loop &loop, int32_t native) {
  loop_lost(loop, native);
  ring_close(uring_of(loop));
}

bool uring_enter(Loop &loop, bool wait, Time limit) {
  OsResult outcome = ring_enter(uring_of(loop), wait, limit);
  if (outcome.value >= 0 || outcome.value == kAgain) return true;
  uring_lost(loop, outcome.native);
  return false;
}

void uring_completed(Source &source, int result) {
  source.inflight = 0;
  Op *head = source.lanes[kWriteLane].head;
  if (!head) return; // only after the loop lost its ring, when ops end without their completions
  bool nothing = result == -EAGAIN || result == -EINTR;
  settle(*head, nothing      ? OsResult{}
                : result < 0 ? OsResult{os_error_from_native(-result), -result}
                             : OsResult{result, 0});
  if (source.lanes[kWriteLane].head) adapter_run(source, bit(kWriteLane));
}

static void completed(Loop &loop, const io_uring_cqe &cqe) {
  Uring &uring = uring_of(loop);
  if (cqe.user_data == kSetPoll) {
    uring.set_polled = false;
    uring.set_told = true;
  } else {
    uring.batch++;
    uring_completed(*reinterpret_cast<Source *>(cqe.user_data), cqe.res);
  }
}

void uring_reap(Loop &loop) {
  Uring &uring = uring_of(loop);
  unsigned head = *uring.ring.cq.khead;
  while (head != io_uring_smp_load_acquire(uring.ring.cq.ktail)) {
    io_uring_cqe cqe = uring.ring.cq.cqes[head & uring.ring.cq.ring_mask];
    io_uring_smp_store_release(uring.ring.cq.khead, ++head);
    completed(loop, cqe);
  }
}

bool uring_make_room(Loop &loop) {
  Uring &uring = uring_of(loop);
  if (!uring.enabled || core(loop).lost || !uring_enter(loop, false, 0)) return false;
  uring_reap(loop);
  return ring_unsubmitted(uring) == 0;
}

} // namespace eddy
