#include "afd_calls.hpp"
#include "native.hpp"
#include "port.hpp"

#include <winternl.h>

namespace eddy {
namespace {

static_assert(sizeof(AfdStatus) == sizeof(IO_STATUS_BLOCK));

constexpr DWORD kIoctlPoll = 0x00012024;
constexpr int32_t kMissing = static_cast<int32_t>(0xC0000002); // STATUS_NOT_IMPLEMENTED

using CreateFileCall = NTSTATUS NTAPI(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *,
                                      LARGE_INTEGER *, ULONG, ULONG, ULONG, ULONG, void *, ULONG);
using DeviceCall = NTSTATUS NTAPI(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, ULONG, void *,
                                  ULONG, void *, ULONG);
using CancelCall = NTSTATUS NTAPI(HANDLE, IO_STATUS_BLOCK *, IO_STATUS_BLOCK *);

struct Ntdll {
  CreateFileCall *create;
  DeviceCall *control;
  CancelCall *cancel;
};

// Looked up again by two threads at worst, with the same outcome.
Ntdll ntdll;

bool ntdll_ready() {
  if (ntdll.cancel) return true;
  ntdll.create = system_function<CreateFileCall>("ntdll.dll", "NtCreateFile");
  ntdll.control = system_function<DeviceCall>("ntdll.dll", "NtDeviceIoControlFile");
  CancelCall *cancel = system_function<CancelCall>("ntdll.dll", "NtCancelIoFileEx");
  if (!ntdll.create || !ntdll.control) return false;
  ntdll.cancel = cancel;
  return cancel != nullptr;
}

int32_t create(HANDLE *helper) {
  if (!ntdll_ready()) return kMissing;
  wchar_t path[] = L"\\Device\\Afd\\eddy";
  UNICODE_STRING name = {sizeof path - sizeof *path, sizeof path, path};
  OBJECT_ATTRIBUTES attributes = {};
  attributes.Length = sizeof attributes;
  attributes.ObjectName = &name;
  IO_STATUS_BLOCK status;
  constexpr ULONG open_existing = 1; // FILE_OPEN
  return ntdll.create(helper, SYNCHRONIZE, &attributes, &status, nullptr, 0,
                      FILE_SHARE_READ | FILE_SHARE_WRITE, open_existing, 0, nullptr, 0);
}

// Packets come for every accepted poll, ready at once or not: skipping those would be a second way to end.
int32_t open(void *context, uintptr_t *helper) {
  HANDLE handle;
  int32_t status = create(&handle);
  if (status < 0) return status;
  if (!CreateIoCompletionPort(handle, context, kPacketAfd, 0)) {
    CloseHandle(handle);
    return static_cast<int32_t>(0xC000009A); // STATUS_INSUFFICIENT_RESOURCES
  }
  SetFileCompletionNotificationModes(handle, FILE_SKIP_SET_EVENT_ON_HANDLE);
  *helper = reinterpret_cast<uintptr_t>(handle);
  return 0;
}

int32_t poll(void *, uintptr_t helper, AfdNode &node) {
  return ntdll.control(reinterpret_cast<HANDLE>(helper), nullptr, nullptr, &node,
                       reinterpret_cast<IO_STATUS_BLOCK *>(&node.status), kIoctlPoll, &node.info,
                       sizeof node.info, &node.info, sizeof node.info);
}

int32_t cancel(void *, uintptr_t helper, AfdNode &node) {
  IO_STATUS_BLOCK outcome;
  return ntdll.cancel(reinterpret_cast<HANDLE>(helper),
                      reinterpret_cast<IO_STATUS_BLOCK *>(&node.status), &outcome);
}

} // namespace

const AfdCalls afd_calls = {open, poll, cancel};

void afd_close_helper(uintptr_t helper) { CloseHandle(reinterpret_cast<HANDLE>(helper)); }

OsResult afd_probe() {
  HANDLE helper;
  int32_t status = create(&helper);
  if (status < 0) return {os_error_from_native(status), status};
  CloseHandle(helper);
  return {};
}

OsResult afd_base_socket(eddy_native_t fd) {
  // SIO_BASE_HANDLE, and what providers that hide it may answer: SIO_BSP_HANDLE_POLL.
  constexpr DWORD kQuestions[] = {0x48000022, 0x4800001D};
  OsResult failure;
  for (DWORD question : kQuestions) {
    SOCKET base = INVALID_SOCKET;
    DWORD bytes;
    if (WSAIoctl(socket_of(fd), question, nullptr, 0, &base, sizeof base, &bytes, nullptr,
                 nullptr) == 0)
      return {static_cast<int64_t>(base), 0};
    if (failure.value == 0) failure = os_error_now();
    if (failure.native == WSAENOTSOCK) break;
  }
  return failure;
}

} // namespace eddy
