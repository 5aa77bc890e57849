// The requests of a pipe, at most one for each lane.
#include "pipe.hpp"

namespace eddy {

static OsResult packet_comes(PipeRequest &request) {
  request.pending = true;
  request.pipe->pending++;
  overlapped(*request.pipe->loop).pending++;
  return {kAgain, 0};
}

void pipe_came(PipeRequest &request) {
  request.pending = false;
  request.pipe->pending--;
  overlapped(*request.pipe->loop).pending--;
}

OsResult pipe_begun(PipeRequest &request, bool success) {
  OsResult begun = overlapped_begun(success, request.pipe->skips, request.io);
  return begun.value == kAgain ? packet_comes(request) : begun;
}

OsResult pipe_begin(Pipe &pipe, Lane which, bool writes, void *data, size_t size) {
  PipeRequest &request = pipe.requests[which];
  request.io = {};
  DWORD count = static_cast<DWORD>(size);
  if (pipe.thread) {
    thread_begin(request, writes, data, count);
    return packet_comes(request);
  }
  return pipe_begun(request, writes ? WriteFile(pipe.handle, data, count, nullptr, &request.io)
                                    : ReadFile(pipe.handle, data, count, nullptr, &request.io));
}

void pipe_later(Source &source, unsigned lanes) {
  source.work |= static_cast<uint8_t>(lanes);
  if (source.in_work) return;
  source.in_work = true;
  overlapped(*source.loop).work.push(source);
}

// The packet comes, whoever wins.
void pipe_cancel(Pipe &pipe, Lane which) {
  PipeRequest &request = pipe.requests[which];
  if (!request.pending) return;
  if (pipe.thread)
    thread_cancel(request);
  else
    CancelIoEx(pipe.handle, &request.io);
}

} // namespace eddy
