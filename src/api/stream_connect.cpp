// Connecting, and what its end does to the stream.
#include "api/connect.hpp"
#include "api/internal.hpp"
#include "api/stream.hpp"
#include "core/lane.hpp"

#include <initializer_list>

namespace eddy {

// Of a stream of EDDY_AF_UNIX while it connects.
struct Route {
  eddy_addr_t peer;
  Op again; // waits when there was no room at the peer
};

constexpr Time kAgainAfter = 10 * EDDY_MILLISECOND;

static void connect_again(Op &timer) { timer.loop->driver->resume(*timer.source, kWriteLane); }

void connect_later(Op &op) {
  op.count = 0;
  op.source->ready |= 1 << kWriteLane; // for a driver that would wait for it
  internal_arm(static_cast<eddy_stream &>(*op.source).route->again, kAgainAfter);
}

const eddy_addr_t *route_new(eddy_stream &stream, const eddy_addr_t &peer) {
  void *memory = stream.loop->memory.get(sizeof(Route));
  if (!memory) return nullptr;
  stream.route = new (memory) Route{};
  stream.route->peer = peer;
  internal_init(stream.route->again, stream, connect_again);
  return &stream.route->peer;
}

static void route_free(Source &source) {
  eddy_stream &stream = static_cast<eddy_stream &>(source);
  if (!stream.route) return;
  timer_disarm(stream.route->again);
  stream.loop->memory.put(stream.route, sizeof(Route));
  stream.route = nullptr;
}

static OsResult try_connect(Op &op) {
  bool first = op.count == 0;
  op.count = 1;
  const Connect &to = op.as<Connect>();
  if (!first || !to.local) return os_connect(op.source->native, to.inet, first);
  OsResult got = os_connect_local(op.source->native, *to.local);
  if (got.value != kBusy) return got;
  connect_later(op);
  return {kBlocked, 0};
}

static void connect_ended(Op &op) {
  eddy_stream &stream = static_cast<eddy_stream &>(*op.source);
  int64_t result = op.ending;
  stream.paused = 0;
  route_free(stream);
  if (result == 0) {
    source_hold(stream, stream.native); // a pipe has it only now
    stream_move(stream, Life::connected);
    stream_refresh(stream);
    believe(stream);
    for (Lane which : {kReadLane, kWriteLane, kWaiters})
      if (lane(stream, which).head) stream.loop->driver->resume(stream, which);
    return;
  }
  stream_move(stream, Life::failed);
  fail_lane(stream.lanes[kReadLane], result);
  fail_lane(stream.lanes[kWriteLane], result);
  fail_lane(stream.waiters, result);
  fail_lane(stream.watchers, result);
}

static void settle_connect(Op &op, OsResult outcome) {
  Source &source = *op.source;
  outcome = explain(op, outcome);
  finish_head(op, outcome.value, outcome.native);
  connect_ended(op);
  hand_on(source, kWriteLane);
}

constinit const KindRow kind_connect = {
    .attempt = try_connect, .settle = settle_connect, .ended = connect_ended};

static void closing(Source &source) { stream_refresh(static_cast<eddy_stream &>(source)); }

constinit const HandleRow handle_stream = {.late = "stream used after its close",
                                           .size = sizeof(eddy_stream),
                                           .closing = closing,
                                           .forget = route_free};

} // namespace eddy
