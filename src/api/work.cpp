// Work ops: from the loop to a pool and back.
#include "core/loop.hpp"
#include "core/workers.hpp"

#include <tsan.hpp>

namespace eddy {

bool work_cancel(Op &op) {
  std::atomic_ref(op.work.asked).store(1, std::memory_order_relaxed);
  return op.work.pool && workers_withdraw(*op.work.pool, op.work);
}

// From here on the pool may be closed: nothing in these ops leads to it any more.
WorkItem *work_take_back(eddy_remote &remote) {
  if (!remote.returned.load(std::memory_order_relaxed)) return nullptr;
  WorkItem *newest = remote.returned.exchange(nullptr, std::memory_order_acquire);
  WorkItem *oldest = nullptr;
  eddy_workers *pool = newest->pool;
  uint64_t count = 0;
  while (newest) {
    tsan_acquire(newest);
    WorkItem *older = newest->next;
    if (newest->pool != pool) {
      pool->delivered.fetch_add(count, std::memory_order_release);
      pool = newest->pool;
      count = 0;
    }
    count++;
    newest->pool = nullptr;
    newest->next = oldest;
    oldest = newest;
    newest = older;
  }
  pool->delivered.fetch_add(count, std::memory_order_release);
  return oldest;
}

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_work_in(eddy_workers_t *workers, eddy_loop_t *handle, eddy_op_t *user_op, eddy_work_fn fn,
                 void *argument, eddy_cb cb) {
  Op &op = op_begin(check_loop(handle), nullptr, user_op, Kind::work, cb, 0);
  if (!op_admit(op)) return op_started(op);
  eddy_workers *pool = fn ? workers_of(workers) : nullptr;
  op.work = {};
  op.work.fn = fn;
  op.work.argument = argument;
  op.work.remote = op.loop->remote;
  op.work.pool = pool;
  op.loop->pending_work.push_back(op);
  int64_t refused = pool ? workers_submit(*pool, op.work) : int64_t{EDDY_EINVAL};
  if (refused) {
    op.loop->pending_work.remove(op);
    op_finish(op, refused);
  }
  return op_started(op);
}

int eddy_work(eddy_loop_t *loop, eddy_op_t *op, eddy_work_fn fn, void *argument, eddy_cb cb) {
  return eddy_work_in(nullptr, loop, op, fn, argument, cb);
}

int eddy_work_canceled(const eddy_op_t *op) {
  require(op != nullptr, "null op");
  auto &asked = const_cast<uint32_t &>(op_of(op).work.asked);
  return static_cast<int>(std::atomic_ref(asked).load(std::memory_order_relaxed));
}

} // extern "C"
