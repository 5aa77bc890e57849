// Writes that ride with the enter of the turn.
//
// A send is carried when it is fresh: its lane is believed to be writable, and one request can take all that is
// queued. The request never waits (MSG_DONTWAIT), so it has completed when the enter returns. What a completion
// leaves in the lane, all of it or a rest, is tried by a call at once: only what a call says now may clear `ready`,
// for an edge of the set may have been seen since the request ran.
#include "uring.hpp"

#include "api/transfer.hpp"
#include <errno.h>

namespace eddy {

constexpr uint64_t kMostBytes = 1 << 30; // of one request: its length is 32 bits
// Not MSG_WAITALL: an error behind a part that was sent would be swallowed, and a reset is told once.
constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;

static unsigned bit(Lane which) { return 1u << which; }

// A gather needs a message header until it is submitted.
static msghdr *message(Loop &loop) {
  Uring &uring = uring_of(loop);
  if (!uring.messages) {
    uring.messages = static_cast<Messages *>(core(loop).memory.get(sizeof(Messages)));
    if (!uring.messages) return nullptr;
  }
  msghdr &header = uring.messages->headers[uring.messages_used];
  header = {};
  header.msg_iov = reinterpret_cast<iovec *>(uring.messages->buffers[uring.messages_used]);
  return &header;
}

// The ops that one request takes; 0: it could not take all that is queued.
static uint32_t gather_all(const Op &head, msghdr &header) {
  uint32_t ops;
  eddy_buf_t *run = reinterpret_cast<eddy_buf_t *>(header.msg_iov);
  header.msg_iovlen = gather(head, run, Messages::kBuffers, &ops);
  const Op *next = &head;
  for (uint32_t i = 0; i < ops; i++) next = next->next;
  return next || header.msg_iovlen == Messages::kBuffers ? 0 : ops;
}

static bool carry_one(Source &source, Op &head) {
  io_uring_sqe *sqe = io_uring_get_sqe(&uring_of(*source.loop).ring);
  const eddy_buf_t &first = *head.as<Transfer>().buffers;
  size_t size = first.size - head.as<Transfer>().offset;
  io_uring_prep_send(sqe, static_cast<int>(source.native),
                     static_cast<char *>(first.data) + head.as<Transfer>().offset,
                     size < kMostBytes ? size : kMostBytes, kFlags);
  io_uring_sqe_set_data64(sqe, reinterpret_cast<uintptr_t>(&source));
  op_activate(head);
  return true;
}

[[gnu::noinline]] static bool carry_run(Source &source, Op &head) {
  Loop &loop = *source.loop;
  msghdr *header = message(loop);
  uint32_t ops = header ? gather_all(head, *header) : 0;
  if (!ops) return false;
  io_uring_sqe *sqe = io_uring_get_sqe(&uring_of(loop).ring);
  uring_of(loop).messages_used++;
  io_uring_prep_sendmsg(sqe, static_cast<int>(source.native), header, kFlags);
  io_uring_sqe_set_data64(sqe, reinterpret_cast<uintptr_t>(&source));
  for (Op *op = &head; ops; ops--, op = op->next) op_activate(*op);
  return true;
}

static bool has_room(const Uring &uring) {
  return io_uring_sq_space_left(&uring.ring) && uring.messages_used < Messages::kCount;
}

bool uring_carry(Source &source) {
  Op *head = source.lanes[kWriteLane].head;
  if (source.inflight) return true;
  if (!head || head->kind != Kind::write || head->as<Transfer>().total == head->transferred)
    return false;
  if (is_closing(source) || source.paused || !(source.ready & bit(kWriteLane))) return false;
  if (!has_room(uring_of(*source.loop)) && !uring_make_room(*source.loop)) return false;
  bool carried = head->as<Transfer>().count == 1 && !head->next ? carry_one(source, *head)
                                                                : carry_run(source, *head);
  if (carried) source.inflight = static_cast<uint8_t>(bit(kWriteLane));
  return carried;
}

} // namespace eddy
