// The lanes of a pipe: at most one request each, and what its outcome does.
#include "../pool.hpp"
#include "overlapped.hpp"

namespace eddy {
namespace {

// Of one request. A write that is cancelled does not say how much of it the peer has read: not more than this.
constexpr size_t kMostWritten = 64 * 1024;
constexpr size_t kMostRead = 1 << 30;

unsigned bit(Lane which) { return 1u << which; }

OsResult begun(Request &request) {
  request.pending = true;
  request.pipe->pending++;
  overlapped(*request.pipe->loop).pending++;
  return {kAgain, 0};
}

// The bytes moved, an error, or kAgain: the packet will tell.
OsResult begin(Pipe &pipe, Lane which, bool writes, void *data, size_t size) {
  Request &request = pipe.requests[which];
  request.io = {};
  if (pipe.thread) {
    OsResult begins = begun(request);
    thread_begin(request, writes, data, static_cast<DWORD>(size));
    return begins;
  }
  BOOL done = writes ? WriteFile(pipe.handle, data, static_cast<DWORD>(size), nullptr, &request.io)
                     : ReadFile(pipe.handle, data, static_cast<DWORD>(size), nullptr, &request.io);
  if (done && pipe.skips) return {static_cast<int64_t>(request.io.InternalHigh), 0};
  if (done || GetLastError() == ERROR_IO_PENDING) return begun(request);
  return os_error_now();
}

OsResult outcome_of(const Request &request) {
  int32_t status = static_cast<int32_t>(request.io.Internal);
  if (status >= 0 || request.io.InternalHigh)
    return {static_cast<int64_t>(request.io.InternalHigh), 0};
  return os_failure((request.io.Internal & 0xFFFF0000) == 0xC0070000
                        ? static_cast<DWORD>(status & 0xFFFF) // of a thread, a Win32 code
                        : static_cast<DWORD>(status));
}

bool is_end(OsResult got) {
  return got.value == EDDY_EPIPE || got.native == ERROR_HANDLE_EOF ||
         got.native == static_cast<int32_t>(0xC0000011); // STATUS_END_OF_FILE
}

// As read lanes have it: 0 is the end, and kAgain a read that brought nothing: the peer has written no bytes, or
// somebody else has cancelled the request.
OsResult as_read(Pipe &pipe, OsResult got, const Op *head) {
  if (got.value == 0) return {kAgain, 0};
  if (got.value == EDDY_ECANCELED && (!head || head->reason == Reason::none)) return {kAgain, 0};
  if (!is_end(got)) return got;
  pipe.ended = true;
  return {};
}

// Whether a read would end at once.
bool readable(Pipe &pipe) {
  if (pipe.ended || pipe.thread) return pipe.ended || pipe.readable;
  DWORD bytes = 0;
  return !PeekNamedPipe(pipe.handle, nullptr, 0, nullptr, &bytes, nullptr) || bytes;
}

OsResult begin_read(Pipe &pipe, Op &op) {
  const eddy_buf_t *room = op.io.buffers;
  while (!room->size) room++; // there is one with room
  size_t size = room->size < kMostRead ? room->size : kMostRead;
  pipe.readable = false;
  OsResult got = begin(pipe, kReadLane, false, room->data, size);
  if (got.value == kAgain) op_activate(op);
  return got;
}

// Waits without a buffer, and takes one when there is something to put there.
OsResult begin_pool_read(Pipe &pipe, Op &op) {
  eddy_pool &pool = *op.pool.pool;
  if (!readable(pipe)) {
    pool_passes(op);
    static char nothing;
    pipe.probes = true;
    OsResult got = begin(pipe, kReadLane, false, &nothing, 0);
    if (got.value != kAgain) pipe.probes = false;
    return got;
  }
  if (!pool_admits(op)) return {kBlocked, 0};
  uint32_t index = pool_take(op);
  pipe.readable = false;
  OsResult got = begin(pipe, kReadLane, false, pool_data(pool, index), pool.buffer_size);
  if (got.value == kAgain) {
    pipe.buffer = index;
    op_activate(op);
  } else if (got.value > 0) {
    settle_pool(op, index, static_cast<uint32_t>(got.value));
  } else {
    pool_return(pool, index, &op);
  }
  return got;
}

void run_reads(Source &source) {
  Pipe &pipe = pipe_of(source);
  for (int budget = kBudget; budget; budget--) {
    Op *head = source.lanes[kReadLane].head;
    if (!head || pipe.requests[kReadLane].pending) return;
    OsResult got =
        head->kind == Kind::read ? begin_read(pipe, *head) : begin_pool_read(pipe, *head);
    if (got.value == kAgain || got.value == kBlocked) return;
    got = as_read(pipe, got, head);
    if (got.value != kAgain) settle(*head, got);
    if (source.waiters.head) pipe_later(source, bit(kWaiters)); // something may have come into view
  }
  if (source.lanes[kReadLane].head) pipe_later(source, bit(kReadLane));
}

void pool_read_ended(Pipe &pipe, Op &op, OsResult got) {
  uint32_t index = pipe.buffer;
  pipe.buffer = kNoBuffer;
  op_requeue(op);
  if (got.value > 0)
    settle_pool(op, index, static_cast<uint32_t>(got.value));
  else
    pool_return(*op.pool.pool, index, &op);
  if (op.reason != Reason::none)
    op_end_reason(op);
  else if (got.value != kAgain)
    settle(op, got);
}

void read_ended(Source &source, OsResult raw) {
  Pipe &pipe = pipe_of(source);
  Op *head = source.lanes[kReadLane].head;
  OsResult got = as_read(pipe, raw, head);
  if (pipe.probes) {
    pipe.probes = false;
    pipe.readable = raw.value != EDDY_ECANCELED;
  } else if (!head) {
    // The loop was lost, and its ops have ended.
  } else if (head->kind == Kind::read_pool) {
    pool_read_ended(pipe, *head, got);
  } else {
    op_requeue(*head);
    if (got.value != kAgain)
      settle(*head, got);
    else if (head->reason != Reason::none)
      op_end_reason(*head);
  }
  pipe_run(source, bit(kReadLane) | bit(kWaiters));
}

OsResult begin_write(Pipe &pipe, Op &op) {
  if (op.io.count == 0) return {};
  size_t size = op.io.buffers->size - op.io.offset;
  if (size == 0) return {};
  char *data = static_cast<char *>(op.io.buffers->data) + op.io.offset;
  OsResult got = begin(pipe, kWriteLane, true, data, size < kMostWritten ? size : kMostWritten);
  if (got.value == kAgain) op_activate(op);
  return got;
}

void run_connect(Source &source, Op &op) {
  OsResult got = pipe_connect(source, *op.connect.local);
  if (got.value == kBusy)
    connect_later(op);
  else
    settle(op, got);
}

void run_writes(Source &source) {
  for (int budget = kBudget; budget; budget--) {
    Op *head = source.lanes[kWriteLane].head;
    if (!head) return;
    if (head->kind == Kind::connect) {
      run_connect(source, *head);
      return; // its end has resumed the lane
    }
    Pipe &pipe = pipe_of(source);
    if (pipe.requests[kWriteLane].pending) return;
    OsResult got = begin_write(pipe, *head);
    if (got.value == kAgain) return;
    settle(*head, got);
  }
  if (source.lanes[kWriteLane].head) pipe_later(source, bit(kWriteLane));
}

void write_ended(Source &source, OsResult got) {
  Op *head = source.lanes[kWriteLane].head;
  if (!head) return;
  source.torn = got.value == EDDY_ECANCELED;
  settle(*head, got);
  source.torn = false;
  pipe_run(source, bit(kWriteLane));
}

uint32_t events_now(Pipe &pipe) {
  uint32_t events = EDDY_WRITABLE; // a write never blocks
  DWORD bytes = 0;
  bool ended = pipe.ended;
  if (!ended && !pipe.thread)
    ended = !PeekNamedPipe(pipe.handle, nullptr, 0, nullptr, &bytes, nullptr);
  if (ended) return events | EDDY_READABLE | EDDY_DISCONNECT;
  return bytes || (pipe.thread && pipe.readable) ? events | EDDY_READABLE : events;
}

void run_waiters(Source &source) {
  Pipe &pipe = pipe_of(source);
  bool probe = false;
  uint32_t now = source.waiters.head ? events_now(pipe) : 0;
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    uint32_t held = now & op->poll.events;
    if (held)
      settle_waiter(*op, {held, 0});
    else
      probe = true;
  }
  // Bytes that nobody has read hide what comes behind them: the next read looks again.
  if (!probe || (now & EDDY_READABLE) || pipe.requests[kWaiters].pending) return;
  static char nothing;
  OsResult got = begin(pipe, kWaiters, false, &nothing, 0);
  if (got.value == kAgain) return;
  as_read(pipe, got, nullptr);
  pipe_later(source, bit(kWaiters));
}

} // namespace

void pipe_run(Source &source, unsigned lanes) {
  if (source.closing) return;
  if (source.kind == SourceKind::listener) {
    server_run(source);
    return;
  }
  if (source.paused & kPausedByConnect) lanes &= bit(kWriteLane);
  if (lanes & bit(kReadLane)) run_reads(source);
  if (lanes & bit(kWriteLane)) run_writes(source);
  if (lanes & bit(kWaiters)) run_waiters(source);
}

void pipe_later(Source &source, unsigned lanes) {
  source.work |= static_cast<uint8_t>(lanes);
  if (source.in_work) return;
  source.in_work = true;
  overlapped(*source.loop).work.push(source);
}

// The packet comes, whoever wins.
void pipe_cancel(Pipe &pipe, Lane which) {
  Request &request = pipe.requests[which];
  if (!request.pending) return;
  if (pipe.thread)
    thread_cancel(request);
  else
    CancelIoEx(pipe.handle, &request.io);
}

void pipe_packet(Request &request) {
  Pipe &pipe = *request.pipe;
  request.pending = false;
  pipe.pending--;
  overlapped(*pipe.loop).pending--;
  Source *source = pipe.source;
  if (!source) {
    if (!pipe.pending) pipe_free(pipe);
    return;
  }
  OsResult got = outcome_of(request);
  if (source->kind == SourceKind::listener) {
    server_connected(pipe, got);
  } else if (request.which == kReadLane) {
    read_ended(*source, got);
  } else if (request.which == kWriteLane) {
    write_ended(*source, got);
  } else {
    as_read(pipe, got, nullptr);
    if (got.value != EDDY_ECANCELED) pipe.readable = true;
    pipe_run(*source, bit(kWaiters) | bit(kReadLane));
  }
}

} // namespace eddy
