// The ring: set-up, and one system call per turn.
#include "uring.hpp"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

namespace eddy {

constexpr unsigned kDefaultEntries = 128, kLeastEntries = 16;

static OsResult failed(int error) { return {os_error_from_native(error), error}; }

static int set_up(Uring &uring, unsigned entries) {
  io_uring_params params = {};
  params.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE |
                 IORING_SETUP_CLAMP;
  // Room for the completions of several full submissions.
  params.cq_entries = entries < 32 ? entries : entries * 8;
  int error = io_uring_queue_init_params(entries, &uring.ring, &params);
  if (error < 0) return -error;
  uring.enter_flags = IORING_ENTER_EXT_ARG | IORING_ENTER_GETEVENTS;
  if (params.features & kFeatureNoIowait) uring.enter_flags |= kEnterNoIowait;
  io_uring_ring_dontfork(&uring.ring); // a child that used it would move the parent's queue
  // The index array stays the identity, so that a submission is one store of the tail. From 2.6 on liburing makes
  // rings that have none.
  if (uring.ring.sq.array)
    for (unsigned i = 0; i < uring.ring.sq.ring_entries; i++) uring.ring.sq.array[i] = i;
  return 0;
}

OsResult ring_open(Uring &uring, uint32_t entries) {
  bool fixed = entries != 0;
  if (!fixed) entries = kDefaultEntries;
  for (;;) {
    int error = set_up(uring, entries);
    if (error == 0) return {};
    // Rings count against RLIMIT_MEMLOCK since Linux 6.14: smaller ones may still fit.
    if (error == ENOMEM && !fixed && entries > kLeastEntries) {
      entries /= 2;
      continue;
    }
    uring.ring.ring_fd = -1;
    if (error == EINVAL) return {EDDY_ENOTSUP, error}; // a flag is newer than the kernel
    return failed(error);
  }
}

void ring_close(Uring &uring) {
  if (uring.ring.ring_fd >= 0) io_uring_queue_exit(&uring.ring);
  uring.ring.ring_fd = -1;
  uring.enabled = uring.set_polled = false;
  uring.messages_used = 0;
}

OsResult ring_enable(Uring &uring) {
  int error = io_uring_register(static_cast<unsigned>(uring.ring.ring_fd),
                                IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  if (error < 0) return failed(-error);
  uring.enabled = true;
  return {};
}

unsigned ring_unsubmitted(Uring &uring) {
  return uring.ring.sq.sqe_tail - io_uring_smp_load_acquire(uring.ring.sq.khead);
}

bool ring_has_news(Uring &uring) {
  return io_uring_cq_ready(&uring.ring) != 0 ||
         (IO_URING_READ_ONCE(*uring.ring.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW));
}

OsResult ring_enter(Uring &uring, bool wait, Time limit) {
  unsigned count = ring_unsubmitted(uring);
  uring.ring.sq.sqe_head = uring.ring.sq.sqe_tail;
  io_uring_smp_store_release(uring.ring.sq.ktail, uring.ring.sq.sqe_tail);
  __kernel_timespec time = {static_cast<long long>(limit / EDDY_SECOND),
                            static_cast<long long>(limit % EDDY_SECOND)};
  io_uring_getevents_arg arg = {};
  arg.sigmask_sz = _NSIG / 8;
  if (wait && limit != kNever) arg.ts = reinterpret_cast<uintptr_t>(&time);
  int result = io_uring_enter2(static_cast<unsigned>(uring.ring.ring_fd), count, wait,
                               uring.enter_flags, reinterpret_cast<sigset_t *>(&arg), sizeof arg);
  if (!ring_unsubmitted(uring)) uring.messages_used = 0; // else the kernel has still to read them
  // A count of submissions hides the others; these just mean that the wait is over.
  if (result >= 0 || result == -ETIME || result == -EINTR) return {};
  if (result == -EAGAIN || result == -EBUSY) return {kAgain, -result};
  return failed(-result);
}

} // namespace eddy
