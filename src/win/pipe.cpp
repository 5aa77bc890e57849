// The lanes of a pipe: at most one request each, and what its outcome does.
#include "pipe.hpp"
#include "api/connect.hpp"
#include "api/pool.hpp"
#include "api/transfer.hpp"

namespace eddy {
namespace {

// Of one request. A write that is cancelled does not say how much of it the peer has read: not more than this.
constexpr size_t kMostWritten = 64 * 1024;
constexpr size_t kMostRead = 1 << 30;

unsigned bit(Lane which) { return 1u << which; }

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

// The bytes that a read would find. False: only the end, or an error. A handle that may not be asked is no such.
bool peek(const Pipe &pipe, DWORD &bytes) {
  bytes = 0;
  if (PeekNamedPipe(pipe.handle, nullptr, 0, nullptr, &bytes, nullptr)) return true;
  DWORD code = GetLastError();
  return code == ERROR_ACCESS_DENIED || code == ERROR_INVALID_FUNCTION;
}

// Whether a read would end at once.
bool readable(const Pipe &pipe) {
  if (pipe.ended || pipe.thread) return pipe.ended || pipe.readable;
  DWORD bytes;
  return !peek(pipe, bytes) || bytes;
}

OsResult begin_read(Pipe &pipe, Op &op) {
  const eddy_buf_t *room = op.as<Transfer>().buffers;
  while (!room->size) room++; // there is one with room
  size_t size = room->size < kMostRead ? room->size : kMostRead;
  pipe.readable = false;
  OsResult got = pipe_begin(pipe, kReadLane, false, room->data, size);
  if (got.value == kAgain) op_activate(op);
  return got;
}

// Waits without a buffer, and takes one when there is something to put there.
OsResult begin_pool_read(Pipe &pipe, Op &op) {
  eddy_pool &pool = *op.as<PoolRead>().pool;
  if (!readable(pipe)) {
    pool_passes(op);
    static char nothing;
    pipe.probes = true;
    OsResult got = pipe_begin(pipe, kReadLane, false, &nothing, 0);
    if (got.value != kAgain) pipe.probes = false;
    return got;
  }
  if (!pool_admits(op)) return {kBlocked, 0};
  uint32_t index = pool_take(op);
  pipe.readable = false;
  OsResult got = pipe_begin(pipe, kReadLane, false, pool_data(pool, index), pool.buffer_size);
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
    OsResult got = !pipe.reads                ? os_failure(ERROR_ACCESS_DENIED)
                   : head->kind == Kind::read ? begin_read(pipe, *head)
                                              : begin_pool_read(pipe, *head);
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
    pool_return(*op.as<PoolRead>().pool, index, &op);
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
  if (!pipe.writes) return os_failure(ERROR_ACCESS_DENIED);
  if (op.as<Transfer>().count == 0) return {};
  size_t size = op.as<Transfer>().buffers->size - op.as<Transfer>().offset;
  if (size == 0) return {};
  char *data = static_cast<char *>(op.as<Transfer>().buffers->data) + op.as<Transfer>().offset;
  OsResult got =
      pipe_begin(pipe, kWriteLane, true, data, size < kMostWritten ? size : kMostWritten);
  if (got.value == kAgain) op_activate(op);
  return got;
}

// Who cannot read learns from a write alone that the peer has gone.
void note_end(Source &source, OsResult written) {
  Pipe &pipe = pipe_of(source);
  if (written.value != EDDY_EPIPE || pipe.reads || pipe.ended) return;
  pipe.ended = true;
  if (source.waiters.head) pipe_later(source, bit(kWaiters));
}

void run_connect(Source &source, Op &op) {
  OsResult got = pipe_connect(source, *op.as<Connect>().local);
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
    note_end(source, got);
    settle(*head, got);
  }
  if (source.lanes[kWriteLane].head) pipe_later(source, bit(kWriteLane));
}

void write_ended(Source &source, OsResult got) {
  Op *head = source.lanes[kWriteLane].head;
  note_end(source, got);
  if (!head) return;
  source.torn = got.value == EDDY_ECANCELED;
  settle(*head, got);
  source.torn = false;
  pipe_run(source, bit(kWriteLane));
}

uint32_t events_now(const Pipe &pipe) {
  uint32_t events = pipe.writes ? EDDY_WRITABLE : 0; // a write never blocks
  DWORD bytes = 0;
  if (pipe.ended || (pipe.reads && !pipe.thread && !peek(pipe, bytes)))
    return events | EDDY_READABLE | EDDY_DISCONNECT;
  return bytes || (pipe.thread && pipe.readable) ? events | EDDY_READABLE : events;
}

void run_waiters(Source &source) {
  Pipe &pipe = pipe_of(source);
  bool probe = false;
  uint32_t now = source.waiters.head ? events_now(pipe) : 0;
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    uint32_t held = now & op->as<Waiting>().events;
    if (held)
      settle_waiter(*op, {held, 0});
    else
      probe = true;
  }
  // Bytes that nobody has read hide what comes behind them: the next read looks again.
  if (!probe || !pipe.reads || (now & EDDY_READABLE) || pipe.requests[kWaiters].pending) return;
  static char nothing;
  OsResult got = pipe_begin(pipe, kWaiters, false, &nothing, 0);
  if (got.value == kAgain) return;
  as_read(pipe, got, nullptr);
  pipe_later(source, bit(kWaiters));
}

} // namespace

void pipe_run(Source &source, unsigned lanes) {
  if (is_closing(source)) return;
  if (source.kind == SourceKind::listener) {
    server_run(source);
    return;
  }
  if (source.paused & kPausedByConnect) lanes &= bit(kWriteLane);
  if (lanes & bit(kReadLane)) run_reads(source);
  if (lanes & bit(kWriteLane)) run_writes(source);
  if (lanes & bit(kWaiters)) run_waiters(source);
}

static void request_done(Request &ended) {
  PipeRequest &request = static_cast<PipeRequest &>(ended);
  Pipe &pipe = *request.pipe;
  pipe_came(request);
  Source *source = pipe.source;
  if (!source) {
    if (!pipe.pending) pipe_free(pipe);
    return;
  }
  OsResult got = overlapped_ended(request.io);
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

constinit RequestDone *const pipe_done = request_done;

} // namespace eddy
