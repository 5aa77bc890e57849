// Loops: what a user asks of them.
#include "core/loop_open.hpp"
#include "seam/choose.hpp"

using namespace eddy;

static Loop &check_runner(eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return *loop;
}

static void run_turns(Loop &loop) {
  bool stays = loop_enter(loop);
  while (stays && !flag_set(loop) && loop_alive(loop)) {
    loop_turn(loop, kNever, Caller::run);
    stays = !loop.stopping;
  }
}

extern "C" {

int eddy_loop_open(const eddy_loop_options_t *options, eddy_loop_t **out) {
  return loop_open(options, driver_open, out);
}

int eddy_loop_run(eddy_loop_t *handle) {
  Loop &loop = check_runner(handle);
  run_turns(loop);
  loop_leave(loop, Caller::run);
  return loop_alive(loop);
}

int eddy_loop_run_until_set(eddy_loop_t *handle, const uint32_t *flag) {
  Loop &loop = check_runner(handle);
  require(flag != nullptr, "null flag");
  loop.until_set = flag;
  run_turns(loop);
  loop.until_set = nullptr;
  int result = loop.stopping ? 1 : *flag ? 2 : 0;
  loop_leave(loop, Caller::run);
  return result;
}

int eddy_loop_step(eddy_loop_t *handle, eddy_time_t until) {
  Loop &loop = check_runner(handle);
  if (loop_enter(loop)) loop_turn(loop, until, Caller::step);
  loop_leave(loop, Caller::step);
  return loop_alive(loop);
}

int eddy_loop_unbind(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  require(!loop.running, "eddy_loop_unbind inside a callback of the same loop");
  if (loop.bound) {
    if (loop.driver->unflushed(loop)) loop.driver->flush(loop);
    OsResult outcome = loop.driver->unbind ? loop.driver->unbind(loop) : OsResult{};
    if (outcome.value < 0) return ended(outcome);
  }
  loop_let_go(loop);
  return 0;
}

void eddy_loop_stop(eddy_loop_t *loop) { check_loop(loop).stopping = true; }

int eddy_loop_alive(const eddy_loop_t *loop) {
  return loop_alive(check_loop(const_cast<eddy_loop_t *>(loop)));
}

int eddy_loop_inside(const eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return loop->running && loop->owner == os_thread();
}

eddy_time_t eddy_now(const eddy_loop_t *loop) {
  return check_loop(const_cast<eddy_loop_t *>(loop)).now;
}

void *eddy_loop_data(const eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return loop->data;
}

void eddy_loop_set_data(eddy_loop_t *loop, void *data) {
  require(loop != nullptr, "null loop");
  loop->data = data;
}

eddy_time_t eddy_update_now(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  return loop.now = loop.driver->now(loop);
}

void eddy_loop_flush(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  loop_bind(loop);
  if (loop.driver->unflushed(loop)) loop.driver->flush(loop);
}

eddy_time_t eddy_loop_next_deadline(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  return work_waits(loop) || loop.driver->unflushed(loop) ? 0 : loop.wheel.next();
}

eddy_native_t eddy_loop_native_handle(eddy_loop_t *handle) {
  Loop &loop = check_loop(handle);
  loop_bind(loop);
  loop.embedded = true;
  if (!loop.running && loop.driver->unflushed(loop)) loop.driver->flush(loop);
  return loop.lost ? EDDY_NO_NATIVE : loop.driver->native(loop);
}

uint32_t eddy_loop_driver(const eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return loop->readiness ? loop->readiness->id : loop->driver->id;
}

const char *eddy_loop_driver_reason(const eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return loop->driver_reason;
}

int64_t eddy_loop_drain(eddy_loop_t *loop, eddy_time_t until) {
  return loop_drain(check_runner(loop), until);
}

int eddy_loop_close(eddy_loop_t *loop) { return loop_close(check_runner(loop)); }

int eddy_loop_inherited(const eddy_loop_t *loop) {
  require(loop != nullptr, "null loop");
  return loop->owner == kForked;
}

int eddy_loop_after_fork(eddy_loop_t *loop) { return loop_after_fork(check_runner(loop)); }

} // extern "C"
