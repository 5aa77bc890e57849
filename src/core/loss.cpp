// A loop whose kernel interface is gone, or its parent's: every op ends although the kernel may still have it.
#include "api/stream.hpp"

namespace eddy {

// Ends every op of a lane although the kernel may still have it: its interface is gone.
void lose_lane(OpList &queue, int64_t error) {
  while (queue.head) op_lose(*queue.head, error);
}

static void lose_sources(SourceList &list, int64_t error) {
  for (Source *source = list.head; source; source = source->next) {
    lose_lane(source->lanes[kReadLane], error);
    lose_lane(source->lanes[kWriteLane], error);
    lose_lane(source->waiters, error);
    if (source->kind == SourceKind::stream)
      lose_lane(static_cast<eddy_stream &>(*source).uncongested, error);
    source->ready = source->kind == SourceKind::stream ? 1 << kWriteLane : 0;
    source->work = source->inflight = 0;
    source->armed = 0;
  }
}

static void lose_loose_ops(Loop &loop, int64_t error) {
  for (OpList &hooks : loop.hooks)
    while (hooks.head) op_lose(*hooks.head, error);
  loop.wheel.for_each([error](Op &op) {
    if (op.kind == Kind::sleep || op.kind == Kind::tick) op_lose(op, error);
  });
}

void lose_everything(Loop &loop, int64_t error) {
  lose_sources(loop.sources, error);
  lose_sources(loop.closing, error);
  lose_sources(loop.waiting, error);
  lose_loose_ops(loop, error);
  while (Source *source = loop.work.pop()) source->in_work = false;
}

void loop_lost(Loop &loop, int32_t native) {
  if (loop.lost) return;
  loop.lost = true;
  loop.lost_native = native;
  loop.send_now = nullptr;
  lose_everything(loop, EDDY_ELOST);
  offers_take_back(loop);
}

} // namespace eddy
