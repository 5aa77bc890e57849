// Streams: checking arguments, and queueing ops in their lanes.
#include "api/stream.hpp"
#include "api/connect.hpp"
#include "api/pool.hpp"
#include "api/transfer.hpp"
#include "core/op_inline.hpp"

namespace eddy {

constinit const KindRow kind_wait = {};
constinit const KindRow kind_uncongested = {};

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
    op.as<Transfer>().one = *buffers;
    buffers = &op.as<Transfer>().one;
  }
  op.as<Transfer>().buffers = buffers;
  op.as<Transfer>().count = count;
  op.as<Transfer>().offset = 0;
  op.as<Transfer>().total = total;
}

// The next commonest: it has to be called back, but nothing hinders the attempt.
static bool may_try_now(const eddy_stream &stream, const Op &op) {
  return op.as<Transfer>().count == 1 && op.as<Transfer>().total - 1 < INT32_MAX &&
         stream.loop->send_now && !stream.lanes[kWriteLane].head && stream.can_send &&
         (stream.ready & (1u << kWriteLane));
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
  if (has_no_peer(stream)) return EDDY_ENOTCONN;
  if (stream.write_shut) return EDDY_EPIPE;
  return stream.gap ? EDDY_ECANCELED : 0;
}

// `tried`: what the attempt inside the start call has brought, or kAgain.
[[gnu::noinline]] static int start_write(eddy_stream &stream, eddy_op_t *user_op,
                                         const eddy_buf_t *buffers, uint32_t count, eddy_cb cb,
                                         OsResult tried) {
  Loop &loop = *stream.loop;
  Op &op = op_begin_inline(loop, &stream, user_op, Kind::write, cb, kRides);
  if (!op_admit_inline(op, loop, stream)) return op_started(op);
  int64_t total = measure(buffers, count);
  if (total < 0) {
    op_finish(op, total);
  } else if (int64_t refusal = write_refused(stream)) {
    op_finish(op, refusal);
  } else {
    lend(op, buffers, count, static_cast<uint64_t>(total));
    if (tried.value == kAgain && may_try_now(stream, op)) {
      tried = send_now(stream, op.as<Transfer>().one);
      if (tried.value == total) {
        op.transferred = op.as<Transfer>().total;
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
    int length = eddy_addr_to_native(&peer, op.as<Connect>().inet, sizeof op.as<Connect>().inet);
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
  op.as<Connect>().local = route_new(stream, peer);
  return op.as<Connect>().local ? 0 : EDDY_ENOMEM;
}

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_stream_connect(eddy_stream_t *handle, eddy_op_t *user_op, const eddy_addr_t *peer,
                        eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  Op &op = op_begin(*stream.loop, &stream, user_op, Kind::connect, cb, 0);
  if (!op_admit(op)) return op_started(op);
  op.as<Connect>().local = nullptr;
  int64_t refusal = 0;
  if (!peer)
    refusal = EDDY_EINVAL;
  else if (stream.life != Life::idle)
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
  stream_move(stream, Life::connecting);
  stream.paused = kPausedByConnect;
  stream.ready |= 1 << kWriteLane; // to be tried at once
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
  } else if (has_no_peer(stream)) {
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
  Op &op = op_begin(*stream.loop, &stream, user_op, Kind::read_pool, cb, kMulti | kLate);
  op.as<PoolRead>() = {};
  if (pool->loop == stream.loop) pool_join(*pool, op);
  if (!op_admit(op)) return op_started(op);
  if (!op.as<PoolRead>().pool) {
    op_finish(op, EDDY_EWRONGLOOP);
  } else if (is_closing(*pool)) {
    op_finish(op, EDDY_ECLOSED);
  } else if (has_no_peer(stream)) {
    op_finish(op, EDDY_ENOTCONN);
  } else {
    op.as<PoolRead>().credits = credits && credits < pool->count ? credits : pool->count;
    op.as<PoolRead>().epoch = ++stream.loop->epoch;
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
  } else if (has_no_peer(stream)) {
    op_finish(op, EDDY_ENOTCONN);
  } else {
    op.as<Waiting>().events = events;
    enqueue(stream, op, op.kind);
  }
  return op_started(op);
}

int eddy_stream_wait_uncongested(eddy_stream_t *handle, eddy_op_t *user_op, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  Op &op = op_begin(*stream.loop, &stream, user_op, Kind::uncongested, cb, 0);
  if (!op_admit(op)) return op_started(op);
  if (stream.congested)
    stream.watchers.push_back(op);
  else
    op_finish(op, 0);
  return op_started(op);
}

int eddy_stream_close(eddy_stream_t *handle, eddy_op_t *op, eddy_cb cb) {
  return source_close_call(check_stream(handle), op, cb);
}

int eddy_stream_close_reset(eddy_stream_t *handle, eddy_op_t *op, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  if (!is_closing(stream) && !stream.shared && stream.medium == Medium::socket)
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
    stream.closed = stream.released = true;
    source_close(stream, &op);
  }
  return EDDY_PENDING;
}

} // extern "C"
