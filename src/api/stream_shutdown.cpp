// Half-close: of the write side behind the writes that are queued, of the read side at once.
#include "api/stream.hpp"
#include "core/lane.hpp"

namespace eddy {

static OsResult try_shutdown(Op &op) {
  return os_socket_shutdown(op.source->native, op.as<Waiting>().events);
}

static void shutdown_broken(Op &op) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  stream.write_shut = false;
  if (op.as<Waiting>().events == EDDY_SHUT_BOTH) stream.read_shut = false;
  stream_refresh(stream);
  congestion_changed(stream);
}

static void settle_shutdown(Op &op, OsResult outcome) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  bool reads_end = op.as<Waiting>().events == EDDY_SHUT_BOTH;
  outcome = explain(op, outcome);
  finish_head(op, outcome.value, outcome.native);
  if (reads_end && outcome.value == 0) stream_read_shut(stream);
  hand_on(stream, kWriteLane);
}

constinit const KindRow kind_shutdown_write = {
    .attempt = try_shutdown, .settle = settle_shutdown, .broken = shutdown_broken};
constinit const KindRow kind_shutdown_read = {};

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_stream_shutdown(eddy_stream_t *handle, eddy_op_t *user_op, uint32_t side, eddy_cb cb) {
  eddy_stream &stream = check_stream(handle);
  bool writes = side & EDDY_SHUT_WRITE;
  Op &op = op_begin(*stream.loop, &stream, user_op,
                    writes ? Kind::shutdown_write : Kind::shutdown_read, cb, 0);
  if (!op_admit(op)) return op_started(op);
  int64_t refusal = 0;
  if (side < EDDY_SHUT_READ || side > EDDY_SHUT_BOTH)
    refusal = EDDY_EINVAL;
  else if (has_no_peer(stream) || (!writes && stream.life == Life::connecting))
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
    op.as<Waiting>().events = side;
    enqueue(stream, op, op.kind);
  } else {
    stream.read_shut = true;
    OsResult done = os_socket_shutdown(stream.native, side);
    if (done.value == 0) stream_read_shut(stream);
    op_finish(op, done.value, done.native);
  }
  return op_started(op);
}

} // extern "C"
