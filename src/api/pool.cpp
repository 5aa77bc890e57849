// Receive pools: hard credits, first come first served when buffers are short; the rule is in pool.hpp.
#include "api/pool.hpp"

#include "core/loop.hpp"

namespace eddy {

static void call(Op &reader) {
  if (reader.loop->receive_now)
    op_receive(reader);
  else
    reader.loop->driver->resume(*reader.source, kReadLane);
}

static void call_line(eddy_pool &pool) {
  while (pool.uncalled && pool.called < pool.free) {
    Op &reader = *pool.uncalled;
    pool.uncalled = reader.pool.line_next;
    pool.called++;
    reader.pool.called = 1;
    call(reader);
  }
}

static void push(Op *&head, Op *&tail, Op &reader) {
  reader.pool.line_next = nullptr;
  reader.pool.line_prev = tail;
  (tail ? tail->pool.line_next : head) = &reader;
  tail = &reader;
}

static void unlink(Op *&head, Op *&tail, Op &reader) {
  Op *next = reader.pool.line_next, *prev = reader.pool.line_prev;
  (prev ? prev->pool.line_next : head) = next;
  (next ? next->pool.line_prev : tail) = prev;
}

void pool_join(eddy_pool &pool, Op &reader) {
  reader.pool.pool = &pool;
  pool.users++;
  push(pool.reads_head, pool.reads_tail, reader);
}

static void join_line(eddy_pool &pool, Op &reader) {
  unlink(pool.reads_head, pool.reads_tail, reader);
  push(pool.line_head, pool.line_tail, reader);
  if (!pool.uncalled) pool.uncalled = &reader;
  reader.pool.in_line = 1;
}

void pool_leave_line(Op &reader) {
  eddy_pool &pool = *reader.pool.pool;
  if (reader.pool.called)
    pool.called--;
  else if (pool.uncalled == &reader)
    pool.uncalled = reader.pool.line_next;
  unlink(pool.line_head, pool.line_tail, reader);
  push(pool.reads_head, pool.reads_tail, reader);
  reader.pool.in_line = reader.pool.called = 0;
  reader.bits &= static_cast<uint16_t>(~kParked);
}

bool pool_admits(Op &reader) {
  if (pool_free_for(reader)) return true;
  if (reader.bits & kParked) return false;
  reader.bits |= kParked;
  if (reader.pool.held < reader.pool.credits) join_line(*reader.pool.pool, reader);
  return false;
}

void pool_passes(Op &reader) {
  if (!reader.pool.in_line) return;
  pool_leave_line(reader);
  call_line(*reader.pool.pool);
}

OsResult pool_attempt(Op &reader) {
  eddy_pool &pool = *reader.pool.pool;
  if (!pool_admits(reader)) return {kBlocked, 0};
  Source &source = *reader.source;
  eddy_buf_t room = {pool_data(pool, pool.free_head), pool.buffer_size};
  OsResult got =
      source.local ? receive_local(source, &room, 1) : os_read(source.native, &room, 1, 0);
  if (got.value > 0)
    settle_pool(reader, pool_take(reader), static_cast<uint32_t>(got.value));
  else
    pool_passes(reader);
  return got;
}

void settle_pool(Op &reader, uint32_t index, uint32_t size) {
  eddy_pool &pool = *reader.pool.pool;
  if (reader.source->closing) {
    pool_return(pool, index, &reader);
    return;
  }
  Buffer &buffer = pool.buffers[index];
  buffer.size = size;
  buffer.next = kNoBuffer;
  buffer.state = static_cast<uint32_t>(BufferState::filled);
  if (reader.count++)
    pool.buffers[reader.pool.last].next = index;
  else
    reader.pool.first = index;
  reader.pool.last = index;
  op_make_ready(reader);
}

int64_t pool_offer(Op &reader) {
  eddy_pool &pool = *reader.pool.pool;
  uint32_t index = reader.pool.first;
  reader.pool.first = pool.buffers[index].next;
  Offer &offer = reader.loop->offer;
  offer.op = &reader;
  offer.pool = &pool;
  offer.buffer = index;
  reader.transferred = pool.buffers[index].size;
  return pool.buffers[index].size;
}

// The read that filled a buffer, if it is still pending.
static Op *reader_of(const Buffer &buffer) {
  Op *head = buffer.reader->lanes[kReadLane].head;
  return head && head->kind == Kind::read_pool && head->pool.epoch == buffer.epoch ? head : nullptr;
}

// Closed pools that leases keep, chained over accepted_next.
void pool_linger(eddy_pool &pool) {
  pool.accepted_next = pool.loop->lingering;
  pool.loop->lingering = &pool;
}

static void linger_end(eddy_pool &pool) {
  Source **link = &pool.loop->lingering;
  while (*link != &pool) link = &(*link)->accepted_next;
  *link = pool.accepted_next;
}

static inline void give_back(eddy_pool &pool, uint32_t index, Op *reader) {
  Buffer &buffer = pool.buffers[index];
  buffer.state = static_cast<uint32_t>(BufferState::free);
  pool.free++;
  if (pool.gone) {
    if (pool.free < pool.count) return;
    linger_end(pool);
    pool_free_memory(pool);
    return;
  }
  buffer.next = pool.free_head;
  pool.free_head = index;
  if (reader) {
    reader->pool.held--;
    if ((reader->bits & kParked) && !reader->pool.in_line) {
      reader->bits &= static_cast<uint16_t>(~kParked);
      pool.loop->driver->resume(*reader->source, kReadLane);
    }
  }
  call_line(pool);
}

void pool_return(eddy_pool &pool, uint32_t index, Op *reader) { give_back(pool, index, reader); }

void pool_drop(Op &reader) {
  eddy_pool &pool = *reader.pool.pool;
  while (reader.count) {
    uint32_t index = reader.pool.first;
    reader.pool.first = pool.buffers[index].next;
    reader.count--;
    pool_return(pool, index, &reader);
  }
}

void pool_unlink(Op &reader) {
  if (!reader.pool.pool) return; // of another loop
  eddy_pool &pool = *reader.pool.pool;
  pool.users--;
  pool_passes(reader);
  unlink(pool.reads_head, pool.reads_tail, reader);
  reader.bits &= static_cast<uint16_t>(~kParked);
}

static void end_all(Op *reader) {
  for (Op *next; reader; reader = next) {
    next = reader->pool.line_next;
    op_cancel(*reader, Reason::cancel);
  }
}

void pool_end_reads(eddy_pool &pool) {
  end_all(pool.line_head);
  end_all(pool.reads_head);
}

void pool_release_memory(eddy_pool &pool) {
  const Memory &memory = pool.loop->memory;
  size_t size = static_cast<size_t>(pool.count) * pool.buffer_size;
  if (memory.alloc)
    memory.put(pool.memory, size);
  else
    os_release_pages(pool.memory, size);
  memory.put(pool.buffers, pool.count * sizeof(Buffer));
  pool.count = 0;
}

void pool_free_memory(Source &source) {
  pool_release_memory(static_cast<eddy_pool &>(source));
  if (!source.drained) source_rest(source);
}

} // namespace eddy

using namespace eddy;

static eddy_pool &check_pool(const eddy_pool_t *pool, const char *call = __builtin_FUNCTION()) {
  return check_handle(const_cast<eddy_pool_t *>(pool), SourceKind::pool, call);
}

extern "C" {

int eddy_pool_close(eddy_pool_t *handle, eddy_op_t *op, eddy_cb cb) {
  return source_close_call(check_pool(handle), op, cb);
}

int eddy_op_take_lease(eddy_op_t *user_op, eddy_lease_t *lease) {
  require(user_op != nullptr && lease != nullptr, "null op or lease");
  Op &op = op_of(user_op);
  Offer *offer = offer_of(op);
  if (!offer || !offer->pool) return 0;
  eddy_pool &pool = *offer->pool;
  Buffer &buffer = pool.buffers[offer->buffer];
  buffer.reader = op.source;
  buffer.epoch = op.pool.epoch;
  buffer.state = static_cast<uint32_t>(BufferState::lent);
  buffer.generation++;
  lease->data = pool_data(pool, offer->buffer);
  lease->size = buffer.size;
  lease->id = uint64_t{buffer.generation} << 32 | offer->buffer;
  pool.lent++;
  op.loop->leases++;
  offer->op = nullptr;
  offer->pool = nullptr;
  return 1;
}

int eddy_op_peek_lease(const eddy_op_t *user_op, eddy_lease_t *lease) {
  require(user_op != nullptr && lease != nullptr, "null op or lease");
  const Offer *offer = offer_of(op_of(user_op));
  if (!offer || !offer->pool) return 0;
  eddy_pool &pool = *offer->pool;
  uint32_t index = offer->buffer;
  lease->data = pool_data(pool, index);
  lease->size = pool.buffers[index].size;
  lease->id = 0;
  return 1;
}

int eddy_pool_give(eddy_pool_t *handle, uint64_t id) {
  // The child's copies of leases end with destructors, which know no better.
  if (handle && handle->kind == SourceKind::pool && handle->loop->owner == kForked) [[unlikely]]
    return failed(EDDY_ECLOSED);
  eddy_pool &pool = check_pool(handle);
  uint32_t index = static_cast<uint32_t>(id);
  if (index >= pool.count) return failed(EDDY_EINVAL);
  Buffer &buffer = pool.buffers[index];
  if (buffer.state != static_cast<uint32_t>(BufferState::lent) || buffer.generation != id >> 32)
    return failed(EDDY_EINVAL);
  pool.lent--;
  pool.loop->leases--;
  give_back(pool, index, reader_of(buffer));
  return 0;
}

uint32_t eddy_pool_free(const eddy_pool_t *handle) { return check_pool(handle).free; }

} // extern "C"
