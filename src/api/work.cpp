// Work ops: from the loop to its workers and back.
#include "core/loop.hpp"
#include "core/workers.hpp"

namespace eddy {

eddy_workers *
workers_of(eddy_workers_t *handle); // workers_open.cpp; nullptr: the environment forbids it

static bool withdraw(Op &op) {
  WorkItem &item = op.as<WorkItem>();
  std::atomic_ref(item.asked).store(1, std::memory_order_relaxed);
  return item.workers && workers_withdraw(*item.workers, item);
}

static void returned(Op &op) {
  timer_disarm(op);
  op.os_error = op.as<WorkItem>().native;
  op_deliver_now(op, op.as<WorkItem>().value, false);
}

constinit const KindRow kind_work = {.withdraw = withdraw, .returned = returned};

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_work_in(eddy_workers_t *workers, eddy_loop_t *handle, eddy_op_t *user_op, eddy_work_fn fn,
                 void *argument, eddy_cb cb) {
  Op &op = op_begin(check_loop(handle), nullptr, user_op, Kind::work, cb, 0);
  if (!op_admit(op)) return op_started(op);
  eddy_workers *pool = fn ? workers_of(workers) : nullptr;
  WorkItem &item = op.as<WorkItem>();
  item = {};
  item.fn = fn;
  item.argument = argument;
  item.remote = op.loop->remote;
  item.workers = pool;
  loose_add(op);
  int64_t refused = pool ? workers_submit(*pool, item) : int64_t{EDDY_EINVAL};
  if (refused) {
    loose_remove(op);
    op_finish(op, refused);
  }
  return op_started(op);
}

int eddy_work(eddy_loop_t *loop, eddy_op_t *op, eddy_work_fn fn, void *argument, eddy_cb cb) {
  return eddy_work_in(nullptr, loop, op, fn, argument, cb);
}

int eddy_work_canceled(const eddy_op_t *op) {
  require(op != nullptr, "null op");
  auto &asked = const_cast<uint32_t &>(op_of(op).as<WorkItem>().asked);
  return static_cast<int>(std::atomic_ref(asked).load(std::memory_order_relaxed));
}

} // extern "C"
