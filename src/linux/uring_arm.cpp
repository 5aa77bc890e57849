// Lanes and waiters become requests: at most one per lane, made when the loop flushes.
#include "../pool.hpp"
#include "../unix/poll_events.hpp"
#include "uring.hpp"

#include <sys/socket.h>

namespace eddy {

constexpr uint64_t kMostBytes = 1 << 30; // of one request: its length is 32 bits

static uint64_t lane_tag(Source &source, Lane which) {
  return reinterpret_cast<uintptr_t>(&source) | (which == kReadLane ? kTagRead : kTagWrite);
}

static int fd_of(const Source &source) { return static_cast<int>(source.native); }

// A request for a lane is on its way; `tag` finds it again.
static void launched(Source &source, Lane which, io_uring_sqe *sqe, bool polls) {
  io_uring_sqe_set_data64(sqe, lane_tag(source, which));
  source.inflight |= static_cast<uint8_t>(bit(which));
  if (polls) source.polling |= static_cast<uint8_t>(bit(which));
}

static bool arm_poll(Source &source, Lane which) {
  io_uring_sqe *sqe = ring_sqe(*source.loop);
  if (!sqe) return false;
  io_uring_prep_poll_add(sqe, fd_of(source), which == kReadLane ? POLLIN | POLLRDHUP : POLLOUT);
  launched(source, which, sqe, true);
  return true;
}

static msghdr *message(Loop &loop, const eddy_buf_t *buffers, uint32_t count) {
  Uring &uring = uring_of(loop);
  if (!uring.messages) {
    uring.messages = static_cast<Messages *>(core(loop).memory.get(sizeof(Messages)));
    if (!uring.messages) return nullptr;
  }
  msghdr &header = uring.messages->headers[uring.messages_used++];
  header = {};
  header.msg_iov = reinterpret_cast<iovec *>(const_cast<eddy_buf_t *>(buffers));
  header.msg_iovlen = count;
  return &header;
}

// A gather needs a message header until it is submitted; false when there is none left for this flush.
static bool messages_left(Loop &loop) {
  Uring &uring = uring_of(loop);
  if (uring.messages_used < Messages::kCount) return true;
  if (!uring.enabled) return false;
  OsResult entered = ring_enter(uring, false, 0);
  if (entered.value < 0 && entered.value != kAgain) loop_lost(loop, entered.native);
  return uring.messages_used < Messages::kCount;
}

static bool arm_write(Source &source, Op &head) {
  Loop &loop = *source.loop;
  const eddy_buf_t &first = *head.io.buffers;
  bool single = head.io.count == 1 && !(head.next && head.next->kind == Kind::write);
  if (!single && !messages_left(loop)) return false;
  io_uring_sqe *sqe = ring_sqe(loop);
  if (!sqe) return false;
  // Not MSG_WAITALL: an error behind a part that was sent would be swallowed, and a reset is told once.
  constexpr int flags = MSG_NOSIGNAL;
  msghdr *header = nullptr;
  uint32_t ops = 1;
  if (!single && (header = message(loop, nullptr, 0))) {
    eddy_buf_t *run = uring_of(loop).messages->buffers[uring_of(loop).messages_used - 1];
    header->msg_iovlen = gather(head, run, Messages::kBuffers, &ops);
    header->msg_iov = reinterpret_cast<iovec *>(run);
    io_uring_prep_sendmsg(sqe, fd_of(source), header, flags);
  } else {
    size_t size = first.size - head.io.offset;
    io_uring_prep_send(sqe, fd_of(source), static_cast<char *>(first.data) + head.io.offset,
                       size < kMostBytes ? size : kMostBytes, flags);
  }
  launched(source, kWriteLane, sqe, false);
  for (Op *op = &head; ops; ops--, op = op->next) op_activate(*op);
  return true;
}

static bool arm_read(Source &source, Op &head) {
  Loop &loop = *source.loop;
  bool single = head.io.count == 1;
  if (!single && !messages_left(loop)) return false;
  io_uring_sqe *sqe = ring_sqe(loop);
  if (!sqe) return false;
  msghdr *header = single ? nullptr : message(loop, head.io.buffers, head.io.count);
  if (header) {
    io_uring_prep_recvmsg(sqe, fd_of(source), header, 0);
  } else {
    const eddy_buf_t *room = head.io.buffers;
    while (!room->size) room++; // an empty one would look like the end of the stream
    size_t size = room->size;
    io_uring_prep_recv(sqe, fd_of(source), room->data, size < kMostBytes ? size : kMostBytes, 0);
  }
  // An attempt that will fail costs more than the poll that it would end in.
  if (!(source.ready & bit(kReadLane))) sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
  launched(source, kReadLane, sqe, false);
  op_activate(head);
  return true;
}

static bool readable(const Source &source) {
  return os_poll(source.native, EDDY_READABLE | EDDY_DISCONNECT).value != kAgain;
}

static bool arm_read_pool(Source &source, Op &head) {
  eddy_pool &pool = *head.pool.pool;
  bool has_data = source.ready & bit(kReadLane);
  // A buffer is kept only for a read that will take it at once; others wait for it.
  if (head.pool.reserved && !readable(source)) {
    has_data = false;
    source.ready &= static_cast<uint8_t>(~bit(kReadLane));
    pool_drop_reservation(head);
  }
  if (!pool_may_receive(head, true, has_data)) return true;
  io_uring_sqe *sqe = ring_sqe(*source.loop);
  if (!sqe) return false;
  io_uring_prep_recv(sqe, fd_of(source), nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = static_cast<uint16_t>(pool.group);
  // What the kernel reads ahead is bounded by the pool alone, so a read must have credits for all of it. And an
  // empty pool is said at once, even if there is nothing to receive: then a single receive waits first.
  if (uring_of(*source.loop).multishot && head.pool.credits == pool.count && pool.free &&
      !pool.parked_head)
    sqe->ioprio |= IORING_RECV_MULTISHOT;
  else if (!has_data)
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
  launched(source, kReadLane, sqe, false);
  op_activate(head);
  return true;
}

// Kinds that have no request of their own: plain attempts, and a poll when they come too early.
static bool by_attempts(const Op &head) {
  switch (head.kind) {
  case Kind::accept:
  case Kind::connect:
  case Kind::shutdown_write: return true;
  case Kind::write: return head.io.count == 0;
  case Kind::read_pool: return head.pool.pool->group < 0;
  default: return false;
  }
}

void uring_attempts(Source &source, Lane which) {
  for (int budget = kBudget; budget; budget--) {
    Op *head = source.lanes[which].head;
    if (!head || source.closing || !by_attempts(*head)) break;
    OsResult got = attempt(*head);
    if (got.value == kBlocked) return;
    if (got.value == kAgain) {
      source.ready &= static_cast<uint8_t>(~bit(which));
      break;
    }
    settle(*head, got);
  }
  if (source.lanes[which].head) work_later(source, bit(which));
}

static bool arm_attempts(Source &source, Lane which, Op &head) {
  bool waits =
      head.kind == Kind::accept || head.kind == Kind::connect || head.kind == Kind::read_pool;
  if (!waits || (source.ready & bit(which))) {
    uring_attempts(source, which);
    return true;
  }
  if (head.kind == Kind::accept && (source.paused || head.count >= head.accept.limit)) return true;
  if (head.kind == Kind::read_pool && !pool_may_receive(head, false, true)) return true;
  return arm_poll(source, which);
}

// False: no room in the ring, try again at the next flush.
static bool arm_lane(Source &source, Lane which) {
  Op *head = source.lanes[which].head;
  if (!head || source.closing || (source.inflight & bit(which))) return true;
  if (source.polling & bit(which)) return arm_poll(source, which); // a request said EAGAIN
  if (head->kind == Kind::write && head->io.count) return arm_write(source, *head);
  if (by_attempts(*head)) return arm_attempts(source, which, *head);
  if (head->kind == Kind::read) return arm_read(source, *head);
  return head->kind != Kind::read_pool || arm_read_pool(source, *head);
}

static bool cancel_request(Source &source, Lane which, uint64_t tag) {
  io_uring_sqe *sqe = ring_sqe(*source.loop);
  if (!sqe) return false;
  io_uring_prep_cancel64(sqe, tag, 0);
  io_uring_sqe_set_data64(sqe, reinterpret_cast<uintptr_t>(&source) | kTagCancel | uint64_t{which});
  source.unanswered++;
  return true;
}

static bool arm_cancels(Source &source) {
  for (Lane which : {kReadLane, kWriteLane}) {
    if (!(source.cancels & bit(which))) continue;
    if ((source.inflight & bit(which)) && !cancel_request(source, which, lane_tag(source, which)))
      return false;
    source.cancels &= static_cast<uint8_t>(~bit(which));
  }
  if (!(source.cancels & bit(kWaiters))) return true;
  for (Op *op = source.waiters.head; op; op = op->next) {
    if (op->state != State::active || op->reason == Reason::none) continue;
    if (!cancel_request(source, kWaiters, reinterpret_cast<uintptr_t>(op) | kTagWaiter))
      return false;
  }
  source.cancels &= static_cast<uint8_t>(~bit(kWaiters));
  return true;
}

static bool arm_waiters(Source &source) {
  for (Op *op = source.waiters.head; op; op = op->next) {
    if (op->state != State::queued || op->kind == Kind::uncongested || op->count) continue;
    io_uring_sqe *sqe = ring_sqe(*source.loop);
    if (!sqe) return false;
    unsigned events = static_cast<unsigned short>(poll_bits(op->poll.events));
    if (events & POLLPRI)
      events |= POLLRDBAND; // what wakes a poll for urgent data in the ring (6.18)
    io_uring_prep_poll_add(sqe, fd_of(source), events);
    io_uring_sqe_set_data64(sqe, reinterpret_cast<uintptr_t>(op) | kTagWaiter);
    source.polls++;
    op_activate(*op);
  }
  return true;
}

static bool arm_source(Source &source, unsigned work) {
  unsigned left = 0;
  if (source.cancels && !arm_cancels(source)) return false;
  if (source.paused & kPausedByConnect)
    work &= bit(kWriteLane); // the connect's end resumes the rest
  if ((work & bit(kReadLane)) && !arm_lane(source, kReadLane)) left |= bit(kReadLane);
  if ((work & bit(kWriteLane)) && !arm_lane(source, kWriteLane)) left |= bit(kWriteLane);
  if ((work & bit(kWaiters)) && !source.closing && !arm_waiters(source)) left |= bit(kWaiters);
  source.work |= static_cast<uint8_t>(left);
  return left == 0;
}

bool uring_prepare(Loop &loop) {
  bool ended = false;
  WorkList work = core(loop).work, later;
  core(loop).work = {};
  while (Source *source = work.pop()) {
    unsigned lanes = source->work;
    source->work = 0;
    source->in_work = false;
    if (!arm_source(*source, lanes) && !core(loop).lost) {
      source->work |= static_cast<uint8_t>(lanes);
      if (!source->in_work) {
        source->in_work = true;
        later.push(*source);
      }
    } else {
      ended |= source->closing && !source->inflight && !source->polls && !source->unanswered;
    }
  }
  while (Source *source = later.pop()) {
    if (core(loop).lost)
      source->in_work = false;
    else
      core(loop).work.push(*source);
  }
  return ended;
}

} // namespace eddy
