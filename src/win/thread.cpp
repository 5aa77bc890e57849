// Starting threads, what is kept for each, their ends, and sleeping on a word.
#include "native.hpp"
#include "os_thread.hpp"
#include "processors.hpp"

namespace eddy {

// A slot of every thread, got at the first use.
static DWORD slot(std::atomic<DWORD> &which) {
  DWORD index = which.load(std::memory_order_acquire);
  if (index) return index - 1;
  DWORD got = TlsAlloc();
  if (got == TLS_OUT_OF_INDEXES) return got;
  if (which.compare_exchange_strong(index, got + 1)) return got;
  TlsFree(got);
  return index - 1;
}

static std::atomic<DWORD> running_slot, error_slot;

static void *kept(std::atomic<DWORD> &which) {
  DWORD saved = GetLastError();
  void *value = TlsGetValue(slot(which));
  SetLastError(saved);
  return value;
}

static void keep(std::atomic<DWORD> &which, void *value) {
  DWORD saved = GetLastError();
  TlsSetValue(slot(which), value);
  SetLastError(saved);
}

void *os_running() { return kept(running_slot); }
void os_set_running(void *loop) { keep(running_slot, loop); }

int32_t os_kept_error() {
  return static_cast<int32_t>(reinterpret_cast<intptr_t>(kept(error_slot)));
}

void os_keep_error(int32_t native) {
  keep(error_slot, reinterpret_cast<void *>(static_cast<intptr_t>(native)));
}

static std::atomic<void (*)(uintptr_t)> thread_ended;

void os_on_thread_end(void (*ended)(uintptr_t)) { thread_ended = ended; }

static void NTAPI at_event(PVOID, DWORD event, PVOID) {
  auto ended = thread_ended.load();
  if (event == DLL_THREAD_DETACH && ended) ended(os_thread());
}

// The loader calls what stands here, of a program and of a DLL.
extern "C" [[gnu::section(".CRT$XLE"), gnu::used]] const PIMAGE_TLS_CALLBACK eddy_thread_event =
    at_event;

static DWORD WINAPI run(void *argument) {
  OsThread thread = *static_cast<const OsThread *>(argument);
  thread.run(thread.argument);
  return 0;
}

// The stack is reserved, and committed page by page as it is used.
OsResult os_thread_start(const OsThread &thread, uint64_t stack_size) {
  system_start();
  HANDLE handle =
      CreateThread(nullptr, static_cast<SIZE_T>(stack_size), run, const_cast<OsThread *>(&thread),
                   STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (!handle) return os_error_now();
  CloseHandle(handle);
  return {};
}

// Windows 10 1607 and later, shown by debuggers.
using SetDescription = HRESULT WINAPI(HANDLE, PCWSTR);
static constinit LateFunction<SetDescription> set_description("kernel32.dll",
                                                              "SetThreadDescription");

void os_thread_name(const char *name) {
  SetDescription *set = set_description.get();
  if (!set) return;
  wchar_t wide[16];
  size_t i = 0;
  for (; name[i] && i < 15; i++) wide[i] = static_cast<wchar_t>(name[i]);
  wide[i] = 0;
  set(GetCurrentThread(), wide);
}

using GroupsCall = BOOL WINAPI(HANDLE, USHORT *, USHORT *);
using ActiveCall = DWORD WINAPI(WORD);
static constinit LateFunction<GroupsCall> process_groups("kernel32.dll", "GetProcessGroupAffinity");
static constinit LateFunction<ActiveCall> active_processors("kernel32.dll",
                                                            "GetActiveProcessorCount");

static uint64_t affinity() {
  DWORD_PTR process = 0, system = 0;
  return GetProcessAffinityMask(GetCurrentProcess(), &process, &system) ? process : 0;
}

static bool groups_of_process(uint16_t *count, uint16_t *groups) {
  GroupsCall *call = process_groups.get();
  return call && call(GetCurrentProcess(), count, groups);
}

static uint32_t active_in(uint16_t group) {
  ActiveCall *call = active_processors.get();
  return call ? call(group) : 0;
}

uint32_t os_processors() { return count_processors({affinity, groups_of_process, active_in}); }

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
