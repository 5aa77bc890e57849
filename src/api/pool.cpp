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
    pool.uncalled = reader.as<PoolRead>().line_next;
    pool.called++;
    reader_move(reader, Stand::called);
    call(reader);
  }
}

static void push(Op *&head, Op *&tail, Op &reader) {
  reader.as<PoolRead>().line_next = nullptr;
  reader.as<PoolRead>().line_prev = tail;
  (tail ? tail->as<PoolRead>().line_next : head) = &reader;
  tail = &reader;
}

static void unlink(Op *&head, Op *&tail, Op &reader) {
  Op *next = reader.as<PoolRead>().line_next, *prev = reader.as<PoolRead>().line_prev;
  (prev ? prev->as<PoolRead>().line_next : head) = next;
  (next ? next->as<PoolRead>().line_prev : tail) = prev;
}

void pool_part(eddy_pool &pool, Op &reader) { unlink(pool.reads_head, pool.reads_tail, reader); }

void pool_join(eddy_pool &pool, Op &reader) {
  reader.as<PoolRead>().pool = &pool;
  pool.users++;
  push(pool.reads_head, pool.reads_tail, reader);
}

static void join_line(eddy_pool &pool, Op &reader) {
  unlink(pool.reads_head, pool.reads_tail, reader);
  push(pool.line_head, pool.line_tail, reader);
  if (!pool.uncalled) pool.uncalled = &reader;
  reader_move(reader, Stand::in_line);
}

void pool_leave_line(Op &reader) {
  eddy_pool &pool = *reader.as<PoolRead>().pool;
  if (reader.as<PoolRead>().stand == Stand::called)
    pool.called--;
  else if (pool.uncalled == &reader)
    pool.uncalled = reader.as<PoolRead>().line_next;
  unlink(pool.line_head, pool.line_tail, reader);
  push(pool.reads_head, pool.reads_tail, reader);
  reader_move(reader, Stand::receiving);
}

bool pool_admits(Op &reader) {
  if (pool_free_for(reader)) return true;
  if (reader.bits & kParked) return false;
  if (reader.as<PoolRead>().held < reader.as<PoolRead>().credits)
    join_line(*reader.as<PoolRead>().pool, reader);
  else
    reader_move(reader, Stand::no_credit);
  return false;
}

void pool_passes(Op &reader) {
  if (reader.as<PoolRead>().stand < Stand::in_line) return;
  pool_leave_line(reader);
  call_line(*reader.as<PoolRead>().pool);
}

// The read that filled a buffer, if it is still pending.
static Op *reader_of(const Buffer &buffer) {
  Op *head = buffer.reader->lanes[kReadLane].head;
  return head && head->kind == Kind::read_pool && head->as<PoolRead>().epoch == buffer.epoch
             ? head
             : nullptr;
}

// Closed pools that leases keep, chained over accepted_next.
static void linger(eddy_pool &pool) {
  pool.accepted_next = pool.loop->lingering;
  pool.loop->lingering = &pool;
}

static void linger_end(eddy_pool &pool) {
  Source **link = &pool.loop->lingering;
  while (*link != &pool) link = &(*link)->accepted_next;
  *link = pool.accepted_next;
}

static void release_memory(Source &source) {
  eddy_pool &pool = static_cast<eddy_pool &>(source);
  const Memory &memory = pool.loop->memory;
  size_t size = static_cast<size_t>(pool.count) * pool.buffer_size;
  if (memory.alloc)
    memory.put(pool.memory, size);
  else
    os_release_pages(pool.memory, size);
  memory.put(pool.buffers, pool.count * sizeof(Buffer));
  pool.count = 0;
}

static void free_memory(eddy_pool &pool) {
  release_memory(pool);
  if (pool.state != HandleState::drained) source_rest(pool);
}

static inline void give_back(eddy_pool &pool, uint32_t index, Op *reader) {
  Buffer &buffer = pool.buffers[index];
  buffer.state = static_cast<uint32_t>(BufferState::free);
  pool.free++;
  if (pool.gone) {
    if (pool.free < pool.count) return;
    linger_end(pool);
    free_memory(pool);
    return;
  }
  buffer.next = pool.free_head;
  pool.free_head = index;
  if (reader) {
    reader->as<PoolRead>().held--;
    if (reader->as<PoolRead>().stand == Stand::no_credit) {
      reader_move(*reader, Stand::receiving);
      pool.loop->driver->resume(*reader->source, kReadLane);
    }
  }
  call_line(pool);
}

void pool_return(eddy_pool &pool, uint32_t index, Op *reader) { give_back(pool, index, reader); }

static void end_all(Op *reader) {
  for (Op *next; reader; reader = next) {
    next = reader->as<PoolRead>().line_next;
    op_cancel(*reader, Reason::cancel);
  }
}

static void end_reads(Source &source) {
  eddy_pool &pool = static_cast<eddy_pool &>(source);
  end_all(pool.line_head);
  end_all(pool.reads_head);
}

// It was the last moment of a pool: its memory stays while something is on loan.
static void end(Source &source) {
  eddy_pool &pool = static_cast<eddy_pool &>(source);
  pool.gone = true;
  if (pool.free == pool.count)
    free_memory(pool);
  else
    linger(pool);
}

static bool quiet(const Source &source) {
  return static_cast<const eddy_pool &>(source).users == 0;
}

static void take_back(Source &source, uint32_t index, Op *reader) {
  give_back(static_cast<eddy_pool &>(source), index, reader);
}

constinit const HandleRow handle_pool = {.late = "pool used after its close",
                                         .size = sizeof(eddy_pool),
                                         .driven = false,
                                         .closing = end_reads,
                                         .quiet = quiet,
                                         .end = end,
                                         .forget = release_memory,
                                         .give_back = take_back};

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
  if (!offer || !offer->lender) return 0;
  eddy_pool &pool = static_cast<eddy_pool &>(*offer->lender);
  Buffer &buffer = pool.buffers[offer->index];
  buffer.reader = op.source;
  buffer.epoch = op.as<PoolRead>().epoch;
  buffer.state = static_cast<uint32_t>(BufferState::lent);
  buffer.generation++;
  lease->data = pool_data(pool, offer->index);
  lease->size = buffer.size;
  lease->id = uint64_t{buffer.generation} << 32 | offer->index;
  pool.lent++;
  op.loop->leases++;
  offer->op = nullptr;
  offer->lender = nullptr;
  return 1;
}

int eddy_op_peek_lease(const eddy_op_t *user_op, eddy_lease_t *lease) {
  require(user_op != nullptr && lease != nullptr, "null op or lease");
  const Offer *offer = offer_of(op_of(user_op));
  if (!offer || !offer->lender) return 0;
  eddy_pool &pool = static_cast<eddy_pool &>(*offer->lender);
  uint32_t index = offer->index;
  lease->data = pool_data(pool, index);
  lease->size = op_of(user_op).transferred;
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
