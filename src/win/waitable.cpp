// Objects that can be waited for, as descriptors: the system's thread pool waits, and posts a packet.
#include "overlapped.hpp"
#include "port.hpp"

#include <atomic>
#include <initializer_list>
#include <winternl.h>

namespace eddy {
namespace {

struct Waitable {
  Source *source;
  HANDLE wait, port;
  bool armed;
  std::atomic<bool> fired; // the packet is on its way
};

// On a thread of the system: it must not do more than post.
void CALLBACK fire(void *context, BOOLEAN) {
  Waitable &waitable = *static_cast<Waitable *>(context);
  waitable.fired.store(true, std::memory_order_release);
  PostQueuedCompletionStatus(waitable.port, 0, kPacketWaitable, static_cast<OVERLAPPED *>(context));
}

Waitable *waitable_of(Source &source) {
  if (source.kernel) return static_cast<Waitable *>(source.kernel);
  void *memory = core(*source.loop).memory.get(sizeof(Waitable));
  if (!memory) return nullptr;
  Waitable *waitable = new (memory) Waitable{};
  waitable->source = &source;
  waitable->port = handle_of(core(*source.loop).wake);
  source.kernel = waitable;
  return waitable;
}

OsResult arm(Waitable &waitable) {
  waitable.fired.store(false, std::memory_order_relaxed);
  if (!RegisterWaitForSingleObject(&waitable.wait, handle_of(waitable.source->native), fire,
                                   &waitable, INFINITE,
                                   WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD))
    return os_error_now();
  waitable.armed = true;
  overlapped(*waitable.source->loop).pending++;
  return {};
}

// True: nothing will come. Waits for the callback to return if it runs, which is soon.
bool disarm(Waitable &waitable) {
  if (!waitable.armed) return true;
  if (waitable.wait) pool_wait_end(waitable.wait);
  waitable.wait = nullptr;
  if (waitable.fired.load(std::memory_order_acquire)) return false;
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

bool waitable(HANDLE handle) {
  using Query = NTSTATUS NTAPI(HANDLE, int, void *, ULONG, ULONG *);
  constexpr int type_information = 2; // ObjectTypeInformation
  auto *query = system_function<Query>("ntdll.dll", "NtQueryObject");
  alignas(UNICODE_STRING) char answer[512];
  ULONG size;
  if (!query || query(handle, type_information, answer, sizeof answer, &size) < 0) return false;
  const UNICODE_STRING &type = *reinterpret_cast<const UNICODE_STRING *>(answer);
  // Not Mutant: the thread that has waited would own it.
  for (const wchar_t *known : {L"Event", L"Process", L"Thread", L"Semaphore", L"Timer"}) {
    size_t length = 0;
    while (known[length]) length++;
    if (type.Length == length * sizeof *known && !memcmp(type.Buffer, known, type.Length))
      return true;
  }
  return false;
}

void waitable_run(Source &source) {
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    if (!waits(*op)) continue;
    if (!(op->poll.events & EDDY_READABLE)) {
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
  if (!waitable.armed)
    core(*source.loop).memory.put(&waitable, sizeof(Waitable)); // else: lost with its loop
}

void waitable_packet(void *context) {
  Waitable &waitable = *static_cast<Waitable *>(context);
  if (!waitable.source) return;
  if (waitable.wait) pool_wait_end(waitable.wait);
  waitable.wait = nullptr;
  waitable.armed = false;
  overlapped(*waitable.source->loop).pending--;
  end_waiters(*waitable.source, {EDDY_READABLE, 0});
}

} // namespace eddy
