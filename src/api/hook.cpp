// Hooks and yields.
#include "core/loop.hpp"

namespace eddy {

constinit const KindRow kind_hook = {.broken = hook_remove};
constinit const KindRow kind_yield = {};

} // namespace eddy

using namespace eddy;

static int start_hook(eddy_loop_t *handle, eddy_op_t *user_op, HookKind which, eddy_cb cb) {
  Loop &loop = check_loop(handle);
  Op &op = op_begin(loop, nullptr, user_op, Kind::hook, cb, kMulti);
  if (!op_admit(op)) return op_started(op);
  HookItem &hook = op.as<HookItem>();
  hook.which = which;
  hook.pass = loop.hook_pass[which];
  loop.hooks[which].push_back(hook);
  loose_add(op);
  return op_started(op);
}

extern "C" {

int eddy_hook_idle(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) {
  return start_hook(loop, op, kHookIdle, cb);
}

int eddy_hook_before_wait(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) {
  return start_hook(loop, op, kHookBeforeWait, cb);
}

int eddy_hook_after_wait(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) {
  return start_hook(loop, op, kHookAfterWait, cb);
}

int eddy_yield(eddy_loop_t *handle, eddy_op_t *user_op, eddy_cb cb) {
  Op &op = op_begin(check_loop(handle), nullptr, user_op, Kind::yield, cb, 0);
  op.bits &= static_cast<uint16_t>(~kStarting); // its point is the turn it waits for
  if (op_admit(op)) op_finish(op, 0);
  return EDDY_PENDING;
}

} // extern "C"
