// Completions become outcomes.
#include "../pool.hpp"
#include "../unix/poll_events.hpp"
#include "uring.hpp"

#include <errno.h>

namespace eddy {

static OsResult outcome_of(int result) {
  if (result >= 0) return {result, 0};
  return {os_error_from_native(-result), -result};
}

static void hint(Source &source, bool more_data) {
  if (more_data)
    source.ready |= static_cast<uint8_t>(bit(kReadLane));
  else
    source.ready &= static_cast<uint8_t>(~bit(kReadLane));
}

static void polled(Source &source, Lane which, int result) {
  source.polling &= static_cast<uint8_t>(~bit(which));
  Op *head = source.lanes[which].head;
  if (!head || source.closing || result == -ECANCELED) return;
  if (result < 0) {
    settle(*head, outcome_of(result));
    return;
  }
  source.ready |= static_cast<uint8_t>(bit(which));
  uring_attempts(source, which);
}

static void received(Source &source, Op &head, const io_uring_cqe &cqe) {
  if (cqe.flags & IORING_CQE_F_BUFFER) {
    uint32_t index = cqe.flags >> IORING_CQE_BUFFER_SHIFT;
    if (cqe.res > 0)
      settle_pool(head, index, static_cast<uint32_t>(cqe.res));
    else
      uring_pool_give(*head.pool.pool, index);
  }
  if (cqe.flags & IORING_CQE_F_MORE) return;
  if (cqe.res == -ECONNRESET) source.reset = true; // told once, perhaps to a read that is cancelled
  op_requeue(head);
  if (head.reason != Reason::none && cqe.res != 0) {
    op_end_reason(head);
  } else if (cqe.res == -ENOBUFS) {
    // A buffer is looked for before data is: without data there is nothing to keep one for.
    bool data = os_poll(source.native, EDDY_READABLE | EDDY_DISCONNECT).value != kAgain;
    hint(source, data);
    if (data)
      pool_refused(head);
    else
      pool_drop_reservation(head);
  } else if (cqe.res == 0 || (cqe.res < 0 && cqe.res != -ECANCELED && cqe.res != -EAGAIN)) {
    settle(head, outcome_of(cqe.res));
  }
  // Else a multishot receive that ended by itself, or a single one: the lane goes on.
}

// A request that did nothing gives all its ops back; those cancelled meanwhile end.
static void take_back(Source &source, Lane which) {
  OpList &queue = source.lanes[which];
  for (Op *op = queue.head; op; op = op->next)
    if (op->state == State::active) op_requeue(*op);
  for (Op *op = queue.head; op;) {
    Op *next = op->next;
    bool ends = op->reason != Reason::none;
    if (ends) op_end_reason(*op);
    op = ends ? queue.head : next; // it may have taken others with it
  }
}

static void lane_completed(Source &source, Lane which, const io_uring_cqe &cqe) {
  bool more = cqe.flags & IORING_CQE_F_MORE;
  if (!more) source.inflight &= static_cast<uint8_t>(~bit(which));
  Op *head = source.lanes[which].head;
  if (source.polling & bit(which)) {
    polled(source, which, cqe.res);
  } else if (!head) {
    // Only after the loop lost its ring, when ops end without their completions.
  } else if (head->kind == Kind::read_pool) {
    hint(source, cqe.flags & IORING_CQE_F_SOCK_NONEMPTY);
    received(source, *head, cqe);
  } else if (cqe.res == -EAGAIN && head->reason == Reason::none) {
    take_back(source, which);
    source.polling |= static_cast<uint8_t>(bit(which)); // wait with a poll, then ask again
  } else {
    if (head->kind == Kind::read) {
      hint(source, cqe.flags & IORING_CQE_F_SOCK_NONEMPTY);
      op_requeue(*head);
    } else if (cqe.res > 0) {
      source.ready |= static_cast<uint8_t>(bit(which));
    }
    settle(*head, outcome_of(cqe.res));
  }
  if (!more && source.lanes[which].head && !source.closing) work_later(source, bit(which));
}

// The commonest completion: a multishot receive has filled one more buffer.
static bool received_more(Source &source, const io_uring_cqe &cqe) {
  constexpr unsigned goes_on = IORING_CQE_F_MORE | IORING_CQE_F_BUFFER;
  Op *head = source.lanes[kReadLane].head;
  if ((cqe.flags & goes_on) != goes_on || cqe.res <= 0 || !head) return false;
  settle_pool(*head, cqe.flags >> IORING_CQE_BUFFER_SHIFT, static_cast<uint32_t>(cqe.res));
  return true;
}

static void waiter_completed(Op &op, int result) {
  op.source->polls--;
  op_requeue(op);
  if (op.reason != Reason::none && result < 0) {
    op_end_reason(op);
    return;
  }
  OsResult outcome = outcome_of(result);
  if (result > 0) outcome.value = poll_events(static_cast<uint32_t>(result), op.poll.events);
  if (outcome.value == 0) { // woken for an event that nobody asked for
    if (op.reason != Reason::none)
      op_end_reason(op);
    else if (!(result & POLLHUP)) // a hang-up stays, and nothing comes after it
      work_later(*op.source, bit(kWaiters));
    return;
  }
  settle_waiter(op, outcome);
  if (op.reason != Reason::none && op.state == State::queued) op_end_reason(op);
}

static bool cancelled_and_active(const OpList &queue) {
  for (const Op *op = queue.head; op; op = op->next)
    if (op->state == State::active && op->reason != Reason::none) return true;
  return false;
}

// A request that the kernel is about to try anew is in none of its lists, and one on a thread of the kernel may miss
// its signal: it is cancelled again until its completion comes.
static void cancel_answered(Source &source, Lane which, int result) {
  source.unanswered--;
  if (result >= 0) return;
  bool closes = source.closing && (source.inflight & bit(which));
  if (!closes && !cancelled_and_active(lane(source, which))) return;
  source.cancels |= static_cast<uint8_t>(bit(which));
  work_later(source, 0);
}

static void complete(Loop &loop, const io_uring_cqe &cqe) {
  uint64_t tag = cqe.user_data & kTagMask;
  void *target = reinterpret_cast<void *>(cqe.user_data & ~uint64_t{kTagMask});
  if (tag == kTagRead && received_more(*static_cast<Source *>(target), cqe)) return;
  if (tag == kTagRead || tag == kTagWrite)
    lane_completed(*static_cast<Source *>(target), tag == kTagRead ? kReadLane : kWriteLane, cqe);
  else if (tag == kTagWaiter)
    waiter_completed(*static_cast<Op *>(target), cqe.res);
  else if (tag >= kTagCancel)
    cancel_answered(*static_cast<Source *>(target), static_cast<Lane>(tag & ~uint64_t{kTagCancel}),
                    cqe.res);
  else if (cqe.user_data == kWakeUp && !(cqe.flags & IORING_CQE_F_MORE))
    uring_of(loop).wake_armed = false; // a poll that ends is a wake-up too
}

void uring_reap(Loop &loop) {
  Uring &uring = uring_of(loop);
  uint32_t count = 0;
  unsigned head = *uring.ring.cq.khead;
  unsigned tail;
  while (head != (tail = io_uring_smp_load_acquire(uring.ring.cq.ktail))) {
    while (head != tail) {
      io_uring_cqe cqe = uring.ring.cq.cqes[head & uring.ring.cq.ring_mask];
      head++;
      count++;
      complete(loop, cqe);
    }
    io_uring_smp_store_release(uring.ring.cq.khead, head);
  }
  core(loop).batch = count;
  // Among few completions a plain send is cheaper than a request (measured).
  core(loop).send_now = count < kSmallBatch ? os_send : nullptr;
}

} // namespace eddy
