// Whether a loop can use io_uring here: asked once per process, before the first ring.
#include "uring.hpp"

#include <poll.h>
#include <stdio.h>
#include <sys/utsname.h>

namespace eddy {

constexpr unsigned kOpcodes[] = {IORING_OP_POLL_ADD, IORING_OP_SEND, IORING_OP_SENDMSG};
constexpr unsigned kAsked = 64; // opcodes, from the first on

// Requests that the driver makes; a filter may have taken some away.
static OsResult has_opcodes(io_uring &ring) {
  alignas(
      io_uring_probe) char room[sizeof(io_uring_probe) + kAsked * sizeof(io_uring_probe_op)] = {};
  io_uring_probe &probe = *reinterpret_cast<io_uring_probe *>(room);
  int error =
      io_uring_register(static_cast<unsigned>(ring.ring_fd), IORING_REGISTER_PROBE, &probe, kAsked);
  if (error < 0) return {os_error_from_native(-error), -error};
  for (unsigned opcode : kOpcodes)
    if (!io_uring_opcode_supported(&probe, static_cast<int>(opcode))) return {EDDY_ENOTSUP, 0};
  return {};
}

// A poll on a set that holds a readable descriptor goes through the whole machine: submission, task work, completion.
static OsResult round_trip(Uring &uring) {
  OsResult enabled = ring_enable(uring);
  if (enabled.value < 0) return enabled;
  eddy_native_t event;
  OsResult made = os_wake_open(&event);
  if (made.value < 0) return made;
  os_wake(event);
  OsResult outcome = set_open(uring.set, event);
  if (outcome.value >= 0) {
    io_uring_sqe *sqe = io_uring_get_sqe(&uring.ring);
    io_uring_prep_poll_add(sqe, uring.set.fd, POLLIN);
    io_uring_sqe_set_data64(sqe, kSetPoll);
    outcome = ring_enter(uring, true, EDDY_SECOND);
    io_uring_cqe *cqe = nullptr;
    bool arrived = io_uring_peek_cqe(&uring.ring, &cqe) == 0 && cqe->res > 0;
    if (outcome.value == kAgain)
      outcome.value = EDDY_EAGAIN;
    else if (outcome.value >= 0 && !arrived)
      outcome = {EDDY_ENOTSUP, 0};
  }
  set_close(uring.set);
  os_wake_close(event);
  return outcome;
}

OsResult uring_probe() {
  Uring uring = {};
  OsResult outcome = ring_open(uring, 4);
  if (outcome.value < 0) return outcome;
  outcome = has_opcodes(uring.ring);
  if (outcome.value >= 0) outcome = round_trip(uring);
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
