// The first use of the library in the process.
#include "native.hpp"

namespace eddy {

// The DLL stays where it is from now on: idle worker threads, waits of the system's pool and the ends of other threads
// may still run in it when FreeLibrary returns.
static void pin() {
  constexpr DWORD by_address_for_ever =
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
  HMODULE module;
  GetModuleHandleExW(by_address_for_ever, reinterpret_cast<const wchar_t *>(&pin), &module);
}

// Winsock is never ended: a socket given away by its loop must go on to work.
void system_start() {
  static std::atomic<bool> started;
  if (started.load(std::memory_order_acquire)) return;
  pin();
  WSADATA data;
  if (WSAStartup(MAKEWORD(2, 2), &data) == 0) started.store(true, std::memory_order_release);
}

} // namespace eddy
