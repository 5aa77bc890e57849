#include "post.hpp"
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

} // namespace eddy
