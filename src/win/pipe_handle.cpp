// Handles of pipes: names, clients, and the life of a pipe; foreign ones are for pipe_adopt.cpp.
#include "api/pool.hpp"
#include "object.hpp"
#include "pipe.hpp"
#include "post.hpp"
#include "wtf8.hpp"

#include <initializer_list>

namespace eddy {
namespace {

static_assert(sizeof(wchar_t) == sizeof(char16_t));

// Its server may have made it for one direction only. It may not act in this program's name.
HANDLE open_client(const wchar_t *name) {
  constexpr DWORD flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
  constexpr DWORD rights[] = {GENERIC_READ | GENERIC_WRITE, GENERIC_READ | FILE_WRITE_ATTRIBUTES,
                              GENERIC_WRITE | FILE_READ_ATTRIBUTES};
  HANDLE handle = INVALID_HANDLE_VALUE;
  for (DWORD wanted : rights) {
    handle = CreateFileW(name, wanted, 0, nullptr, OPEN_EXISTING, flags, nullptr);
    if (handle != INVALID_HANDLE_VALUE || GetLastError() != ERROR_ACCESS_DENIED) break;
  }
  return handle;
}

// What the handle was opened for.
void ask_rights(Pipe &pipe) {
  constexpr int basic_information = 0; // ObjectBasicInformation
  struct {
    ULONG attributes, access, others[12];
  } answer;
  bool known = object_query(pipe.handle, basic_information, &answer, sizeof answer);
  pipe.reads = !known || (answer.access & FILE_READ_DATA);
  pipe.writes = !known || (answer.access & FILE_WRITE_DATA);
}

} // namespace

Pipe *pipe_memory(Loop &loop, HANDLE handle) {
  void *memory = core(loop).memory.get(sizeof(Pipe));
  if (!memory) return nullptr;
  Pipe *pipe = new (memory) Pipe{};
  pipe->loop = &loop;
  pipe->handle = handle;
  pipe->buffer = kNoBuffer;
  ask_rights(*pipe);
  for (Lane which : {kReadLane, kWriteLane, kWaiters}) {
    pipe->requests[which].done = pipe_done;
    pipe->requests[which].pipe = pipe;
    pipe->requests[which].which = which;
  }
  return pipe;
}

bool pipe_join(Pipe &pipe) {
  HANDLE port = handle_of(core(*pipe.loop).wake);
  if (!CreateIoCompletionPort(pipe.handle, port, kPacketOverlapped, 0)) return false;
  pipe.skips = SetFileCompletionNotificationModes(
      pipe.handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE);
  return true;
}

OsResult pipe_name(const eddy_addr_t &addr, PipeName &name) {
  if (addr.length > sizeof addr.bytes) return {EDDY_ENAMETOOLONG, 0};
  if (memchr(addr.bytes, 0, addr.length)) return {EDDY_EINVAL, 0};
  int length =
      wtf8_to_utf16(addr.bytes, addr.length, reinterpret_cast<char16_t *>(name), sizeof addr.bytes);
  if (length < 0) return {length, 0};
  name[length] = 0;
  return {};
}

Pipe *pipe_new(Loop &loop, HANDLE handle, OsResult &why) {
  Pipe *pipe = pipe_memory(loop, handle);
  if (!pipe) {
    why = {EDDY_ENOMEM, 0};
    CloseHandle(handle);
  } else if (!pipe_join(*pipe)) {
    why = os_error_now();
    pipe_free(*pipe);
    pipe = nullptr;
  }
  return pipe;
}

void pipe_adopt(Source &source, Pipe &pipe) {
  pipe.source = &source;
  source.kernel = &pipe;
  source.medium = Medium::pipe;
  source.native = native_of(pipe.handle);
}

// What a packet is still to come for is freed by it.
void pipe_free(Pipe &pipe) {
  pipe.source = nullptr;
  if (pipe.handle && !(pipe.thread && pipe.pending)) {
    if (pipe.thread) thread_end(pipe);
    CloseHandle(pipe.handle);
    pipe.handle = nullptr;
  }
  if (!pipe.pending) core(*pipe.loop).memory.put(&pipe, sizeof(Pipe));
}

OsResult pipe_connect(Source &source, const eddy_addr_t &peer) {
  PipeName name;
  OsResult result = pipe_name(peer, name);
  if (result.value < 0) return result;
  HANDLE handle = open_client(name);
  if (handle == INVALID_HANDLE_VALUE) {
    result = os_error_now();
    return result.native == ERROR_PIPE_BUSY ? OsResult{kBusy, 0} : result;
  }
  Pipe *pipe = pipe_new(*source.loop, handle, result);
  if (!pipe) return result;
  pipe->name = peer;
  pipe->client = true;
  pipe_adopt(source, *pipe);
  return {};
}

} // namespace eddy
