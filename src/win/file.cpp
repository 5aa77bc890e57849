// Questions about a file, of which a pipe and a socket are kinds. While a call blocks on a handle of the synchronous kind,
// the system makes every other question about its file wait, so a thread asks them, on a duplicate, and nobody waits for
// it for long.
#include "object.hpp"

#include <winternl.h>

namespace eddy {
namespace {

// Shared by the thread that asks and the one that waits for it.
struct Questions {
  HANDLE given, handle; // and its duplicate, which stays
  std::atomic<int> owners = 2;
  std::atomic<bool> begun = false, unwanted = false;
  bool adopts; // ... or only wants to know that there are answers
  bool pipe = false, plain = false;
  OsResult synchronous = {};

  Questions(HANDLE theirs, HANDLE ours, bool adopting)
      : given(theirs), handle(ours), adopts(adopting) {}
};

void leave(Questions &questions) {
  if (questions.owners.fetch_sub(1) != 1) return;
  CloseHandle(questions.handle);
  os_release(&questions, sizeof(Questions));
}

using QueryFile = NTSTATUS NTAPI(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, int);
constinit LateFunction<QueryFile> query_file("ntdll.dll", "NtQueryInformationFile");

// The I/O manager's flags of an open handle: whether its calls block.
OsResult is_synchronous(HANDLE handle) {
  constexpr int mode_information = 16;       // FileModeInformation
  constexpr ULONG synchronous = 0x10 | 0x20; // FILE_SYNCHRONOUS_IO_ALERT, _NONALERT
  QueryFile *query = query_file.get();
  if (!query) return {EDDY_ENOTSUP, 0};
  IO_STATUS_BLOCK status;
  ULONG mode = 0;
  int32_t failed = query(handle, &status, &mode, sizeof mode, mode_information);
  if (failed < 0) return os_failure(static_cast<DWORD>(failed));
  return {(mode & synchronous) != 0, 0};
}

// Bytes, not messages, and calls that wait. A handle without the right to be changed must be so already, and one
// without the right to be asked could be anything.
bool make_plain(HANDLE handle) {
  DWORD mode = PIPE_READMODE_BYTE | PIPE_WAIT;
  if (SetNamedPipeHandleState(handle, &mode, nullptr, nullptr)) return true;
  return GetNamedPipeHandleStateW(handle, &mode, nullptr, nullptr, nullptr, nullptr, 0) &&
         !(mode & (PIPE_READMODE_MESSAGE | PIPE_NOWAIT));
}

void ask(Questions &questions) {
  HANDLE handle = questions.handle;
  questions.begun = true;
  // A socket is a pipe too, for the system. Winsock would keep a note of the duplicate.
  questions.pipe = !is_socket(questions.given) && GetFileType(handle) == FILE_TYPE_PIPE;
  if (!questions.pipe || !questions.adopts) return;
  questions.synchronous = is_synchronous(handle);
  if (questions.synchronous.value >= 0 && !questions.unwanted) questions.plain = make_plain(handle);
}

DWORD WINAPI serve(void *context) {
  Questions &questions = *static_cast<Questions *>(context);
  ask(questions);
  leave(questions);
  return 0;
}

// False: it has begun, but gets no answer. A thread that gets no time is another matter.
bool answered(HANDLE thread, const Questions &questions) {
  constexpr DWORD step = 10; // ms
  constexpr int patience = 20;
  int waited = 0;
  while (WaitForSingleObject(thread, step) == WAIT_TIMEOUT)
    if (questions.begun && ++waited == patience) return false;
  return true;
}

OsResult ask_within_reason(Questions &questions) {
  HANDLE thread = CreateThread(nullptr, 64 * 1024, serve, &questions,
                               STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (!thread) {
    OsResult failure = os_error_now();
    leave(questions);
    return failure;
  }
  bool came = answered(thread, questions);
  CloseHandle(thread);
  if (!came) {
    questions.unwanted = true;
    return {EDDY_EBUSY, 0};
  }
  if (!questions.pipe) return {EDDY_ENOTSOCK, 0};
  if (questions.synchronous.value >= 0 && !questions.plain) return {EDDY_ENOTSUP, 0};
  return questions.synchronous;
}

} // namespace

OsResult file_examine(HANDLE handle, bool adopts) {
  HANDLE self = GetCurrentProcess(), duplicate;
  if (!DuplicateHandle(self, handle, self, &duplicate, 0, FALSE, DUPLICATE_SAME_ACCESS))
    return {EDDY_ENOTSOCK, 0};
  void *memory = os_alloc(sizeof(Questions)); // the loop's may be gone before the thread
  if (!memory) {
    CloseHandle(duplicate);
    return {EDDY_ENOMEM, 0};
  }
  Questions &questions = *new (memory) Questions(handle, duplicate, adopts);
  OsResult result = ask_within_reason(questions);
  leave(questions);
  return result;
}

// The object of a file is signalled when no call is under way: then a question does not wait.
bool file_in_use(HANDLE file) { return WaitForSingleObject(file, 0) != WAIT_OBJECT_0; }

OsResult file_answers(eddy_native_t native) {
  HANDLE handle = handle_of(native);
  if (native <= 0 || !object_is(handle, {L"File"}) || !file_in_use(handle)) return {};
  OsResult asked = file_examine(handle, false);
  return asked.value == EDDY_EBUSY ? asked : OsResult{};
}

} // namespace eddy
