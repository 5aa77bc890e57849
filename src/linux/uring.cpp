// The io_uring driver: one epoll set for all that waits, as the epoll driver has it, and a ring that carries the turn's
// sends. The ring belongs to the loop's thread.
//
// The loop sleeps in the set, or in the ring while that polls the set. To arm this poll costs more than a wait
// (measured), and spares turns that do not wait the look at the set: so it is such turns that arm it.
//
// No request waits for a peer: sends are MSG_DONTWAIT, and the one poll names the set. So a request is under way only
// from the flush to the reaping behind its enter, and nothing is ever cancelled in the kernel.
#include "uring.hpp"

#include "clock.hpp"

#include <errno.h>
#include <initializer_list>
#include <poll.h>
#include <unistd.h>

namespace eddy {

namespace {

OsResult self_test() {
  static std::atomic<bool> passed; // a kernel that passed once is not asked again
  if (passed.load(std::memory_order_relaxed)) return {};
  OsResult outcome = uring_probe();
  if (outcome.value >= 0) passed.store(true, std::memory_order_relaxed);
  return outcome;
}

OsResult open_both(Uring &uring, uint32_t entries, eddy_native_t wake) {
  OsResult opened = ring_open(uring, entries);
  if (opened.value < 0) return opened;
  opened = set_open(uring.set, wake);
  if (opened.value < 0) ring_close(uring);
  return opened;
}

OsResult uring_open(Loop &loop, uint32_t entries) {
  OsResult tested = self_test();
  if (tested.value < 0) return tested;
  void *memory = core(loop).memory.get(sizeof(Uring));
  if (!memory) return {EDDY_ENOMEM, 0};
  Uring *uring = new (memory) Uring{};
  OsResult opened = open_both(*uring, entries, core(loop).wake);
  if (opened.value < 0)
    core(loop).memory.put(uring, sizeof(Uring));
  else
    core(loop).kernel = uring;
  return opened;
}

void forget_ring(Uring &uring) { // in a child, which did not inherit the mappings
  if (uring.ring.ring_fd >= 0) close(uring.ring.ring_fd);
  uring.ring.ring_fd = -1;
}

void uring_destroy(Loop &loop, bool forked) {
  Uring &uring = uring_of(loop);
  if (forked) forget_ring(uring);
  ring_close(uring);
  set_close(uring.set);
  core(loop).memory.put(uring.messages, sizeof(Messages));
  core(loop).memory.put(&uring, sizeof(Uring));
}

OsResult uring_after_fork(Loop &loop) {
  Uring &uring = uring_of(loop);
  forget_ring(uring);
  set_close(uring.set); // the instance is shared with the parent
  unsigned entries = uring.ring.sq.ring_entries;
  Messages *messages = uring.messages;
  uring = Uring{};
  uring.messages = messages;
  return open_both(uring, entries, core(loop).wake);
}

OsResult uring_arm(Source &source, unsigned) { return set_arm(uring_of(*source.loop).set, source); }
void uring_release(Source &source) { set_release(uring_of(*source.loop).set, source); }

bool uring_unflushed(const Loop &loop) {
  Uring &uring = uring_of(const_cast<Loop &>(loop));
  return uring.enabled && ring_unsubmitted(uring);
}

// Once for each time that it told: a multishot poll of a set reports edges twice, or not at all.
void poll_set(Loop &loop) {
  Uring &uring = uring_of(loop);
  if (uring.set_polled || uring.set_told) return;
  io_uring_sqe *sqe = io_uring_get_sqe(&uring.ring);
  if (!sqe && uring_make_room(loop)) sqe = io_uring_get_sqe(&uring.ring);
  if (!sqe) return;
  io_uring_prep_poll_add(sqe, uring.set.fd, POLLIN);
  io_uring_sqe_set_data64(sqe, kSetPoll);
  uring.set_polled = true;
}

void harvest(Loop &loop, Time until) {
  Uring &uring = uring_of(loop);
  int count = set_harvest(uring.set, until);
  if (count < 0) {
    uring_lost(loop, -count);
    return;
  }
  uring.set_told = count == EpollSet::kEvents; // more wait: the next turn looks without being told
  uring.batch += static_cast<uint32_t>(count);
}

// What the kernel has not looked at is sent again.
void take_back_unsubmitted(Uring &uring) {
  const io_uring_sq &queue = uring.ring.sq;
  for (unsigned at = io_uring_smp_load_acquire(queue.khead); at != queue.sqe_tail; at++) {
    uint64_t data = queue.sqes[at & queue.ring_mask].user_data;
    if (data != kSetPoll) uring_completed(*reinterpret_cast<Source *>(data), -EAGAIN);
  }
}

// A ring serves one thread only. Another's is read to its end and closed; the set still has the edges of which it was
// told. Of a send whose completion the ring kept to itself, for want of room, nobody can tell what became of it.
OsResult take_over(Loop &loop) {
  Uring &uring = uring_of(loop);
  uring_reap(loop);
  take_back_unsubmitted(uring);
  unsigned entries = uring.ring.sq.ring_entries;
  ring_close(uring);
  OsResult opened = ring_open(uring, entries);
  if (opened.value >= 0) opened = ring_enable(uring);
  if (opened.value < 0) return opened;
  uring.set_told = true;
  for (SourceList *list : {&core(loop).sources, &core(loop).closing, &core(loop).waiting})
    for (Source *source = list->head; source; source = source->next) {
      if (!source->inflight) continue;
      source->inflight = 0;
      if (Op *head = source->lanes[kWriteLane].head) settle(*head, {EDDY_ELOST, 0});
    }
  return {};
}

OsResult uring_bind(Loop &loop) {
  return uring_of(loop).enabled ? take_over(loop) : ring_enable(uring_of(loop));
}

Time left_until(Time until) {
  if (until == kNever) return kNever;
  Time now = monotonic_now();
  return until > now ? until - now : 0;
}

// The ring wakes on time. The set wakes late by the slack of the thread, or by a thousandth if that is more. So the set
// has most of a long sleep, and the ring the rest.
constexpr Time kLongSleep = 10 * EDDY_MILLISECOND, kSlackShare = 128;

// False: it is the ring in which the loop has to sleep, or to go on sleeping.
bool slept_in_set(Loop &loop, Time until) {
  Uring &uring = uring_of(loop);
  Time end = until;
  if (until != kNever) {
    Time left = left_until(until);
    if (left < kLongSleep || uring.set.coarse) return false;
    end -= left / kSlackShare;
  }
  harvest(loop, end);
  return uring.batch || core(loop).lost || until == kNever || monotonic_now() < end;
}

void poll_both(Loop &loop, Time until) {
  Uring &uring = uring_of(loop);
  bool sends = ring_unsubmitted(uring) != 0;
  if (sends) until = 0; // they complete in their enter, and somebody waits for the callbacks
  bool polls = !uring.set.foreign;
  bool quiet = !uring.set_told && !uring.set_polled && !ring_has_news(uring);
  if (until && polls && quiet && slept_in_set(loop, until)) return;
  bool looks = !polls || (sends && !uring.set_polled); // without being told
  if (!looks) poll_set(loop);
  if (core(loop).lost) return;
  // No loop may sleep that nobody could wake, for the ring had no room for the poll.
  bool wait = until && polls && !uring.set_told && uring.set_polled;
  if (wait || ring_unsubmitted(uring) || ring_has_news(uring)) {
    if (!uring_enter(loop, wait, wait ? left_until(until) : kNever)) return;
  }
  // First, for the call behind a send that found no room must come before the edges that follow.
  uring_reap(loop);
  if (core(loop).lost) return;
  if (polls || !core(loop).ready.empty()) until = 0;
  if (looks || uring.set_told) harvest(loop, until);
}

void uring_poll(Loop &loop, Time until) {
  Uring &uring = uring_of(loop);
  if (core(loop).lost) {
    wake_wait(core(loop).wake, until);
    return;
  }
  uring.batch = 0;
  poll_both(loop, until);
  // Among few events a plain send is cheaper than a request (measured).
  if (!core(loop).lost) core(loop).send_now = uring.batch < kSmallBatch ? os_send : nullptr;
}

eddy_native_t uring_native(Loop &loop) { return uring_of(loop).set.fd; }
Time uring_now(Loop &) { return monotonic_now(); }

} // namespace

constinit const Readiness uring = {
    .id = EDDY_DRIVER_IO_URING,
    .probe = uring_probe,
    .fit_for_default = uring_default_kernel,
    .open = uring_open,
    .destroy = uring_destroy,
    .bind_thread = uring_bind,
    .after_fork = uring_after_fork,
    .receive = os_receive,
    .send = os_send,
    .perform = attempt,
    .arm = uring_arm,
    .look = attempt_look,
    .carry = uring_carry,
    .release = uring_release,
    .unflushed = uring_unflushed,
    .poll = uring_poll,
    .native = uring_native,
    .now = uring_now,
};

} // namespace eddy
