// What a stream is: idle, connecting, connected, and which of its sides still carry data.
#include "api/stream.hpp"

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

void keep_peer(eddy_stream &stream, const eddy_addr_t &addr) {
  if (!stream_takes(addr.family)) return;
  stream.peer.family = addr.family;
  if (addr.family == EDDY_AF_UNIX) return;
  stream.peer.port = addr.port;
  stream.peer.scope = addr.scope;
  memcpy(stream.peer.bytes, addr.bytes, sizeof stream.peer.bytes);
}

void stream_refresh(eddy_stream &stream) {
  stream.can_send =
      stream.life == Life::connected && !stream.write_shut && !stream.gap && !is_closing(stream);
}

// What is believed of a fresh connection: that it takes bytes, and that a read which comes short has taken all. Not of
// a kind that is unknown here; and a Unix socket's read ends behind a message that carries descriptors, and tells.
void believe(eddy_stream &stream) {
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
  stream_move(stream, Life::connected);
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

void fail_lane(OpList &queue, int64_t error) {
  while (Op *op = queue.pop_front()) {
    if (auto broken = row_of(op->kind).broken) broken(*op);
    op_finish(*op, error);
  }
}

void congestion_changed(eddy_stream &stream) {
  if (!stream.congested || stream.queued > stream.low) return;
  stream.congested = false;
  while (Op *op = stream.watchers.pop_front()) op_finish(*op, 0);
}

} // namespace eddy
