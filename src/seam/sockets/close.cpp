#include "core/os.hpp"

namespace eddy {

// With a positive linger time close(2) of Linux would block, non-blocking socket or not, and closesocket of Windows
// would refuse (WSAEWOULDBLOCK). Both go on sending in the background without it too; Linux does so even after the
// time (tcp_close).
void os_socket_close(eddy_native_t fd) {
  int64_t seconds;
  if (os_socket_get_option(fd, EDDY_OPT_LINGER, &seconds).value == 0 && seconds > 0)
    os_socket_option(fd, EDDY_OPT_LINGER, -1);
  os_socket_drop(fd);
}

} // namespace eddy
