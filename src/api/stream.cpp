// Streams: checking arguments, and queueing ops in their lanes.
#include "api/stream.hpp"

#include "api/pool.hpp"
#include "core/op_inline.hpp"

#include <initializer_list>

namespace eddy {

eddy_stream *stream_new(Loop &loop) {
  eddy_stream *stream = source_new<eddy_stream>(loop, SourceKind::stream);
  if (!stream) return nullptr;
  stream->low = 64 * 1024;
  stream->high = 1024 * 1024;
  return stream;
}

bool stream_takes(uint16_t family) {
  return family == EDDY_AF_INET || family == EDDY_AF_INET6 || family == EDDY_AF_UNIX;
}

static void keep_peer(eddy_stream &stream, const eddy_addr_t &addr) {
  if (!stream_takes(addr.family)) return;
  stream.peer.family = addr.family;
  if (addr.family == EDDY_AF_UNIX) return;
  stream.peer.port = addr.port;
  stream.peer.scope = addr.scope;
  memcpy(stream.peer.bytes, addr.bytes, sizeof stream.peer.bytes);
}

void stream_refresh(eddy_stream &stream) {
  stream.can_send =
      stream.life == Life::connected && !stream.write_shut && !stream.gap && !stream.closing;
}

// What is believed of a fresh connection: that it takes bytes, and that a read which comes short has taken all. Not of
// a kind that is unknown here; and a Unix socket's read ends behind a message that carries descriptors, and tells.
static void believe(eddy_stream &stream) {
  if (stream.medium == Medium::socket)
    stream.ready |= 1 << kWriteLane;
  else
    stream.ready = 0;
  uint16_t family = stream.peer.family;
  stream.local = family == EDDY_AF_UNIX && stream.medium == Medium::socket;
  if (family == EDDY_AF_NONE) stream.hung_up = true;
}

void stream_connected(eddy_stream &stream, eddy_native_t native, const eddy_addr_t *peer) {
  source_hold(stream, native); // without memory only a later adoption of the same is not noticed
  stream.life = Life::connected;
  stream.ready = 0;
  if (peer) keep_peer(stream, *peer);
  believe(stream);
  stream_refresh(stream);
}

// Not every system reports it as readiness when the read side is shut down from here.
void stream_read_shut(eddy_stream &stream) {
  if (!stream.loop->readiness) return;
  stream.ready |= 1 << kReadLane;
  if (stream.lanes[kReadLane].head) stream.loop->driver->resume(stream, kReadLane);
}

static void fail_lane(OpList &queue, int64_t error) {
  while (Op *op = queue.pop_front()) {
    if (op->kind == Kind::write || op->kind == Kind::shutdown_write) stream_write_ended(*op);
    op_finish(*op, error);
  }
}

// What is started until the callback of `op` belongs behind it as well: whoever starts it cannot know.
void stream_fail_writes(Source &source, Op &op) {
  eddy_stream &stream = static_cast<eddy_stream &>(source);
  fail_lane(stream.lanes[kWriteLane], EDDY_ECANCELED);
  congestion_changed(stream);
  if (op.bits & kStarting) return;
  op.bits |= kGap;
  stream.gap = true;
  stream_refresh(stream);
}

void stream_gap_told(Source &source) {
  eddy_stream &stream = static_cast<eddy_stream &>(source);
  stream.gap = false;
  stream_refresh(stream);
}

void stream_write_ended(Op &op) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  if (op.kind == Kind::write)
    stream.queued -= op.io.total - op.transferred;
  else
    stream.write_shut = false;
  if (op.kind == Kind::shutdown_write && op.poll.events == EDDY_SHUT_BOTH) stream.read_shut = false;
  stream_refresh(stream);
  congestion_changed(stream);
}

constexpr Time kAgainAfter = 10 * EDDY_MILLISECOND;

static void connect_again(Op &timer) { timer.loop->driver->resume(*timer.source, kWriteLane); }

void connect_later(Op &op) {
  Op &again = static_cast<eddy_stream &>(*op.source).route->again;
  Loop &loop = *op.loop;
  op.count = 0;
  op.source->ready |= 1 << kWriteLane; // for a driver that would wait for it
  again.sequence = loop.sequence++;
  timer_arm(again, saturating_add(loop.driver->now(loop), kAgainAfter));
}

static bool route_new(eddy_stream &stream, const eddy_addr_t &peer) {
  void *memory = stream.loop->memory.get(sizeof(Route));
  if (!memory) return false;
  stream.route = new (memory) Route{};
  stream.route->peer = peer;
  Op &again = stream.route->again;
  again.loop = stream.loop;
  again.source = &stream;
  again.kind = Kind::internal;
  again.internal.fire = connect_again;
  return true;
}

void route_free(Source &source) {
  eddy_stream &stream = static_cast<eddy_stream &>(source);
  if (!stream.route) return;
  timer_disarm(stream.route->again);
  stream.loop->memory.put(stream.route, sizeof(Route));
  stream.route = nullptr;
}

void stream_connect_ended(Op &op, int64_t result) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  stream.paused = 0;
  route_free(stream);
  if (result == 0) {
    source_hold(stream, stream.native); // a pipe has it only now
    stream.life = Life::connected;
    stream_refresh(stream);
    believe(stream);
    for (Lane which : {kReadLane, kWriteLane, kWaiters})
      if (lane(stream, which).head) stream.loop->driver->resume(stream, which);
    return;
  }
  stream.life = Life::idle;
  stream.failed = true;
  fail_lane(stream.lanes[kReadLane], result);
  fail_lane(stream.lanes[kWriteLane], result);
  fail_lane(stream.waiters, result);
  fail_lane(stream.uncongested, result);
}

void congestion_changed(Source &source) {
  eddy_stream &stream = static_cast<eddy_stream &>(source);
  if (!stream.congested || stream.queued > stream.low) return;
  stream.congested = false;
  while (Op *op = stream.uncongested.pop_front()) op_finish(*op, 0);
}

// Joins its lane; the head goes to the driver, unless a connect has to come first.
static inline void enqueue(eddy_stream &stream, Op &op, Kind kind) {
  Lane which = lane_of(kind);
  OpList &queue = lane(stream, which);
  queue.push_back(op);
  bool leads = which == kWaiters || queue.head == &op;
  if (leads && (stream.life == Life::connected || kind == Kind::connect))
    stream.loop->driver->submit(op);
}

// The bytes of a buffer list, or an error.
static inline int64_t measure(const eddy_buf_t *buffers, uint32_t count) {
  if (count == 1 && buffers && !(buffers->size >> 62) && buffers->data) [[likely]]
    return static_cast<int64_t>(buffers->size);
  if (count && !buffers) return EDDY_EINVAL;
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (buffers[i].size >> 62 || (buffers[i].size && !buffers[i].data)) return EDDY_EINVAL;
    total += buffers[i].size;
    if (total >> 62) return EDDY_EINVAL;
  }
  return static_cast<int64_t>(total);
}

// The part of a long list that one read can fill, which begins where there is room. Returns its bytes.
static int64_t first_part(const eddy_buf_t *&buffers, uint32_t &count) {
  for (; !buffers->size; buffers++) count--;
  if (count > kMostBuffers) count = kMostBuffers;
  return measure(buffers, count);
}

// The commonest write of all: one buffer, nothing queued before it, and it may end inside its start call.
static bool may_send_now(const eddy_stream &stream, const eddy_op_t *user_op,
                         const eddy_buf_t *buffers, uint32_t count, eddy_cb cb) {
  const Loop &loop = *stream.loop;
  return count == 1 && buffers && user_op && cb && op_may_end_at_once(op_of(user_op), loop) &&
         stream.can_send && !stream.undelivered[kWriteLane] &&
         (stream.ready & (1u << kWriteLane)) && loop.send_now && !loop.draining &&
         buffers->size - 1 < INT32_MAX && buffers->data;
}

static void lend(Op &op, const eddy_buf_t *buffers, uint32_t count, uint64_t total) {
  if (count == 1) {
    op.io.one = *buffers;
    buffers = &op.io.one;
  }
  op.io.buffers = buffers;
  op.io.count = count;
  op.io.offset = 0;
  op.io.total = total;
}

// The next commonest: it has to be called back, but nothing hinders the attempt.
static bool may_try_now(const eddy_stream &stream, const Op &op) {
  return op.io.count == 1 && op.io.total - 1 < INT32_MAX && stream.loop->send_now &&
         !stream.lanes[kWriteLane].head && stream.can_send && (stream.ready & (1u << kWriteLane));
}

static OsResult send_now(eddy_stream &stream, const eddy_buf_t &bytes) {
  OsResult sent = stream.loop->send_now(stream.native, bytes.data, bytes.size);
  if (sent.value == static_cast<int64_t>(bytes.size)) [[likely]]
    return sent;
  if (sent.value >= 0 || sent.value == kAgain)
    stream.ready &= static_cast<uint8_t>(~(1u << kWriteLane));
  return sent;
}

static int64_t write_refused(const eddy_stream &stream) {
  if (stream.can_send) [[likely]]
    return 0;
  if (stream.life == Life::idle) return EDDY_ENOTCONN;
  if (stream.write_shut) return EDDY_EPIPE;
  return stream.gap ? EDDY_ECANCELED : 0;
}

// `tried`: what the attempt inside the start call has brought, or kAgain.
[[gnu::noinline]] static int start_write(eddy_stream &stream, eddy_op_t *user_op,
                                         const eddy_buf_t *buffers, uint32_t count, eddy_cb cb,
                                         OsResult tried) {
  Loop &loop = *stream.loop;
  Op &op = op_begin_inline(loop, &stream, user_op, Kind::write, cb, 0);
  if (!op_admit_inline(op, loop, stream)) return op_started(op);
  int64_t total = measure(buffers, count);
  if (total < 0) {
    op_finish(op, total);
  } else if (int64_t refusal = write_refused(stream)) {
    op_finish(op, refusal);
  } else {
    lend(op, buffers, count, static_cast<uint64_t>(total));
    if (tried.value == kAgain && may_try_now(stream, op)) {
      tried = send_now(stream, op.io.one);
      if (tried.value == total) {
        op.transferred = op.io.total;
        op_finish_inline(op, total);
        return op_started_inline(op);
      }
    }
    stream.queued += static_cast<uint64_t>(total);
    if (stream.queued >= stream.high) stream.congested = true;
    if (tried.value == kAgain) {
      enqueue(stream, op, Kind::write);
    } else {
      stream.lanes[kWriteLane].push_back(op);
      settle(op, tried);
      if (stream.lanes[kWriteLane].head) loop.driver->resume(stream, kWriteLane);
    }
  }
  return op_started_inline(op);
}

// Names the peer for the op. A stream that has no descriptor yet is a socket if the peer is no pipe.
static int64_t aim(eddy_stream &stream, Op &op, const eddy_addr_t &peer) {
  if (peer.family != EDDY_AF_UNIX) {
    if (!stream_takes(peer.family) || stream.native == EDDY_NO_NATIVE) return EDDY_EAFNOSUPPORT;
    int length = eddy_addr_to_native(&peer, op.connect.inet, sizeof op.connect.inet);
    return length < 0 ? length : 0;
  }
  uint8_t native[128];
  int length = eddy_addr_to_native(&peer, native, sizeof native);
  if (length < 0) return length;
  const Pipes *pipes = stream.loop->driver->pipes;
  if (pipes && stream.native == EDDY_NO_NATIVE && !pipes->names(peer)) {
    OsResult opened = os_socket_open(EDDY_AF_UNIX);
    if (opened.value < 0) return opened.value;
    source_hold(stream, opened.value);
    stream.medium = Medium::socket;
  }
  if (!route_new(stream, peer)) return EDDY_ENOMEM;
  op.connect.local = &stream.route->peer;
  return 0;
}

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_stream_connect(eddy_stream_t *handle, eddy_op_t *user_op, const eddy_addr_t *peer,
                        eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  Op &op = op_begin(*stream.loop, &stream, user_op, Kind::connect, cb, 0);
  if (!op_admit(op)) return op_started(op);
  op.connect.local = nullptr;
  int64_t refusal = 0;
  if (!peer)
    refusal = EDDY_EINVAL;
  else if (stream.life != Life::idle || stream.failed)
    refusal = stream.life == Life::connected ? EDDY_EISCONN : EDDY_EALREADY;
  else if (stream.shared)
    refusal = EDDY_EBUSY;
  else
    refusal = aim(stream, op, *peer);
  if (refusal) {
    op_finish(op, refusal);
    return op_started(op);
  }
  keep_peer(stream, *peer);
  stream.life = Life::connecting;
  stream.paused = kPausedByConnect;
  enqueue(stream, op, op.kind);
  return op_started(op);
}

int eddy_stream_read(eddy_stream_t *handle, eddy_op_t *user_op, const eddy_buf_t *buffers,
                     uint32_t count, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  Op &op = op_begin_inline(*stream.loop, &stream, user_op, Kind::read, cb, 0);
  if (!op_admit_inline(op, *stream.loop, stream)) return op_started(op);
  int64_t total = measure(buffers, count);
  if (total > 0 && count > kMostBuffers) [[unlikely]]
    total = first_part(buffers, count);
  if (total <= 0) {
    op_finish(op, EDDY_EINVAL);
  } else if (stream.life == Life::idle) {
    op_finish(op, EDDY_ENOTCONN);
  } else {
    lend(op, buffers, count, static_cast<uint64_t>(total));
    enqueue(stream, op, Kind::read);
  }
  return op_started_inline(op);
}

int eddy_stream_read_pool(eddy_stream_t *handle, eddy_op_t *user_op, eddy_pool_t *pool,
                          uint32_t credits, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  if (!pool || pool->kind != SourceKind::pool) [[unlikely]]
    handle_refused(pool, SourceKind::pool, __func__);
  Op &op = op_begin(*stream.loop, &stream, user_op, Kind::read_pool, cb, kMulti);
  op.pool = {};
  if (pool->loop == stream.loop) pool_join(*pool, op);
  if (!op_admit(op)) return op_started(op);
  if (!op.pool.pool) {
    op_finish(op, EDDY_EWRONGLOOP);
  } else if (pool->closing) {
    op_finish(op, EDDY_ECLOSED);
  } else if (stream.life == Life::idle) {
    op_finish(op, EDDY_ENOTCONN);
  } else {
    op.pool.credits = credits && credits < pool->count ? credits : pool->count;
    op.pool.epoch = ++stream.loop->epoch;
    enqueue(stream, op, op.kind);
  }
  return op_started(op);
}

int eddy_stream_write(eddy_stream_t *handle, eddy_op_t *user_op, const eddy_buf_t *buffers,
                      uint32_t count, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  if (!may_send_now(stream, user_op, buffers, count, cb))
    return start_write(stream, user_op, buffers, count, cb, {kAgain, 0});
  OsResult tried = send_now(stream, *buffers);
  if (tried.value == static_cast<int64_t>(buffers->size)) [[likely]]
    return op_end_at_once(op_of(user_op), Kind::write, tried.value);
  return start_write(stream, user_op, buffers, count, cb, tried);
}

int eddy_stream_wait(eddy_stream_t *handle, eddy_op_t *user_op, uint32_t events, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  Op &op = op_begin(*stream.loop, &stream, user_op, Kind::wait, cb, 0);
  if (!op_admit(op)) return op_started(op);
  if (events == 0 || events >= EDDY_POLL_ERROR << 1) {
    op_finish(op, EDDY_EINVAL);
  } else if (stream.life == Life::idle) {
    op_finish(op, EDDY_ENOTCONN);
  } else {
    op.poll.events = events;
    enqueue(stream, op, op.kind);
  }
  return op_started(op);
}

int eddy_stream_wait_uncongested(eddy_stream_t *handle, eddy_op_t *user_op, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  Op &op = op_begin(*stream.loop, &stream, user_op, Kind::uncongested, cb, 0);
  if (!op_admit(op)) return op_started(op);
  if (stream.congested)
    stream.uncongested.push_back(op);
  else
    op_finish(op, 0);
  return op_started(op);
}

int eddy_stream_shutdown(eddy_stream_t *handle, eddy_op_t *user_op, uint32_t side, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  bool writes = side & EDDY_SHUT_WRITE;
  Op &op = op_begin(*stream.loop, &stream, user_op,
                    writes ? Kind::shutdown_write : Kind::shutdown_read, cb, 0);
  if (!op_admit(op)) return op_started(op);
  int64_t refusal = 0;
  if (side < EDDY_SHUT_READ || side > EDDY_SHUT_BOTH)
    refusal = EDDY_EINVAL;
  else if (stream.life == Life::idle || (!writes && stream.life == Life::connecting))
    refusal = EDDY_ENOTCONN;
  else if (stream.medium == Medium::pipe)
    refusal = EDDY_ENOTSUP;
  else if (writes ? stream.write_shut : stream.read_shut)
    refusal = EDDY_EPIPE;
  else if (stream.shared)
    refusal = EDDY_EBUSY;
  else if (writes && stream.gap)
    refusal = EDDY_ECANCELED;
  if (refusal) {
    op_finish(op, refusal);
    return op_started(op);
  }
  if (writes) {
    stream.write_shut = true;
    stream_refresh(stream);
    stream.read_shut |= side == EDDY_SHUT_BOTH;
    op.poll.events = side;
    enqueue(stream, op, op.kind);
  } else {
    stream.read_shut = true;
    OsResult done = os_socket_shutdown(stream.native, side);
    if (done.value == 0) stream_read_shut(stream);
    op_finish(op, done.value, done.native);
  }
  return op_started(op);
}

int eddy_stream_close(eddy_stream_t *handle, eddy_op_t *op, eddy_cb cb) {
  return source_close_call(check_stream(handle), op, cb);
}

int eddy_stream_close_reset(eddy_stream_t *handle, eddy_op_t *op, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  if (!stream.closing && !stream.shared && stream.medium == Medium::socket)
    os_socket_reset_on_close(stream.native);
  return source_close_call(stream, op, cb);
}

int eddy_stream_release(eddy_stream_t *handle, eddy_op_t *user_op, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  Op &op = op_begin(*stream.loop, &stream, user_op, Kind::release, cb, 0);
  op.bits &= static_cast<uint16_t>(~kStarting);
  if (!op_admit(op)) return EDDY_PENDING;
  timer_disarm(op);
  if (has_pending(stream)) {
    op_finish(op, EDDY_EBUSY);
  } else if (stream.medium == Medium::pipe) {
    op_finish(op, EDDY_ENOTSUP);
  } else {
    stream.closed = true;
    source_close(stream, &op);
  }
  return EDDY_PENDING;
}

} // extern "C"
