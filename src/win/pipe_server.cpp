// Listening on a pipe's name: a few instances wait for clients, and each that gets one becomes a stream.
#include "pipe.hpp"

#include "api/accept.hpp"

#include <atomic>

namespace eddy {
namespace {

constexpr uint32_t kInstances = 4; // a client that finds none tries again in a while
constexpr DWORD kBuffer = 64 * 1024;

struct PipeServer {
  PipeName path;
  eddy_addr_t name;
  Pipe *instances[kInstances]; // that nobody has accepted
  Pipe *head, *tail;           // ... of those the ones with a client, oldest first
  uint32_t most;
};

PipeServer &server_of(const Source &source) { return *static_cast<PipeServer *>(source.kernel); }

HANDLE create(const wchar_t *path, bool first, DWORD most) {
  DWORD open = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED;
  if (first) open |= FILE_FLAG_FIRST_PIPE_INSTANCE;
  DWORD mode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
  return CreateNamedPipeW(path, open, mode, most, kBuffer, kBuffer, 0, nullptr);
}

void push(PipeServer &server, Pipe &instance) {
  instance.next = nullptr;
  (server.tail ? server.tail->next : server.head) = &instance;
  server.tail = &instance;
}

// A client may come, write and go before it is waited for: it is there to be accepted all the same.
OsResult wait_for_client(Pipe &instance) {
  PipeRequest &request = instance.requests[kReadLane];
  request.io = {};
  OsResult begun = pipe_begun(request, ConnectNamedPipe(instance.handle, &request.io));
  bool there = begun.native == ERROR_PIPE_CONNECTED || begun.native == ERROR_NO_DATA;
  return there ? OsResult{} : begun;
}

OsResult add_instance(Source &listener, bool first) {
  PipeServer &server = server_of(listener);
  uint32_t place = 0;
  while (place < server.most && server.instances[place]) place++;
  if (place == server.most) return {};
  HANDLE handle = create(server.path, first, PIPE_UNLIMITED_INSTANCES);
  if (handle == INVALID_HANDLE_VALUE) return os_error_now();
  OsResult result;
  Pipe *instance = pipe_new(*listener.loop, handle, result);
  if (!instance) return result;
  instance->name = server.name;
  instance->source = &listener;
  result = wait_for_client(*instance);
  if (result.value < 0 && result.value != kAgain) {
    pipe_free(*instance);
    return result;
  }
  server.instances[place] = instance;
  if (result.value != kAgain) push(server, *instance);
  return {};
}

void forget(PipeServer &server, const Pipe &instance) {
  for (Pipe *&place : server.instances)
    if (place == &instance) place = nullptr;
}

uint32_t count_instances(const PipeServer &server) {
  uint32_t count = 0;
  for (const Pipe *instance : server.instances) count += instance != nullptr;
  return count;
}

// As many as there should be, or why not.
OsResult refill(Source &listener) {
  PipeServer &server = server_of(listener);
  OsResult result;
  while (count_instances(server) < server.most && result.value >= 0)
    result = add_instance(listener, false);
  return result;
}

// False: no accept, or no client for it. `missing`: why there are too few instances.
bool accept_one(Source &listener, OsResult &missing) {
  PipeServer &server = server_of(listener);
  Op *head = listener.lanes[kReadLane].head;
  if (!head || accept_waits(*head)) return false;
  if (!server.head) {
    bool none = missing.value < 0 && !count_instances(server);
    if (none) settle(*head, missing);
    return false;
  }
  Source *stream = accept_begin(*head);
  if (!stream) {
    settle(*head, {EDDY_ENOMEM, 0});
    return false;
  }
  Pipe &instance = *server.head;
  server.head = instance.next;
  if (!server.head) server.tail = nullptr;
  forget(server, instance);
  pipe_adopt(*stream, instance);
  eddy_addr_t unnamed = {};
  unnamed.family = EDDY_AF_UNIX;
  accept_end(*head, *stream, native_of(instance.handle), unnamed);
  missing = refill(listener); // before the callback: the next client may be its own
  settle(*head, {});
  return true;
}

// A name that is nobody else's, for a pair.
void unique_path(PipeName &path) {
  static std::atomic<uint32_t> count;
  LARGE_INTEGER ticks;
  QueryPerformanceCounter(&ticks);
  const uint64_t parts[] = {GetCurrentProcessId(), count.fetch_add(1),
                            static_cast<uint64_t>(ticks.QuadPart)};
  size_t at = 0;
  for (const char *c = "\\\\.\\pipe\\eddy-pair"; *c; c++) path[at++] = static_cast<wchar_t>(*c);
  for (uint64_t part : parts) {
    path[at++] = '-';
    for (int shift = 60; shift >= 0; shift -= 4)
      path[at++] = static_cast<wchar_t>("0123456789abcdef"[part >> shift & 15]);
  }
  path[at] = 0;
}

// Both ends in one program. Anybody could connect before this does; then it is another name's turn.
OsResult open_ends(HANDLE ends[2]) {
  constexpr int tries = 16;
  OsResult result;
  for (int i = 0; i < tries; i++) {
    PipeName path;
    unique_path(path);
    ends[0] = create(path, true, 1);
    if (ends[0] == INVALID_HANDLE_VALUE) return os_error_now();
    ends[1] = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
                          FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
                          nullptr);
    if (ends[1] != INVALID_HANDLE_VALUE) return {};
    result = os_error_now();
    CloseHandle(ends[0]);
    if (result.native != ERROR_PIPE_BUSY) break;
  }
  return result;
}

} // namespace

OsResult pipe_listen(Source &listener, const eddy_addr_t &address, uint32_t backlog) {
  Loop &loop = *listener.loop;
  void *memory = core(loop).memory.get(sizeof(PipeServer));
  if (!memory) return {EDDY_ENOMEM, 0};
  PipeServer *server = new (memory) PipeServer{};
  server->name = address;
  server->most = backlog < kInstances ? backlog : kInstances;
  listener.kernel = server;
  listener.medium = Medium::pipe;
  OsResult result = pipe_name(address, server->path);
  if (result.value == 0) result = add_instance(listener, true);
  if (result.value == 0) {
    refill(listener);
    return {};
  }
  // The first instance of a name that somebody has is refused with either.
  if (result.native == ERROR_ACCESS_DENIED || result.native == ERROR_PIPE_BUSY)
    result.value = EDDY_EADDRINUSE;
  core(loop).memory.put(server, sizeof(PipeServer));
  listener.kernel = nullptr;
  return result;
}

const eddy_addr_t &server_name(const Source &listener) { return server_of(listener).name; }

// The next client looks for an instance whether an accept waits or not: what the system refuses now is asked for again
// in a while.
void server_run(Source &listener) {
  OsResult missing = refill(listener);
  int budget = kBudget;
  while (budget && accept_one(listener, missing)) budget--;
  if (!budget && listener.lanes[kReadLane].head) pipe_later(listener, 1u << kReadLane);
  if (missing.value < 0) listener_backoff(listener);
}

void server_connected(Pipe &instance, OsResult outcome) {
  Source &listener = *instance.source;
  if (is_closing(listener)) return;
  if (outcome.value >= 0) {
    push(server_of(listener), instance);
  } else {
    forget(server_of(listener), instance);
    pipe_free(instance);
  }
  server_run(listener);
}

void server_quiesce(Source &listener) {
  for (Pipe *instance : server_of(listener).instances)
    if (instance) pipe_cancel(*instance, kReadLane);
}

bool server_quiet(const Source &listener) {
  for (const Pipe *instance : server_of(listener).instances)
    if (instance && instance->pending) return false;
  return true;
}

void server_release(Source &listener) {
  PipeServer &server = server_of(listener);
  for (Pipe *instance : server.instances)
    if (instance) pipe_free(*instance);
  core(*listener.loop).memory.put(&server, sizeof(PipeServer));
  listener.kernel = nullptr;
}

OsResult pipe_pair(Source &one, Source &other) {
  HANDLE handles[2];
  OsResult result = open_ends(handles);
  if (result.value < 0) return result;
  Source *sources[] = {&one, &other};
  Pipe *pipes[2] = {};
  for (int i = 0; i < 2; i++) pipes[i] = pipe_new(*one.loop, handles[i], result);
  for (int i = 0; i < 2; i++) {
    if (result.value == 0)
      pipe_adopt(*sources[i], *pipes[i]);
    else if (pipes[i])
      pipe_free(*pipes[i]);
  }
  return result;
}

} // namespace eddy
