// The world of the fake driver: its clock, its events and its peers.
#include "core/loop_open.hpp"
#include "fake_test.hpp"

#include <initializer_list>
#include <sys/socket.h>
#include <unistd.h>

namespace eddy::fake {

int worlds;
static bool opening_completes;

static int open_driver(Loop &loop, const eddy_loop_options_t &options) {
  loop.driver = opening_completes ? &driver : &adapter;
  loop.readiness = opening_completes ? nullptr : &readiness;
  return static_cast<int>(loop.driver->open(loop, options.ring_entries).value);
}

eddy_loop_t *open(bool completes, const eddy_loop_options_t *options) {
  opening_completes = completes;
  eddy_loop_t *loop = nullptr;
  assert_int_equal(loop_open(options, open_driver, &loop), 0);
  return loop;
}

OsResult open_world(Loop &loop, bool completes) {
  World *made = static_cast<World *>(calloc(1, sizeof(World)));
  made->loop = &loop;
  made->now = kStart;
  made->completes = completes;
  core(loop).kernel = made;
  worlds++;
  return {};
}

void destroy_world(Loop &loop, bool) {
  World &mine = world(loop);
  for (Line &line : mine.lines)
    if (line.source && line.peer > 0) ::close(line.peer);
  free(&mine);
  worlds--;
}

World &world(Loop &loop) { return *static_cast<World *>(core(loop).kernel); }

Time world_now(Loop &loop) {
  World &mine = world(loop);
  return mine.now += mine.drift;
}

static bool same(const Line &line, const Source &source) {
  return line.source == &source && line.generation == source.generation;
}

Line &line(Source &source) {
  World &mine = world(*source.loop);
  for (Line &line : mine.lines)
    if (same(line, source)) return line;
  for (Line &line : mine.lines) {
    if (line.source && line.source->generation == line.generation &&
        line.source->kind != SourceKind::none)
      continue; // of a source that lives
    if (line.source && line.peer > 0) ::close(line.peer);
    line = {};
    line.source = &source;
    line.generation = source.generation;
    line.room = UINT64_MAX / 2;
    return line;
  }
  fail_msg("the fake world is full");
  __builtin_trap();
}

Line &line(eddy_stream_t *stream) { return line(static_cast<Source &>(*stream)); }
Line &line(eddy_listener_t *listener) { return line(static_cast<Source &>(*listener)); }
Line &line(eddy_fd_t *fd) { return line(*reinterpret_cast<Source *>(fd)); }

static void pair(int ends[2]) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

eddy_stream_t *stream(Loop &loop) {
  int ends[2];
  pair(ends);
  eddy_stream_t *made = nullptr;
  assert_int_equal(eddy_stream_adopt(&loop, ends[0], &made), 0);
  made->hung_up = false; // what it plays is an inet socket
  line(made).peer = ends[1];
  return made;
}

OsResult accept_one(Line &line, Op &op) {
  Source &source = *op.source;
  if (source.paused || op.count >= op.as<Accept>().limit) return {kBlocked, 0};
  Script &script = line.script[kReadLane];
  if (!script.empty()) {
    Step step = script.pop();
    if (step.value != 0) return {step.value, step.native};
  } else if (!line.connections) {
    return {kAgain, 0};
  } else {
    line.connections--;
  }
  eddy_stream *made = stream_new(*source.loop);
  int ends[2];
  pair(ends);
  stream_connected(*made, ends[0], nullptr);
  fake::line(*made).peer = ends[1];
  (op.as<Accept>().first ? op.as<Accept>().last->accepted_next : op.as<Accept>().first) = made;
  op.as<Accept>().last = made;
  return {0, 0};
}

uint8_t pattern(uint64_t position) { return static_cast<uint8_t>(position * 7 + position / 256); }

static uint64_t size_of(const eddy_buf_t *buffers, uint32_t count) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; i++) total += buffers[i].size;
  return total;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

OsResult take(Line &line, const eddy_buf_t *buffers, uint32_t count) {
  uint64_t total = size_of(buffers, count), amount = line.arrived - line.taken;
  Script &script = line.script[kReadLane];
  if (!script.empty()) {
    Step step = script.pop();
    if (step.value <= 0) return {step.value, step.native};
    amount = least(static_cast<uint64_t>(step.value), total);
    if (line.arrived < line.taken + amount) line.arrived = line.taken + amount;
  } else if (!amount) {
    if (line.error) return {line.error, 99};
    return {line.end ? 0 : kAgain, 0};
  }
  amount = least(amount, total);
  if (line.chop) amount = least(amount, line.chop);
  uint64_t left = amount;
  for (uint32_t i = 0; i < count && left && !line.phantom; i++) {
    char *bytes = static_cast<char *>(buffers[i].data);
    for (size_t k = 0; k < buffers[i].size && left; k++, left--)
      bytes[k] = static_cast<char>(pattern(line.taken + amount - left));
  }
  line.taken += amount;
  return {static_cast<int64_t>(amount), 0};
}

OsResult put(Line &line, const eddy_buf_t *buffers, uint32_t count) {
  uint64_t total = size_of(buffers, count), amount = line.room;
  Script &script = line.script[kWriteLane];
  if (!script.empty()) {
    Step step = script.pop();
    if (step.value < 0) return {step.value, step.native};
    amount = static_cast<uint64_t>(step.value);
  } else if (line.error) {
    return {line.error, 99};
  } else if (!line.room && total) {
    return {kAgain, 0};
  }
  amount = least(amount, total);
  if (line.chop) amount = least(amount, line.chop);
  uint64_t left = amount;
  for (uint32_t i = 0; i < count && left && !line.phantom; i++) {
    const char *bytes = static_cast<const char *>(buffers[i].data);
    for (size_t k = 0; k < buffers[i].size && left; k++, left--)
      if (uint64_t to = line.sent + amount - left; to < line.sink_size) line.sink[to] = bytes[k];
  }
  line.sent += amount;
  line.room -= least(amount, line.room);
  return {static_cast<int64_t>(amount), 0};
}

uint32_t level_of(const Line &line, uint32_t events) {
  uint32_t level = line.level;
  if (line.arrived > line.taken || line.end || line.error) level |= EDDY_READABLE;
  if (line.end) level |= EDDY_DISCONNECT;
  return level & (events | EDDY_POLL_ERROR);
}

uint64_t random(World &world) { // xorshift64*
  world.chance ^= world.chance >> 12;
  world.chance ^= world.chance << 25;
  world.chance ^= world.chance >> 27;
  return world.chance * UINT64_C(2685821657736338717) >> 33;
}

void at(Time when, Line &line, Act act, uint64_t argument) {
  World &mine = world(*line.source->loop);
  if (mine.count == World::kEvents) fail_msg("too many events in the fake world");
  int to = mine.count++;
  for (; to > 0 && mine.events[to - 1].at > when; to--) mine.events[to] = mine.events[to - 1];
  mine.events[to] = {when, mine.order++, &line, line.generation, act, argument};
}

static void happen(World &world) {
  // What this causes at the same time waits for the next poll.
  uint64_t limit = world.order;
  for (int i = 0; i < world.count && world.events[i].at <= world.now;) {
    World::Event event = world.events[i];
    if (event.order >= limit) {
      i++;
      continue;
    }
    world.count--;
    for (int k = i; k < world.count; k++) world.events[k] = world.events[k + 1];
    bool current = event.line->generation == event.generation &&
                   event.line->source->generation == event.generation &&
                   event.line->source->kind != SourceKind::none;
    if (current) event.act(*event.line, event.argument);
    i = 0;
  }
}

// The wake descriptor is a real one.
static bool woken(Loop &loop) {
  uint64_t count;
  return ::read(static_cast<int>(core(loop).wake), &count, sizeof count) > 0;
}

void poll_events(World &world, Time until) {
  world.polls++;
  world.last_until = until;
  bool signalled = woken(*world.loop); // an edge, which a poll takes too
  if (until > world.now) {
    world.waits++;
    if (signalled) until = world.now;
  }
  if (until > world.now) {
    Time next = world.count ? world.events[0].at : kNever;
    if (next > until) next = until;
    if (next >= kNever - 1)
      fail_msg("the loop waits for ever: no event is scripted, and no timer is armed");
    if (next > world.now) world.now = next;
  }
  happen(world);
}

void arrive(Line &line, uint64_t bytes) {
  line.arrived += bytes;
  notify(line, bit(kReadLane), false);
}

void finish(Line &line, uint64_t) {
  line.end = true;
  notify(line, bit(kReadLane), true);
}

void reset(Line &line, uint64_t error) {
  line.error = -static_cast<int64_t>(error);
  notify(line, bit(kReadLane) | bit(kWriteLane), true);
}

void hang_up(Line &line, uint64_t lanes) { notify(line, static_cast<unsigned>(lanes), true); }

void make_room(Line &line, uint64_t bytes) {
  line.room += bytes;
  notify(line, bit(kWriteLane), false);
}

void ready(Line &line, uint64_t lanes) { notify(line, static_cast<unsigned>(lanes), false); }

void knock(Line &line, uint64_t connections) {
  line.connections += static_cast<uint32_t>(connections);
  notify(line, bit(kReadLane), false);
}

void raise_level(Line &line, uint64_t events) {
  line.level |= static_cast<uint32_t>(events);
  notify(line, events & EDDY_WRITABLE ? bit(kWriteLane) : bit(kReadLane), false);
}

void lower_level(Line &line, uint64_t events) { line.level &= ~static_cast<uint32_t>(events); }

void cancel_wins(Line &line, uint64_t lanes) {
  for (Lane which : {kReadLane, kWriteLane, kWaiters})
    if (lanes & bit(which)) complete_cancelled(line, which);
}

void lose(Line &line, uint64_t native) {
  loop_lost(*line.source->loop, static_cast<int32_t>(native));
}

} // namespace eddy::fake
