// Remotes: what other threads may touch of a loop. A lock-free stack of posted ops, and a word that
// says whether a wake-up needs a system call.
#include "core/loop.hpp"

#include <tsan.hpp>

namespace eddy {

// In place of the inbox's head once the loop takes no more posts.
static Op *const kShut = reinterpret_cast<Op *>(1);

eddy_remote *remote_new(Loop &loop, OsResult &outcome) {
  void *memory = os_alloc(sizeof(eddy_remote)); // not the loop's: it outlives it
  if (!memory) {
    outcome = {EDDY_ENOMEM, 0};
    return nullptr;
  }
  eddy_remote *remote = new (memory) eddy_remote{};
  outcome = os_wake_open(&remote->wake);
  if (outcome.value < 0) {
    os_release(memory, sizeof(eddy_remote));
    return nullptr;
  }
  remote->references = 1;
  remote->sleep = kAsleep; // outside of a run every post signals
  remote->loop = &loop;
  return remote;
}

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

void remote_signal(eddy_remote &remote) {
  if (remote.sleep.exchange(kNotified, std::memory_order_seq_cst) == kAsleep) os_wake(remote.wake);
}

Op *remote_take(eddy_remote &remote, bool shut) {
  Op *newest = remote.inbox.load(std::memory_order_relaxed);
  if (newest == kShut || (!newest && !shut)) return nullptr;
  newest = remote.inbox.exchange(shut ? kShut : nullptr, std::memory_order_acq_rel);
  Op *oldest = nullptr;
  while (newest) {
    tsan_acquire(newest);
    Op *older = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = older;
  }
  return oldest;
}

bool remote_shut_empty(eddy_remote &remote) {
  Op *expected = nullptr;
  return remote.inbox.compare_exchange_strong(expected, kShut) || expected == kShut;
}

bool remote_waiting(const eddy_remote &remote) {
  Op *head = remote.inbox.load(std::memory_order_acquire);
  return (head && head != kShut) || remote.asked.load(std::memory_order_acquire) ||
         remote.returned.load(std::memory_order_seq_cst);
}

// A loop that is awake looks before it sleeps: it announces the sleep, then looks at `returned`; here the
// order is the other way round. So in a burst one signal does for all.
void remote_return(eddy_remote &remote, WorkItem &item) {
  tsan_release(&item);
  WorkItem *head = remote.returned.load(std::memory_order_relaxed);
  do {
    item.next = head;
  } while (!remote.returned.compare_exchange_weak(head, &item, std::memory_order_seq_cst,
                                                  std::memory_order_relaxed));
  if (remote.sleep.load(std::memory_order_seq_cst) == kAsleep) remote_signal(remote);
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
  tsan_release(&remote->references);
  if (remote->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  tsan_acquire(&remote->references);
  os_wake_close(remote->wake);
  os_release(remote, sizeof(eddy_remote));
}

int eddy_post(eddy_remote_t *remote, eddy_op_t *user_op, eddy_cb cb) {
  bool open = reaches(remote);
  require(user_op != nullptr, "null op");
  require(cb != nullptr, "null callback");
  Op &op = op_of(user_op);
  Op *head = remote->inbox.load(std::memory_order_relaxed);
  if (head == kShut || !open) return failed(EDDY_ECLOSED);
  op_post(op, cb, remote->loop.load(std::memory_order_relaxed));
  tsan_release(&op);
  do {
    if (head == kShut) {
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
