// What other threads may ask of a loop.
#include "core/loop.hpp"

#include <tsan.hpp>

namespace eddy {

constinit const KindRow kind_post = {};

// False in a forked child whose copy of the loop runs nothing: the parent's is not to notice. Not an abort, for a
// signal handler between fork and exec cannot know.
static bool reaches(const eddy_remote_t *remote) {
  require(remote != nullptr, "null remote");
  return !remote->inherited.load(std::memory_order_relaxed);
}

static void ask(eddy_remote_t *remote, uint32_t what) {
  if (!reaches(remote)) return;
  tsan_release(&remote->asked);
  remote->asked.fetch_or(what, std::memory_order_seq_cst);
  remote_signal(*remote);
}

} // namespace eddy

using namespace eddy;

extern "C" {

eddy_remote_t *eddy_loop_remote(eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return eddy_remote_retain(loop->remote);
}

eddy_remote_t *eddy_remote_retain(eddy_remote_t *remote) {
  require(remote != nullptr, "null remote");
  remote->references.fetch_add(1, std::memory_order_relaxed);
  return remote;
}

void eddy_remote_release(eddy_remote_t *remote) {
  require(remote != nullptr, "null remote");
  remote_release(*remote);
}

int eddy_post(eddy_remote_t *remote, eddy_op_t *user_op, eddy_cb cb) {
  bool open = reaches(remote);
  require(user_op != nullptr, "null op");
  require(cb != nullptr, "null callback");
  Op &op = op_of(user_op);
  Op *head = remote->inbox.load(std::memory_order_relaxed);
  if (head == shut_inbox() || !open) return failed(EDDY_ECLOSED);
  op_post(op, Kind::post, cb, remote->loop.load(std::memory_order_relaxed));
  tsan_release(&op);
  do {
    if (head == shut_inbox()) {
      op_unpost(op);
      return failed(EDDY_ECLOSED);
    }
    op.next = head;
  } while (!remote->inbox.compare_exchange_weak(head, &op, std::memory_order_seq_cst,
                                                std::memory_order_relaxed));
  remote_signal(*remote);
  return EDDY_PENDING;
}

void eddy_remote_stop(eddy_remote_t *remote) { ask(remote, kAskStop); }

void eddy_remote_wake(eddy_remote_t *remote) { ask(remote, kAskWake); }

} // extern "C"
