#include "afd_calls.hpp"
#include "native.hpp"
#include "post.hpp"

#include <atomic>
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

constinit LateFunction<CreateFileCall> create_file("ntdll.dll", "NtCreateFile");
constinit LateFunction<DeviceCall> control("ntdll.dll", "NtDeviceIoControlFile");
constinit LateFunction<CancelCall> cancel_io("ntdll.dll", "NtCancelIoFileEx");

int32_t create(HANDLE *helper, ULONG options = 0) {
  // There is no helper, and so no poll, without all three.
  if (!create_file.get() || !control.get() || !cancel_io.get()) return kMissing;
  wchar_t path[] = L"\\Device\\Afd\\eddy";
  UNICODE_STRING name = {sizeof path - sizeof *path, sizeof path, path};
  OBJECT_ATTRIBUTES attributes = {};
  attributes.Length = sizeof attributes;
  attributes.ObjectName = &name;
  IO_STATUS_BLOCK status;
  constexpr ULONG open_existing = 1; // FILE_OPEN
  return create_file.get()(helper, SYNCHRONIZE, &attributes, &status, nullptr, 0,
                           FILE_SHARE_READ | FILE_SHARE_WRITE, open_existing, options, nullptr, 0);
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
  return control.get()(reinterpret_cast<HANDLE>(helper), nullptr, nullptr, &node,
                       reinterpret_cast<IO_STATUS_BLOCK *>(&node.status), kIoctlPoll, &node.info,
                       sizeof node.info, &node.info, sizeof node.info);
}

int32_t cancel(void *, uintptr_t helper, AfdNode &node) {
  IO_STATUS_BLOCK outcome;
  return cancel_io.get()(reinterpret_cast<HANDLE>(helper),
                         reinterpret_cast<IO_STATUS_BLOCK *>(&node.status), &outcome);
}

bool ask_socket(SOCKET socket, DWORD question, SOCKET &answer) {
  DWORD bytes;
  return WSAIoctl(socket, question, nullptr, 0, &answer, sizeof answer, &bytes, nullptr, nullptr) ==
             0 &&
         answer != INVALID_SOCKET;
}

} // namespace

const AfdCalls afd_calls = {open, poll, cancel};

void afd_close_helper(uintptr_t helper) { CloseHandle(reinterpret_cast<HANDLE>(helper)); }

// A poll of no time ends inside its call, on a helper whose calls do; one for the process, never closed.
static OsResult look_helper() {
  static std::atomic<HANDLE> kept;
  HANDLE helper = kept.load(std::memory_order_acquire), none = nullptr;
  if (helper) return {native_of(helper), 0};
  constexpr ULONG synchronous = 0x20; // FILE_SYNCHRONOUS_IO_NONALERT
  int32_t status = create(&helper, synchronous);
  if (status < 0) return {os_error_from_native(status), status};
  if (kept.compare_exchange_strong(none, helper)) return {native_of(helper), 0};
  CloseHandle(helper);
  return {native_of(none), 0};
}

OsResult afd_probe() {
  OsResult helper = look_helper();
  return helper.value < 0 ? helper : OsResult{};
}

OsResult afd_look(uintptr_t socket, uint32_t events) {
  OsResult helper = look_helper();
  if (helper.value < 0) return helper;
  AfdPollInfo info = {.timeout = 0,
                      .count = 1,
                      .exclusive = 0,
                      .socket = socket,
                      .events = events | kAfdAbort,
                      .status = 0};
  AfdStatus outcome = {};
  int32_t status = control.get()(handle_of(helper.value), nullptr, nullptr, nullptr,
                                 reinterpret_cast<IO_STATUS_BLOCK *>(&outcome), kIoctlPoll, &info,
                                 sizeof info, &info, sizeof info);
  if (status < 0) return {os_error_from_native(status), status};
  return {info.count ? info.events : 0, 0};
}

// A layered provider answers for its own socket. Some hide the base one but name the next below, whose provider is
// asked in turn.
OsResult afd_base_socket(eddy_native_t fd) {
  constexpr DWORD base_handle = 0x48000022;     // SIO_BASE_HANDLE
  constexpr DWORD bsp_handle_poll = 0x4800001D; // SIO_BSP_HANDLE_POLL
  constexpr int most_layers = 16;
  SOCKET socket = socket_of(fd);
  OsResult failure;
  for (int layer = 0; layer < most_layers; layer++) {
    SOCKET below = INVALID_SOCKET;
    if (ask_socket(socket, base_handle, below)) return {static_cast<int64_t>(below), 0};
    failure = os_error_now();
    if (failure.native == WSAENOTSOCK) break;
    if (!ask_socket(socket, bsp_handle_poll, below) || below == socket) break;
    socket = below;
  }
  return failure;
}

} // namespace eddy
