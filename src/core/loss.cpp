// A loop whose kernel interface is gone, or its parent's: every op ends although the kernel may still have it.
#include "core/loop.hpp"

namespace eddy {

static void lose_lane(OpList &queue, int64_t error) {
  while (queue.head) op_lose(*queue.head, error);
}

static void lose_sources(SourceList &list, int64_t error) {
  for (Source *source = list.head; source; source = source->next) {
    lose_lane(source->lanes[kReadLane], error);
    lose_lane(source->lanes[kWriteLane], error);
    lose_lane(source->waiters, error);
    lose_lane(source->watchers, error);
    source->ready = 1 << kWriteLane;
    source->work = source->inflight = 0;
    source->armed = 0;
  }
}

// What threads have comes back, if they are of this process.
static void lose_loose_ops(Loop &loop, int64_t error, bool threads_too) {
  for (Op *op = loop.loose.head, *next; op; op = next) {
    next = op->next;
    if (threads_too || !row_of(op->kind).returned) op_lose(*op, error);
  }
}

void lose_everything(Loop &loop, int64_t error, bool threads_too) {
  lose_sources(loop.sources, error);
  lose_sources(loop.closing, error);
  lose_sources(loop.waiting, error);
  lose_loose_ops(loop, error, threads_too);
  while (Source *source = loop.work.pop()) source->in_work = false;
}

void loop_lost(Loop &loop, int32_t native) {
  if (loop.lost) return;
  loop.lost = true;
  loop.lost_native = native;
  loop.send_now = nullptr;
  lose_everything(loop, EDDY_ELOST, false);
  offers_take_back(loop);
}

} // namespace eddy
