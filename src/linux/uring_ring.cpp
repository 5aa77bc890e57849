// The ring: set-up, one system call per turn, and the self-test.
#include "uring.hpp"

#include <atomic>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace eddy {

constexpr unsigned kDefaultEntries = 128, kLeastEntries = 16;

static OsResult failed(int error) { return {os_error_from_native(error), error}; }

static int set_up(Uring &uring, unsigned entries) {
  io_uring_params params = {};
  params.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE |
                 IORING_SETUP_CLAMP;
  // Completions outnumber requests: polls and multishot receives go on without one.
  params.cq_entries = entries < 32 ? entries : entries * 8;
  int error = io_uring_queue_init_params(entries, &uring.ring, &params);
  if (error < 0) return -error;
  uring.enter_flags = IORING_ENTER_EXT_ARG | IORING_ENTER_GETEVENTS;
  if (params.features & kFeatureNoIowait) uring.enter_flags |= kEnterNoIowait;
  io_uring_ring_dontfork(&uring.ring); // a child that used it would move the parent's queue
  // The index array stays the identity, so that a submission is one store of the tail.
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
    if (error == EINVAL) return {EDDY_ENOTSUP, error}; // a flag is newer than the kernel
    return failed(error);
  }
}

void ring_close(Uring &uring) { io_uring_queue_exit(&uring.ring); }

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

io_uring_sqe *ring_sqe_after_flush(Loop &loop) {
  Uring &uring = uring_of(loop);
  if (!uring.enabled || core(loop).lost) return nullptr;
  OsResult entered = ring_enter(uring, false, 0);
  if (entered.value < 0 && entered.value != kAgain) {
    loop_lost(loop, entered.native);
    return nullptr;
  }
  return io_uring_get_sqe(&uring.ring);
}

// Requests that the driver makes, all there from Linux 6.0 on; a filter may have taken some away.
static bool has_opcodes(io_uring &ring) {
  io_uring_probe *probe = io_uring_get_probe_ring(&ring);
  if (!probe) return false;
  bool all = true;
  for (int opcode : {IORING_OP_NOP, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL, IORING_OP_SEND,
                     IORING_OP_RECV, IORING_OP_SENDMSG, IORING_OP_RECVMSG})
    all &= io_uring_opcode_supported(probe, opcode) != 0;
  io_uring_free_probe(probe);
  return all;
}

// A poll on a readable descriptor goes through the whole machine: submission, task work, completion.
static OsResult round_trip(Uring &uring) {
  OsResult enabled = ring_enable(uring);
  if (enabled.value < 0) return enabled;
  int fd = eventfd(1, EFD_CLOEXEC);
  if (fd < 0) return os_error_now();
  io_uring_sqe *sqe = io_uring_get_sqe(&uring.ring);
  io_uring_prep_poll_add(sqe, fd, POLLIN);
  io_uring_sqe_set_data64(sqe, 1);
  OsResult entered = ring_enter(uring, true, EDDY_SECOND);
  io_uring_cqe *cqe = nullptr;
  bool arrived = entered.value >= 0 && io_uring_peek_cqe(&uring.ring, &cqe) == 0 && cqe->res > 0;
  close(fd);
  if (entered.value < 0)
    return entered.value == kAgain ? OsResult{EDDY_EAGAIN, entered.native} : entered;
  return arrived ? OsResult{} : OsResult{EDDY_ENOTSUP, 0};
}

OsResult uring_probe() {
  Uring uring = {};
  OsResult outcome = ring_open(uring, 4);
  if (outcome.value < 0) return outcome;
  outcome = has_opcodes(uring.ring) ? round_trip(uring) : OsResult{EDDY_ENOTSUP, 0};
  ring_close(uring);
  return outcome;
}

// Earlier kernels have known faults in what eddy uses; asked for by name they are taken too.
bool uring_default_kernel() {
  utsname name;
  int major = 0, minor = 0;
  return uname(&name) == 0 && sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
         (major > 6 || (major == 6 && minor >= 6));
}

} // namespace eddy
