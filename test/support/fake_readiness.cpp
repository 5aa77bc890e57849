// The fake as a readiness system: registered once, edges only, like epoll; or asked anew for each report, which
// comes at once when something is there already, like AFD.
#include "fake_test.hpp"

#include <initializer_list>
#include <sys/socket.h>

namespace eddy::fake {

static OsResult readiness_open(Loop &loop, uint32_t) { return open_world(loop, false); }
static OsResult readiness_after_fork(Loop &) { return {}; }

// A pool read takes its bytes from the descriptor: what the script grants goes in there first.
static OsResult perform_pool(Line &line, Op &op) {
  char bytes[2048];
  eddy_buf_t room = {bytes, sizeof bytes};
  if (op.as<PoolRead>().pool->buffer_size < room.size)
    room.size = op.as<PoolRead>().pool->buffer_size;
  OsResult granted = pool_free_for(op) ? take(line, &room, 1) : OsResult{kAgain, 0};
  if (granted.value > 0)
    assert_int_equal(send(line.peer, bytes, static_cast<size_t>(granted.value), 0), granted.value);
  OsResult got = attempt(op);
  if (got.value == kBlocked) return got;
  assert_true(granted.value > 0 ? got.value == granted.value : got.value == kAgain);
  return granted;
}

OsResult attempt_of(Line &line, Op &op) {
  Lane which = lane_of(op.kind);
  line.attempts[which]++;
  switch (op.kind) {
  case Kind::read: return take(line, op.as<Transfer>().buffers, op.as<Transfer>().count);
  case Kind::read_pool: return perform_pool(line, op);
  case Kind::write: {
    if (op.as<Transfer>().count == 0) return {0, 0};
    eddy_buf_t run[64];
    uint32_t ops;
    return put(line, run, gather(op, run, 64, &ops));
  }
  case Kind::accept: return accept_one(line, op);
  case Kind::shutdown_write:
  case Kind::connect: {
    Script &script = line.script[kWriteLane];
    if (script.empty()) return {op.kind == Kind::connect ? kAgain : 0, 0};
    Step step = script.pop();
    return {step.value, step.native};
  }
  default: return {EDDY_EINVAL, 0};
  }
}

static OsResult look(Source &source, uint32_t events) {
  Line &line = fake::line(source);
  assert_false(line.released);
  line.attempts[kWaiters]++;
  uint32_t level = level_of(line, events);
  return {level ? level : kAgain, 0};
}

static OsResult perform(Op &op) {
  Line &line = fake::line(*op.source);
  assert_false(line.released);
  assert_int_equal(static_cast<int>(op.reason), static_cast<int>(Reason::none));
  return attempt_of(line, op);
}

static unsigned lanes_now(const Line &line) {
  unsigned now = 0;
  if (line.arrived > line.taken || line.end || line.error || line.connections || line.level)
    now |= bit(kReadLane);
  if (line.room) now |= bit(kWriteLane);
  return now;
}

static OsResult arm(Source &source, unsigned lanes) {
  Line &line = fake::line(source);
  line.arms++;
  if (line.arm_error.value < 0) return line.arm_error;
  if (world(*source.loop).once) {
    source.armed |= static_cast<uint8_t>(kKnown | (lanes & (bit(kReadLane) | bit(kWriteLane))));
  } else {
    if (source.armed) return {};
    source.armed = kArmedForEver;
    lanes = ~0u;
  }
  // What is there already is reported.
  if (unsigned now = lanes & lanes_now(line))
    at(world(*source.loop).now, line, line.end || line.error ? hang_up : ready, now);
  return {};
}

static void readiness_release(Source &source) {
  Line &line = fake::line(source);
  line.releases++;
  line.released = true;
}

static void readiness_poll(Loop &loop, Time until) { poll_events(world(loop), until); }
static eddy_native_t readiness_native(Loop &) { return 0; }

void notify(Line &line, unsigned lanes, bool hung_up) {
  if (world(*line.source->loop).completes) {
    for (Lane which : {kReadLane, kWriteLane})
      if (lanes & bit(which)) complete(line, which);
    complete_waiters(line);
    return;
  }
  Source &source = *line.source;
  if (!source.armed) return;
  if (world(*source.loop).once) {
    lanes &= source.armed;
    source.armed &= static_cast<uint8_t>(~lanes);
    if (!lanes && !source.waiters.head) return;
  }
  adapter_ready(source, lanes, hung_up, level_of(line, UINT32_MAX));
}

const Readiness readiness = {
    .id = EDDY_DRIVER_EPOLL,
    .probe = nullptr,
    .fit_for_default = nullptr,
    .open = readiness_open,
    .destroy = destroy_world,
    .bind_thread = nullptr,
    .after_fork = readiness_after_fork,
    .receive = nullptr, // all attempts go through the script
    .send = nullptr,
    .perform = perform,
    .arm = arm,
    .look = look,
    .carry = nullptr,
    .release = readiness_release,
    .unflushed = nullptr,
    .poll = readiness_poll,
    .native = readiness_native,
    .now = world_now,
};

} // namespace eddy::fake
