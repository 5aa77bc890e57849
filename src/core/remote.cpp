// Remotes: what other threads may touch of a loop. A lock-free stack of posted ops, and a word that
// says whether a wake-up needs a system call.
#include "core/loop.hpp"
#include "core/workers.hpp"

#include <tsan.hpp>

namespace eddy {

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

void remote_release(eddy_remote &remote) {
  tsan_release(&remote.references);
  if (remote.references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  tsan_acquire(&remote.references);
  os_wake_close(remote.wake);
  os_release(&remote, sizeof(eddy_remote));
}

void remote_signal(eddy_remote &remote) {
  if (remote.sleep.exchange(kNotified, std::memory_order_seq_cst) == kAsleep) os_wake(remote.wake);
}

Op *remote_take(eddy_remote &remote, bool shut) {
  Op *newest = remote.inbox.load(std::memory_order_relaxed);
  if (newest == shut_inbox() || (!newest && !shut)) return nullptr;
  newest = remote.inbox.exchange(shut ? shut_inbox() : nullptr, std::memory_order_acq_rel);
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
  return remote.inbox.compare_exchange_strong(expected, shut_inbox()) || expected == shut_inbox();
}

bool remote_waiting(const eddy_remote &remote) {
  Op *head = remote.inbox.load(std::memory_order_acquire);
  return (head && head != shut_inbox()) || remote.asked.load(std::memory_order_acquire) ||
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
