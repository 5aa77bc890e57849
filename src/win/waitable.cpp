// Objects that can be waited for, as descriptors.
#include "overlapped.hpp"

namespace eddy {
namespace {

struct Waitable {
  Source *source;
  Wait wait;
  bool armed; // a packet will come, unless the wait is cancelled
};

Waitable *waitable_of(Source &source) {
  if (source.kernel) return static_cast<Waitable *>(source.kernel);
  void *memory = core(*source.loop).memory.get(sizeof(Waitable));
  if (!memory) return nullptr;
  Waitable *waitable = new (memory) Waitable{};
  waitable->source = &source;
  waitable->wait.port = handle_of(core(*source.loop).wake);
  waitable->wait.context = waitable;
  source.kernel = waitable;
  return waitable;
}

OsResult arm(Waitable &waitable) {
  OsResult begun = wait_begin(waitable.wait, handle_of(waitable.source->native));
  if (begun.value < 0) return begun;
  waitable.armed = true;
  overlapped(*waitable.source->loop).pending++;
  return {};
}

// True: nothing will come.
bool disarm(Waitable &waitable) {
  if (!waitable.armed) return true;
  if (!wait_cancel(waitable.wait)) return false;
  waitable.armed = false;
  overlapped(*waitable.source->loop).pending--;
  return true;
}

// The outcome of a wait of no time at all. Its success has the effect of any wait: an event that resets itself does.
OsResult look(const Source &source) {
  switch (WaitForSingleObject(handle_of(source.native), 0)) {
  case WAIT_OBJECT_0: return {EDDY_READABLE, 0};
  case WAIT_TIMEOUT: return {kAgain, 0};
  default: return os_error_now();
  }
}

void end_waiter(Op &op, OsResult outcome) {
  settle_waiter(op, outcome);
  if (op.reason != Reason::none && op.state == State::queued) op_end_reason(op);
}

void end_waiters(Source &source, OsResult outcome) {
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    if (!op->count) end_waiter(*op, outcome);
  }
}

bool waits(const Op &op) { return !op.count && op.reason == Reason::none; }

} // namespace

void waitable_run(Source &source) {
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    if (!waits(*op)) continue;
    if (!(op->as<Waiting>().events & EDDY_READABLE)) {
      settle_waiter(*op, {EDDY_EINVAL, 0});
      continue;
    }
    Waitable *waitable = waitable_of(source);
    if (waitable && waitable->armed) continue; // it will hear of it with the others
    OsResult now = waitable ? look(source) : OsResult{EDDY_ENOMEM, 0};
    if (now.value == kAgain) now = arm(*waitable);
    if (now.value != 0) settle_waiter(*op, now);
  }
}

// The last one that waits takes the wait with it, unless the object has been signalled: then it has had its effect.
bool waitable_cancel(Op &op) {
  Source &source = *op.source;
  if (!source.kernel || op.count) return true;
  for (const Op *other = source.waiters.head; other; other = other->next)
    if (waits(*other)) return true; // `op` has its reason already
  return disarm(*static_cast<Waitable *>(source.kernel));
}

void waitable_quiesce(Source &source) {
  if (source.kernel) disarm(*static_cast<Waitable *>(source.kernel));
}

bool waitable_quiet(const Source &source) {
  return !source.kernel || !static_cast<const Waitable *>(source.kernel)->armed;
}

void waitable_release(Source &source) {
  if (!source.kernel) return;
  Waitable &waitable = *static_cast<Waitable *>(source.kernel);
  source.kernel = nullptr;
  waitable.source = nullptr;
  if (waitable.armed) return; // lost with its loop
  wait_free(waitable.wait);
  core(*source.loop).memory.put(&waitable, sizeof(Waitable));
}

void waitable_packet(void *context) {
  Waitable &waitable = *static_cast<Waitable *>(context);
  if (!waitable.source) return;
  wait_ended(waitable.wait);
  waitable.armed = false;
  overlapped(*waitable.source->loop).pending--;
  end_waiters(*waitable.source, {EDDY_READABLE, 0});
}

} // namespace eddy
