#include "port.hpp"
#include "native.hpp"

namespace eddy {

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

} // namespace eddy
