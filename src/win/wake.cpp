// The wake descriptor: the completion port itself.
#include "native.hpp"
#include "post.hpp"

namespace eddy {

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
