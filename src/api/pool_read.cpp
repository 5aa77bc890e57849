// Reads into the buffers of a pool.
#include "api/pool.hpp"
#include "api/transfer.hpp"
#include "core/lane.hpp"

namespace eddy {

static OsResult try_pool(Op &reader) {
  eddy_pool &pool = *reader.as<PoolRead>().pool;
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
  eddy_pool &pool = *reader.as<PoolRead>().pool;
  if (is_closing(*reader.source)) {
    pool_return(pool, index, &reader);
    return;
  }
  Buffer &buffer = pool.buffers[index];
  buffer.size = size;
  buffer.next = kNoBuffer;
  buffer.state = static_cast<uint32_t>(BufferState::filled);
  if (reader.count++)
    pool.buffers[reader.as<PoolRead>().last].next = index;
  else
    reader.as<PoolRead>().first = index;
  reader.as<PoolRead>().last = index;
  op_make_ready(reader);
}

static int64_t next_buffer(Op &reader) {
  PoolRead &read = reader.as<PoolRead>();
  eddy_pool &pool = *read.pool;
  uint32_t index = read.first;
  read.first = pool.buffers[index].next;
  Offer &offer = reader.loop->offer;
  offer.op = &reader;
  offer.lender = &pool;
  offer.index = index;
  reader.transferred = pool.buffers[index].size;
  return pool.buffers[index].size;
}

static void drop(Op &reader) {
  eddy_pool &pool = *reader.as<PoolRead>().pool;
  while (reader.count) {
    uint32_t index = reader.as<PoolRead>().first;
    reader.as<PoolRead>().first = pool.buffers[index].next;
    reader.count--;
    pool_return(pool, index, &reader);
  }
}

static void leave(Op &reader) {
  if (!reader.as<PoolRead>().pool) return; // of another loop
  eddy_pool &pool = *reader.as<PoolRead>().pool;
  pool.users--;
  pool_passes(reader);
  pool_part(pool, reader);
  if (reader.as<PoolRead>().stand == Stand::no_credit) reader_move(reader, Stand::receiving);
}

// Calls back with one buffer of a pool read that goes on.
static inline void deliver_buffer(Op &op, eddy_pool &pool, uint32_t index, int64_t size) {
  Loop &loop = *op.loop;
  op.result = size;
  op.transferred = static_cast<uint64_t>(size);
  op.bits |= kMore;
  loop.offer.op = &op;
  loop.offer.lender = &pool;
  loop.offer.index = index;
  op.cb(public_op(op), size);
  op.bits &= static_cast<uint16_t>(~kMore);
  if (!loop.offer.op) return;
  loop.offer.op = nullptr;
  loop.offer.lender = nullptr;
  pool_take_back(pool, index, op);
}

static OsResult receive(Source &source, void *data, size_t size) {
  if (!source.local) [[likely]]
    return source.loop->receive_now(source.native, data, size);
  eddy_buf_t room = {data, size};
  return receive_local(source, &room, 1);
}

// Receives where the callback is called, so that all reads of a turn can use the same warm buffer.
static void deliver_received(Op &op) {
  Source &source = *op.source;
  eddy_pool &pool = *op.as<PoolRead>().pool;
  if (!pool_free_for(op) && !pool_admits(op)) [[unlikely]]
    return;
  OsResult got = receive(source, pool_data(pool, pool.free_head), pool.buffer_size);
  if (got.value <= 0) [[unlikely]] {
    if (got.value != kAgain) {
      settle(op, got);
    } else {
      source.ready &= static_cast<uint8_t>(~(1u << kReadLane));
      pool_passes(op);
    }
    return;
  }
  // A short receive has emptied the kernel's buffer, unless the peer's end may be behind it.
  bool emptied = got.value < pool.buffer_size && !source.hung_up;
  if (emptied) source.ready &= static_cast<uint8_t>(~(1u << kReadLane));
  uint32_t index = pool_take(op);
  pool.buffers[index].size = static_cast<uint32_t>(got.value);
  deliver_buffer(op, pool, index, got.value);
  if (!emptied && !(op.bits & kFinal)) op_receive(op); // others have their turn first
}

// One that was received when its lane was run.
static void deliver_only_buffer(Op &op) {
  op.count = 0;
  eddy_pool &pool = *op.as<PoolRead>().pool;
  deliver_buffer(op, pool, op.as<PoolRead>().first, pool.buffers[op.as<PoolRead>().first].size);
}

static bool emptied(const Op &op, OsResult outcome) {
  return outcome.value > 0 && outcome.value < op.as<PoolRead>().pool->buffer_size &&
         !op.source->hung_up;
}

static void settle_read(Op &op, OsResult outcome) {
  if (outcome.value > 0) // settle_pool has it
    hand_on(*op.source, kReadLane);
  else
    settle_head(op, end_or_reset(op, outcome));
}

constinit const KindRow kind_read_pool = {.attempt = try_pool,
                                          .settle = settle_read,
                                          .emptied = emptied,
                                          .receive = deliver_received,
                                          .only = deliver_only_buffer,
                                          .payload = next_buffer,
                                          .drop = drop,
                                          .ends = leave};

} // namespace eddy
