#include "port.hpp"
#include "native.hpp"

namespace eddy {

static Time ticks_to_time(uint64_t ticks, uint64_t frequency) {
  return ticks / frequency * EDDY_SECOND + ticks % frequency * EDDY_SECOND / frequency;
}

Time clock_now() {
  LARGE_INTEGER ticks, frequency;
  QueryPerformanceCounter(&ticks);
  QueryPerformanceFrequency(&frequency); // reads a shared page
  return ticks_to_time(static_cast<uint64_t>(ticks.QuadPart),
                       static_cast<uint64_t>(frequency.QuadPart));
}

// What will not pass: the port is gone, or was never one.
static bool for_good(DWORD code) {
  return code == ERROR_INVALID_HANDLE || code == ERROR_ACCESS_DENIED;
}

void port_post(void *port, uintptr_t key, void *overlapped) {
  DWORD saved = GetLastError();
  while (!PostQueuedCompletionStatus(port, 0, key, static_cast<OVERLAPPED *>(overlapped)) &&
         !for_good(GetLastError()))
    Sleep(1);
  SetLastError(saved);
}

int port_take(eddy_native_t port, uint32_t limit, Packet *packets, int32_t *error) {
  OVERLAPPED_ENTRY entries[kPackets];
  ULONG count = 0;
  if (!GetQueuedCompletionStatusEx(handle_of(port), entries, kPackets, &count, limit, FALSE)) {
    DWORD code = GetLastError();
    if (code == WAIT_TIMEOUT) return 0;
    *error = static_cast<int32_t>(code);
    return -1;
  }
  for (ULONG i = 0; i < count; i++)
    packets[i] = {entries[i].lpCompletionKey, entries[i].lpOverlapped};
  return static_cast<int>(count);
}

// The system counts in ticks and may be early.
int port_wait(Alarm &alarm, Time until, Packet *packets, int32_t *error) {
  for (;;) {
    uint32_t limit = wait_limit(alarm, until);
    int count = port_take(alarm.port, limit, packets, error);
    if (count > 0) count = without_alarms(alarm, packets, count);
    if (count || limit == 0) return count;
  }
}

// INVALID_HANDLE_VALUE would do without the event, but Wine 8 then cancels a callback of the thread that waits as if it
// were queued, and a signal of that moment ends in an access violation (tp_object_cancel).
void pool_wait_end(void *wait) {
  HANDLE ended = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  if (!ended) {
    UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
    return;
  }
  if (UnregisterWaitEx(wait, ended) || GetLastError() == ERROR_IO_PENDING)
    WaitForSingleObject(ended, INFINITE);
  CloseHandle(ended);
}

OsResult os_wake_open(eddy_native_t *wake) {
  system_start();
  HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
  if (!port) return os_error_now();
  *wake = native_of(port);
  return {};
}

// The remote's "asleep" word lets one post through per sleep, so the port holds few of these.
void os_wake(eddy_native_t wake) { port_post(handle_of(wake), kPacketWake, nullptr); }

void os_wake_close(eddy_native_t wake) { CloseHandle(handle_of(wake)); }

} // namespace eddy
