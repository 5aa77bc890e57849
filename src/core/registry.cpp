// All loops of the process: a forked child marks them as inherited, so that from then on the thread check of every
// call fails, and names the fork; and a thread that ends lets go of its own.
#include "core/loop.hpp"
#include "core/workers.hpp"

namespace eddy {

static std::atomic_flag busy = ATOMIC_FLAG_INIT;
static std::atomic<uint32_t> hooked;
static Loop *first;
static uint64_t last_number;

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
  // The callback that has forked will not return: nothing is on offer, and nothing waits for that.
  for (Loop *loop = loop_running(); loop; loop = loop->outer) {
    loop->forked_inside = true;
    loop->offer.op = nullptr;
    loop->offer.handle = loop->offer.lender = nullptr;
  }
  os_set_running(nullptr);
  for (Loop *loop = first; loop; loop = loop->registry_next) {
    loop->owner = kForked;
    loop->running = false;
    loop->remote->inherited = true;
  }
  unlock();
}

// Of a thread that was ended inside a callback nothing can be saved.
static void thread_ended(uintptr_t thread) {
  lock();
  for (Loop *loop = first; loop; loop = loop->registry_next)
    if (loop->owner == thread && !loop->running) loop_let_go(*loop);
  unlock();
}

void registry_add(Loop &loop) {
  if (hooked.exchange(1) == 0) {
    os_on_fork(before_fork, in_parent, in_child);
    os_on_thread_end(thread_ended);
  }
  lock();
  loop.number = ++last_number;
  loop.registry_prev = nullptr;
  loop.registry_next = first;
  if (first) first->registry_prev = &loop;
  first = &loop;
  unlock();
}

Loop *registry_find(uint64_t number) {
  lock();
  Loop *loop = first;
  while (loop && loop->number != number) loop = loop->registry_next;
  unlock();
  return loop;
}

void registry_remove(Loop &loop) {
  lock();
  (loop.registry_prev ? loop.registry_prev->registry_next : first) = loop.registry_next;
  if (loop.registry_next) loop.registry_next->registry_prev = loop.registry_prev;
  unlock();
}

} // namespace eddy
