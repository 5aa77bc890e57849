// All loops of the process, so that a forked child can mark them as inherited: from then on the thread
// check of every call fails, and names the fork.
#include "loop.hpp"
#include "workers.hpp"

namespace eddy {

static std::atomic_flag busy = ATOMIC_FLAG_INIT;
static std::atomic<uint32_t> hooked;
static Loop *first;

static void lock() {
  while (busy.test_and_set(std::memory_order_acquire)) {
  }
}

static void unlock() { busy.clear(std::memory_order_release); }

static void before_fork() {
  lock();
  workers_fork_lock();
}

static void in_parent() {
  workers_fork_unlock();
  unlock();
}

static void in_child() {
  workers_fork_child();
  for (Loop *loop = first; loop; loop = loop->registry_next) {
    loop->owner = kForked;
    loop->running = false;
    loop->remote->inherited = true;
  }
  unlock();
}

void registry_add(Loop &loop) {
  if (hooked.exchange(1) == 0) os_on_fork(before_fork, in_parent, in_child);
  lock();
  loop.registry_prev = nullptr;
  loop.registry_next = first;
  if (first) first->registry_prev = &loop;
  first = &loop;
  unlock();
}

void registry_remove(Loop &loop) {
  lock();
  (loop.registry_prev ? loop.registry_prev->registry_next : first) = loop.registry_next;
  if (loop.registry_next) loop.registry_next->registry_prev = loop.registry_prev;
  unlock();
}

} // namespace eddy
