// Starting threads, and sleeping on a word.
#include "native.hpp"

namespace eddy {

static DWORD WINAPI run(void *argument) {
  OsThread thread = *static_cast<const OsThread *>(argument);
  thread.run(thread.argument);
  return 0;
}

// The stack is reserved, and committed page by page as it is used.
OsResult os_thread_start(const OsThread &thread, uint64_t stack_size) {
  HANDLE handle =
      CreateThread(nullptr, static_cast<SIZE_T>(stack_size), run, const_cast<OsThread *>(&thread),
                   STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (!handle) return os_error_now();
  CloseHandle(handle);
  return {};
}

// Windows 10 1607 and later, shown by debuggers.
void os_thread_name(const char *name) {
  using SetDescription = HRESULT WINAPI(HANDLE, PCWSTR);
  static auto *set = system_function<SetDescription>("kernel32.dll", "SetThreadDescription");
  if (!set) return;
  wchar_t wide[16];
  size_t i = 0;
  for (; name[i] && i < 15; i++) wide[i] = static_cast<wchar_t>(name[i]);
  wide[i] = 0;
  set(GetCurrentThread(), wide);
}

// Of the processor group that the process runs in.
uint32_t os_processors() {
  DWORD_PTR process = 0, system = 0;
  GetProcessAffinityMask(GetCurrentProcess(), &process, &system);
  int count = __builtin_popcountll(process);
  return count > 0 ? static_cast<uint32_t>(count) : 1; // 0: the process is in several groups
}

void os_sleep_on(std::atomic<uint32_t> &word, uint32_t expected, Time limit) {
  DWORD milliseconds = INFINITE;
  if (limit != kNever) {
    Time rounded = limit / EDDY_MILLISECOND + (limit % EDDY_MILLISECOND != 0);
    milliseconds = rounded < INFINITE ? static_cast<DWORD>(rounded) : INFINITE - 1;
  }
  WaitOnAddress(&word, &expected, sizeof expected, milliseconds);
}

void os_wake_sleeper(std::atomic<uint32_t> &word) { WakeByAddressSingle(&word); }

} // namespace eddy
