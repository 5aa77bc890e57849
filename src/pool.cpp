// Receive pools: hard credits, first come first served when buffers are short.
#include "pool.hpp"

#include "loop.hpp"

namespace eddy {

static void list_insert(eddy_pool &pool, Op &reader, Op *before) {
  Op *after = before ? before->pool.park_prev : pool.parked_tail;
  reader.pool.park_next = before;
  reader.pool.park_prev = after;
  (after ? after->pool.park_next : pool.parked_head) = &reader;
  (before ? before->pool.park_prev : pool.parked_tail) = &reader;
  reader.pool.listed = 1;
  reader.bits |= kParked;
}

static void list_remove(eddy_pool &pool, Op &reader) {
  Op *next = reader.pool.park_next, *prev = reader.pool.park_prev;
  (prev ? prev->pool.park_next : pool.parked_head) = next;
  (next ? next->pool.park_prev : pool.parked_tail) = prev;
  reader.pool.listed = 0;
  reader.bits &= static_cast<uint16_t>(~kParked);
}

static void park(eddy_pool &pool, Op &reader) {
  reader.pool.ticket = pool.tickets++;
  list_insert(pool, reader, nullptr);
}

static void wake_parked(eddy_pool &pool);

void pool_refused(Op &reader) {
  eddy_pool &pool = *reader.pool.pool;
  if (!reader.pool.reserved) {
    park(pool, reader);
    wake_parked(pool); // what the kernel lacked may have come back since
    return;
  }
  reader.pool.reserved = 0;
  pool.reserved--;
  Op *before = pool.parked_head;
  while (before && static_cast<int32_t>(before->pool.ticket - reader.pool.ticket) < 0)
    before = before->pool.park_next;
  list_insert(pool, reader, before);
  wake_parked(pool);
}

// Gives free buffers to the reads that wait, in turn.
static void wake_parked(eddy_pool &pool) {
  while (pool.parked_head && pool.free > pool.reserved) {
    Op &reader = *pool.parked_head;
    list_remove(pool, reader);
    reader.pool.reserved = 1;
    pool.reserved++;
    reader.loop->driver->resume(*reader.source, kReadLane);
  }
}

void pool_drop_reservation(Op &reader) {
  if (!reader.pool.reserved) return;
  reader.pool.reserved = 0;
  reader.pool.pool->reserved--;
  wake_parked(*reader.pool.pool);
}

bool pool_may_receive(Op &reader, bool ring, bool has_data) {
  eddy_pool &pool = *reader.pool.pool;
  if (reader.bits & kParked) return false;
  if (reader.pool.reserved) return true;
  if (reader.pool.held >= reader.pool.credits) {
    reader.bits |= kParked; // a lease given back wakes it
    return false;
  }
  bool wait = ring ? pool.parked_head && has_data : pool.parked_head || pool.free <= pool.reserved;
  if (wait) park(pool, reader);
  return !wait;
}

OsResult pool_attempt(Op &reader) {
  eddy_pool &pool = *reader.pool.pool;
  if (!pool_may_receive(reader, false, true)) return {kBlocked, 0};
  uint32_t index = pool.free_head;
  eddy_buf_t room = {pool_data(pool, index), pool.buffer_size};
  OsResult got = os_read(reader.source->native, &room, 1, 0);
  if (got.value <= 0) {
    pool_drop_reservation(reader);
    return got;
  }
  pool.free_head = pool.buffers[index].next;
  settle_pool(reader, index, static_cast<uint32_t>(got.value));
  return got;
}

void settle_pool(Op &reader, uint32_t index, uint32_t size) {
  eddy_pool &pool = *reader.pool.pool;
  Buffer &buffer = pool.buffers[index];
  buffer.size = size;
  buffer.next = kNoBuffer;
  buffer.state = static_cast<uint32_t>(BufferState::filled);
  pool.free--;
  reader.pool.held++;
  if (reader.pool.reserved) {
    reader.pool.reserved = 0;
    pool.reserved--;
  }
  if (reader.source->closing) {
    pool_return(pool, index, &reader);
    return;
  }
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

static inline void give_back(eddy_pool &pool, uint32_t index, Op *reader) {
  Buffer &buffer = pool.buffers[index];
  buffer.state = static_cast<uint32_t>(BufferState::free);
  pool.free++;
  if (pool.gone) {
    if (pool.free == pool.count) pool_free_memory(pool);
    return;
  }
  if (pool.group >= 0) {
    pool.loop->driver->pool_give(pool, index);
  } else {
    buffer.next = pool.free_head;
    pool.free_head = index;
  }
  if (reader) {
    reader->pool.held--;
    if ((reader->bits & kParked) && !reader->pool.listed) {
      reader->bits &= static_cast<uint16_t>(~kParked);
      pool.loop->driver->resume(*reader->source, kReadLane);
    }
  }
  if (pool.parked_head) wake_parked(pool);
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
  if (reader.pool.listed) list_remove(pool, reader);
  reader.bits &= static_cast<uint16_t>(~kParked);
  pool_drop_reservation(reader);
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
  if (!source.drained) source_free(source);
}

} // namespace eddy

using namespace eddy;

static eddy_pool &check_pool(const eddy_pool_t *pool) {
  return check_handle(const_cast<eddy_pool_t *>(pool), SourceKind::pool);
}

extern "C" {

int eddy_pool_close(eddy_pool_t *handle, eddy_op_t *op, eddy_cb cb) {
  return source_close_call(check_pool(handle), op, cb);
}

int eddy_op_take_lease(eddy_op_t *user_op, eddy_lease_t *lease) {
  require(user_op != nullptr && lease != nullptr, "null op or lease");
  Op &op = op_of(user_op);
  if (!op.loop || op.loop->offer.op != &op || !op.loop->offer.pool) return 0;
  check_thread(*op.loop);
  Offer &offer = op.loop->offer;
  eddy_pool &pool = *offer.pool;
  Buffer &buffer = pool.buffers[offer.buffer];
  buffer.reader = op.source;
  buffer.epoch = op.pool.epoch;
  buffer.state = static_cast<uint32_t>(BufferState::lent);
  buffer.generation++;
  lease->data = pool_data(pool, offer.buffer);
  lease->size = buffer.size;
  lease->id = uint64_t{buffer.generation} << 32 | offer.buffer;
  pool.lent++;
  op.loop->leases++;
  offer.op = nullptr;
  offer.pool = nullptr;
  return 1;
}

int eddy_op_peek_lease(const eddy_op_t *user_op, eddy_lease_t *lease) {
  require(user_op != nullptr && lease != nullptr, "null op or lease");
  const Op &op = op_of(user_op);
  if (!op.loop || op.loop->offer.op != &op || !op.loop->offer.pool) return 0;
  check_thread(*op.loop);
  const Offer &offer = op.loop->offer;
  eddy_pool &pool = *offer.pool;
  uint32_t index = offer.buffer;
  lease->data = pool_data(pool, index);
  lease->size = pool.buffers[index].size;
  lease->id = 0;
  return 1;
}

int eddy_pool_give(eddy_pool_t *handle, uint64_t id) {
  eddy_pool &pool = check_pool(handle);
  uint32_t index = static_cast<uint32_t>(id);
  if (index >= pool.count) return EDDY_EINVAL;
  Buffer &buffer = pool.buffers[index];
  if (buffer.state != static_cast<uint32_t>(BufferState::lent) || buffer.generation != id >> 32)
    return EDDY_EINVAL;
  pool.lent--;
  pool.loop->leases--;
  give_back(pool, index, reader_of(buffer));
  return 0;
}

uint32_t eddy_pool_free(const eddy_pool_t *handle) { return check_pool(handle).free; }

} // extern "C"
