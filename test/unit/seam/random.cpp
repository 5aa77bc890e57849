// Random ops, cancels, deadlines and closes on many streams, with a random kernel, and what must hold
// after every step. The seed of a failure is printed; EDDY_SEED runs that one alone.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

#include <initializer_list>

using namespace eddy;
using namespace eddy::fake;

namespace {

constexpr int kStreams = 12, kOps = 8, kSteps = 2500;
constexpr uint32_t kBuffers = 6;

struct Slot {
  Rec rec; // first: the op is the Rec
  struct Conn *peer;
  bool writes, leases;
  uint32_t credits, lent;
  uint64_t ids[kBuffers];
  int lane_order; // of its start
  char bytes[24];
  uint32_t size;
};

struct Conn {
  eddy_stream_t *stream;
  Slot slots[kOps];
  Rec closer;
  bool closing;
  int started[2], effected[2]; // the start order of the last op with an effect
  uint64_t delivered;          // bytes that callbacks have brought
  uint64_t written;            // ... and that they said were taken
};

Conn peers[kStreams];
Loop *loop;
eddy_pool_t *buffers;
uint64_t refs;

uint64_t chance(uint64_t n) { return fake::random(world(*loop)) % n; }

void give(Slot &slot) { assert_int_equal(eddy_pool_give(buffers, slot.ids[--slot.lent]), 0); }

// The peer's bytes in their order, none of them twice.
void in_order(Conn &peer, const void *data, uint64_t size) {
  const uint8_t *bytes = static_cast<const uint8_t *>(data);
  for (uint64_t i = 0; i < size; i++) assert_int_equal(bytes[i], fake::pattern(peer.delivered + i));
  peer.delivered += size;
}

void took_effect(Slot &slot) {
  int &last = slot.peer->effected[slot.writes];
  assert_true(slot.lane_order > last);
  last = slot.lane_order;
}

void done(Rec &rec, int64_t result) {
  Slot &slot = reinterpret_cast<Slot &>(rec);
  Conn &peer = *slot.peer;
  if (eddy_op_more(&rec.op)) {
    eddy_lease_t lease;
    assert_int_equal(eddy_op_peek_lease(&rec.op, &lease), 1);
    assert_int_equal(lease.size, result);
    in_order(peer, lease.data, lease.size);
    uint32_t held = op_of(&rec.op).as<PoolRead>().held;
    assert_true(held <= slot.credits && held >= slot.lent);
    if (slot.lent < kBuffers && chance(2)) {
      assert_int_equal(eddy_op_take_lease(&rec.op, &lease), 1);
      slot.ids[slot.lent++] = lease.id;
    }
    return;
  }
  refs--;
  if (slot.leases) {
    while (slot.lent) give(slot);
  } else if (slot.writes) {
    peer.written += rec.transferred;
    if (result >= 0) {
      assert_int_equal(result, slot.size);
      took_effect(slot);
    }
  } else if (result > 0) {
    assert_int_equal(result, rec.transferred);
    in_order(peer, slot.bytes, static_cast<uint64_t>(result));
    took_effect(slot);
  }
}

void start(Conn &peer) {
  Slot &slot = peer.slots[chance(kOps)];
  Rec &rec = slot.rec;
  if (eddy_op_pending(&rec.op) || slot.lent) return;
  slot.peer = &peer;
  rec.then = done;
  slot.writes = chance(2);
  slot.leases = !slot.writes && chance(3) == 0;
  slot.size = 1 + static_cast<uint32_t>(chance(sizeof slot.bytes));
  slot.lane_order = ++peer.started[slot.writes];
  if (chance(3) == 0) deadline(rec, world(*loop).now + chance(60));
  eddy_op_set_flags(&rec.op, 0);
  refs++;
  if (slot.writes) {
    fake::write(peer.stream, rec, slot.bytes, slot.size);
  } else if (slot.leases) {
    slot.credits = 1 + static_cast<uint32_t>(chance(kBuffers));
    fake::read_pool(peer.stream, rec, buffers, slot.credits);
  } else {
    fake::read(peer.stream, rec, slot.bytes, slot.size);
  }
}

void closed(Rec &rec, int64_t) {
  Conn &peer = *static_cast<Conn *>(rec.context);
  for (Slot &slot : peer.slots) assert_false(eddy_op_pending(&slot.rec.op));
  peer.stream = nullptr;
}

void renew(Conn &peer) {
  for (Slot &slot : peer.slots)
    if (slot.lent) return;
  peer.stream = fake::stream(*loop);
  peer.closing = false;
  peer.delivered = peer.written = 0;
  for (int lane : {0, 1}) peer.started[lane] = peer.effected[lane] = 0;
  line(peer.stream).room = 0;
}

// Something of the kernel's or of the peer's side, within the next moments.
void outside(Conn &peer) {
  Line &line = fake::line(peer.stream);
  Time when = world(*loop).now + chance(30);
  line.cancel_loses = chance(2);
  line.chop = chance(4) ? 0 : 1 + chance(8);
  switch (chance(8)) {
  case 0:
  case 1: fake::at(when, line, arrive, 1 + chance(80)); break;
  case 2:
  case 3: fake::at(when, line, make_room, 1 + chance(60)); break;
  case 4: fake::at(when, line, ready, 3); break; // for nothing
  case 5: fake::at(when, line, fake::cancel_wins, 7); break;
  case 6:
    if (chance(10) == 0) fake::at(when, line, finish, 0);
    break;
  default:
    if (chance(20) == 0) fake::at(when, line, reset, static_cast<uint64_t>(-EDDY_ECONNRESET));
  }
}

void act() {
  Conn &peer = peers[chance(kStreams)];
  if (!peer.stream) {
    renew(peer);
    return;
  }
  Slot &slot = peer.slots[chance(kOps)];
  uint64_t what = chance(20);
  if (what < 8) {
    start(peer);
  } else if (what < 14) {
    outside(peer);
  } else if (what < 16) {
    cancel(slot.rec);
  } else if (what < 18) {
    if (slot.lent) give(slot);
  } else if (what == 18) {
    if (eddy_op_pending(&slot.rec.op)) eddy_rearm(&slot.rec.op, world(*loop).now + chance(60));
  } else if (chance(12) == 0 && !peer.closing) {
    peer.closing = true;
    peer.closer.then = closed;
    peer.closer.context = &peer;
    fake::close(peer.stream, &peer.closer);
  }
}

void check() {
  uint64_t pending = 0, lent = 0;
  for (Conn &peer : peers) {
    for (Slot &slot : peer.slots) {
      bool is = eddy_op_pending(&slot.rec.op);
      assert_int_equal(slot.rec.starts - slot.rec.finals, is);
      pending += is;
      lent += slot.lent;
      if (is && slot.leases) assert_true(op_of(&slot.rec.op).as<PoolRead>().held <= slot.credits);
    }
    if (!peer.stream || peer.closing) continue;
    const Line &line = fake::line(peer.stream);
    assert_true(peer.delivered <= line.taken && line.taken <= line.arrived);
    assert_true(peer.written <= line.sent);
    uint64_t queued = 0;
    for (const Op *op = peer.stream->lanes[kWriteLane].head; op; op = op->next)
      queued += op->as<Transfer>().total - op->transferred;
    assert_int_equal(queued, eddy_stream_queued(peer.stream));
  }
  assert_int_equal(refs, pending);
  assert_int_equal(loop->leases, lent);
  assert_true(eddy_pool_free(buffers) + lent <= kBuffers);
  assert_true(buffers->called <= buffers->free);
  assert_int_equal(eddy_loop_alive(loop), pending || loop->closing_count);
}

enum class On { readiness, readiness_once, completions };
const char *const kNames[] = {"readiness", "readiness that reports once", "driver"};

void run_seed(On on, uint64_t seed) {
  bool completes = on == On::completions;
  fresh(nullptr);
  memset(static_cast<void *>(peers), 0, sizeof peers);
  refs = 0;
  loop = open(completes);
  world(*loop).chance = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
  world(*loop).once = on == On::readiness_once;
  buffers = fake::pool(*loop, kBuffers);
  for (int step = 0; step < kSteps; step++) {
    act();
    if (chance(3) == 0) eddy_loop_step(loop, world(*loop).now + chance(20));
    check();
  }
  // Everything that was refused a cancel ends when the kernel gives in.
  for (Conn &peer : peers)
    if (peer.stream) fake::at(world(*loop).now + 500, line(peer.stream), fake::cancel_wins, 7);
  world(*loop).drift = 10000; // time passes, also for a drain that does not wait
  int64_t held = eddy_loop_drain(loop, world(*loop).now + EDDY_SECOND);
  for (Conn &peer : peers) {
    for (Slot &slot : peer.slots) {
      assert_int_equal(slot.rec.finals, slot.rec.starts);
      while (slot.lent) held--, give(slot);
    }
  }
  assert_int_equal(held, 0);
  assert_int_equal(refs, 0);
  assert_int_equal(eddy_loop_drain(loop, 0), 0);
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(worlds, 0);
}

On running_on;
uint64_t running_seed;
bool finished = true;

void seeds(On on) {
  const char *only = getenv("EDDY_SEED");
  uint64_t first = only ? strtoull(only, nullptr, 10) : 1;
  for (uint64_t seed = first; seed < (only ? first + 1 : 25); seed++) {
    running_on = on;
    running_seed = seed;
    finished = false;
    run_seed(on, seed);
    finished = true;
  }
}

int tell(void **) {
  if (!finished)
    print_error("failed with EDDY_SEED=%llu on the %s\n",
                static_cast<unsigned long long>(running_seed),
                kNames[static_cast<int>(running_on)]);
  return 0;
}

void on_readiness(void **) { seeds(On::readiness); }
void on_readiness_that_reports_once(void **) { seeds(On::readiness_once); }
void on_completions(void **) { seeds(On::completions); }

} // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(on_readiness, fresh, tell),
      cmocka_unit_test_setup_teardown(on_readiness_that_reports_once, fresh, tell),
      cmocka_unit_test_setup_teardown(on_completions, fresh, tell),
  };
  return cmocka_run_group_tests_name("seam_random", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
