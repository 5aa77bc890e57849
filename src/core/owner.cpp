// Which thread a loop belongs to.
#include "core/loop.hpp"

#include <tsan.hpp>

namespace eddy {

[[gnu::cold]] void returned_in_child() {
  fatal("a forked child returned from a callback of its parent's loop (it has to exec or exit "
        "there)");
}

// What its last thread wrote is seen by the next.
void loop_let_go(Loop &loop) {
  loop.bound = false;
  tsan_release(&loop);
  loop.owner.value.store(kNobody, std::memory_order_release);
}

void claim_thread(Loop &loop) {
  uintptr_t owner = kNobody, self = os_thread();
  if (loop.owner.value.compare_exchange_strong(owner, self, std::memory_order_acquire)) {
    tsan_acquire(&loop);
    return;
  }
  require(owner != kForked,
          "a loop inherited over fork was used (close it, or call eddy_loop_after_fork)");
  require(loop.migratable && !loop.running, "call from the wrong thread: a loop belongs to the "
                                            "thread that runs it, others use an eddy_remote_t");
  loop.owner = self;
}

} // namespace eddy
