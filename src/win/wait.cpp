// Waits for objects that end in packets. The kernel does it without a thread (Windows 8 and later) by calls that
// ntdll.dll exports and Microsoft documents, but no header has; else the system's thread pool waits, and posts.
#include "overlapped.hpp"
#include "post.hpp"

#include <winternl.h>

namespace eddy {
namespace {

using Create = NTSTATUS NTAPI(HANDLE *packet, ACCESS_MASK, OBJECT_ATTRIBUTES *);
using Associate = NTSTATUS NTAPI(HANDLE packet, HANDLE port, HANDLE object, void *key,
                                 void *context, NTSTATUS, ULONG_PTR, BOOLEAN *already);
using Cancel = NTSTATUS NTAPI(HANDLE packet, BOOLEAN remove_signalled);

constinit LateFunction<Create> create("ntdll.dll", "NtCreateWaitCompletionPacket");
constinit LateFunction<Associate> associate("ntdll.dll", "NtAssociateWaitCompletionPacket");
constinit LateFunction<Cancel> cancel("ntdll.dll", "NtCancelWaitCompletionPacket");

bool kernel_waits() { return create.get() && associate.get() && cancel.get(); }

OsResult wait_in_kernel(Wait &wait, HANDLE object) {
  int32_t status = 0;
  if (!wait.packet) status = create.get()(&wait.packet, GENERIC_READ | GENERIC_WRITE, nullptr);
  if (status >= 0)
    status = associate.get()(wait.packet, wait.port, object,
                             reinterpret_cast<void *>(uintptr_t{kPacketWaitable}), wait.context, 0,
                             0, nullptr);
  return status < 0 ? os_failure(static_cast<DWORD>(status)) : OsResult{};
}

// On a thread of the system: it must not do more than post.
void CALLBACK fire(void *context, BOOLEAN) {
  Wait &wait = *static_cast<Wait *>(context);
  HANDLE port = wait.port;
  void *told = wait.context;
  wait.fired.store(true, std::memory_order_release);
  port_post(port, kPacketWaitable, told);
}

} // namespace

OsResult wait_begin(Wait &wait, HANDLE object) {
  if (kernel_waits()) return wait_in_kernel(wait, object);
  wait.fired.store(false, std::memory_order_relaxed);
  if (RegisterWaitForSingleObject(&wait.pooled, object, fire, &wait, INFINITE,
                                  WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD))
    return {};
  wait.pooled = nullptr;
  return os_error_now();
}

// A packet that is queued already is left there: taking it out would look like a wait that was broken off before the
// signal, which then were lost.
bool wait_cancel(Wait &wait) {
  if (wait.packet) return cancel.get()(wait.packet, FALSE) == 0;
  wait_ended(wait);
  return !wait.fired.load(std::memory_order_acquire);
}

// The callback, if there is one, has returned then, which is soon.
void wait_ended(Wait &wait) {
  if (wait.pooled) pool_wait_end(wait.pooled);
  wait.pooled = nullptr;
}

void wait_free(Wait &wait) {
  wait_ended(wait);
  if (wait.packet) CloseHandle(wait.packet);
  wait.packet = nullptr;
}

} // namespace eddy
