// The fake as a completion system: at most one request per lane, made when the loop flushes, and the
// memory of its ops is the kernel's until it completes.
#include "fake_test.hpp"

#include <initializer_list>

namespace eddy::fake {

static void remember(Source &source, unsigned lanes) {
  source.work |= static_cast<uint8_t>(lanes);
  if (source.in_work) return;
  source.in_work = true;
  core(*source.loop).work.push(source);
}

static OsResult driver_open(Loop &loop, uint32_t) { return open_world(loop, true); }
static OsResult driver_bind(Loop &loop) { return world(loop).bind_error; }
static OsResult driver_after_fork(Loop &) { return {}; }

static void submit(Op &op) { remember(*op.source, bit(lane_of(op.kind))); }

static void resume(Source &source, Lane which) {
  line(source).resumes++;
  remember(source, bit(which));
}

static bool cancel(Op &op) {
  if (op.state != State::active) return true;
  Source &source = *op.source;
  Line &mine = line(source);
  Lane which = lane_of(op.kind);
  if (which != kWaiters) mine.requests[which].cancelled = true;
  if (!mine.cancel_loses) at(world(*source.loop).now, mine, cancel_wins, bit(which));
  return false;
}

static void quiesce(Source &source) {
  Line &mine = line(source);
  mine.quiesces++;
  mine.quiesced = true;
}

static bool quiet(const Source &source) {
  if (source.in_work) return false;
  if (core(*source.loop).lost) return true;
  return !source.inflight && !line(const_cast<Source &>(source)).polls;
}

static void release(Source &source) {
  Line &mine = line(source);
  assert_true(quiet(source));
  mine.releases++;
  mine.released = true;
}

static void launch(Line &mine, Lane which) {
  Source &source = *mine.source;
  Op *head = source.lanes[which].head;
  if (!head || is_closing(source) || (source.inflight & bit(which))) return;
  Request &request = mine.requests[which];
  assert_false(request.live);
  request = {};
  uint32_t ops = 1;
  if (head->kind == Kind::write) request.count = gather(*head, request.run, 64, &ops);
  if (head->kind == Kind::accept && (source.paused || head->count >= head->as<Accept>().limit))
    return;
  // The request of a pool read only waits for data: a buffer is taken when there is some.
  if (head->kind == Kind::read_pool && (head->bits & kParked) &&
      head->as<PoolRead>().stand != Stand::called)
    return;
  request.live = true;
  source.inflight |= static_cast<uint8_t>(bit(which));
  mine.launches[which]++;
  for (Op *op = head; ops; ops--, op = op->next) {
    assert_int_equal(static_cast<int>(op->reason), static_cast<int>(Reason::none));
    op_activate(*op);
  }
  // It may complete at once, but is only seen to in the next poll.
  at(world(*source.loop).now, mine, ready, bit(which));
}

static void launch_waiters(Line &mine) {
  Source &source = *mine.source;
  if (is_closing(source)) return;
  for (Op *op = source.waiters.head; op; op = op->next) {
    if (op->state != State::queued || op->kind == Kind::uncongested || op->count) continue;
    op_activate(*op);
    mine.polls++;
    mine.launches[kWaiters]++;
    at(world(*source.loop).now, mine, ready, bit(kWaiters));
  }
}

// What the kernel gives for a lane's request; kAgain: nothing yet.
static OsResult outcome(Line &mine, Request &request, Op &head) {
  mine.attempts[lane_of(head.kind)]++;
  switch (head.kind) {
  case Kind::read: return take(mine, head.as<Transfer>().buffers, head.as<Transfer>().count);
  case Kind::write: return put(mine, request.run, request.count);
  case Kind::accept: return accept_one(mine, head);
  default: return attempt_of(mine, head);
  }
}

static void went(Line &mine, Lane which) {
  mine.requests[which] = {};
  mine.source->inflight &= static_cast<uint8_t>(~bit(which));
}

// One buffer of a pool read, taken now, in turn.
static void receive(Line &mine, Op &reader) {
  eddy_pool &pool = *reader.as<PoolRead>().pool;
  bool any = mine.arrived > mine.taken || mine.end || mine.error || !mine.script[kReadLane].empty();
  if (!any) return;
  if (reader.reason == Reason::none && !pool_admits(reader)) {
    went(mine, kReadLane);
    op_requeue(reader);
    return;
  }
  if (reader.reason != Reason::none && !pool_free_for(reader)) {
    went(mine, kReadLane);
    op_requeue(reader);
    op_end_reason(reader);
    return;
  }
  eddy_buf_t room = {pool_data(pool, pool.free_head), pool.buffer_size};
  OsResult got = take(mine, &room, 1);
  if (got.value == kAgain) {
    pool_passes(reader);
    return;
  }
  went(mine, kReadLane);
  op_requeue(reader);
  if (got.value <= 0) {
    settle(reader, got);
    return;
  }
  settle_pool(reader, pool_take(reader), static_cast<uint32_t>(got.value));
  if (reader.reason != Reason::none) op_end_reason(reader);
}

static void go_on(Source &source, Lane which) {
  if (source.lanes[which].head && !is_closing(source)) remember(source, bit(which));
}

void complete(Line &mine, Lane which) {
  Source &source = *mine.source;
  Request &request = mine.requests[which];
  if (!request.live || core(*source.loop).lost) return;
  Op &head = *source.lanes[which].head;
  if (head.kind == Kind::read_pool) {
    receive(mine, head);
    if (!request.live) go_on(source, which);
    return;
  }
  OsResult got = outcome(mine, request, head);
  if (got.value == kAgain || got.value == kBlocked) return;
  went(mine, which);
  if (head.kind != Kind::write) op_requeue(head);
  bool stays = head.kind == Kind::accept && (head.bits & kMulti);
  settle(head, got);
  if (stays && head.state == State::queued && head.reason != Reason::none) op_end_reason(head);
  go_on(source, which);
}

void complete_cancelled(Line &mine, Lane which) {
  Source &source = *mine.source;
  if (core(*source.loop).lost) return;
  if (which == kWaiters) {
    for (Op *op = source.waiters.head, *next; op; op = next) {
      next = op->next;
      if (op->state != State::active || op->reason == Reason::none) continue;
      mine.polls--;
      op_requeue(*op);
      op_end_reason(*op);
    }
    return;
  }
  Request &request = mine.requests[which];
  if (!request.live || !request.cancelled) return;
  Op &head = *source.lanes[which].head;
  went(mine, which);
  if (head.kind != Kind::write) op_requeue(head);
  settle(head, {EDDY_ECANCELED, 125});
  go_on(source, which);
}

void complete_waiters(Line &mine) {
  Source &source = *mine.source;
  if (core(*source.loop).lost) return;
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    if (op->state != State::active) continue;
    uint32_t level = level_of(mine, op->as<Waiting>().events);
    if (!level) continue;
    mine.polls--;
    op_requeue(*op);
    settle_waiter(*op, {level, 0});
    if (op->state == State::queued && op->reason != Reason::none) op_end_reason(*op);
  }
}

static bool prepare(Loop &loop) {
  bool ended = false;
  WorkList work = core(loop).work;
  core(loop).work = {};
  while (Source *source = work.pop()) {
    unsigned lanes = source->work;
    source->work = 0;
    source->in_work = false;
    ended |= is_closing(*source);
    if (core(loop).lost) continue;
    Line &mine = line(*source);
    for (Lane which : {kReadLane, kWriteLane})
      if (lanes & bit(which)) launch(mine, which);
    if (lanes & bit(kWaiters)) launch_waiters(mine);
  }
  return ended;
}

static bool unflushed(const Loop &loop) { return !loop.work.empty(); }

static void flush(Loop &loop) {
  world(loop).flushes++;
  prepare(loop);
}

static void poll(Loop &loop, Time until) {
  bool busy = prepare(loop) || !core(loop).ready.empty();
  poll_events(world(loop), busy ? 0 : until);
}

static eddy_native_t native(Loop &) { return 0; }

const Driver driver = {
    .id = EDDY_DRIVER_IO_URING,
    .open = driver_open,
    .destroy = destroy_world,
    .bind_thread = driver_bind,
    .after_fork = driver_after_fork,
    .submit = submit,
    .resume = resume,
    .cancel = cancel,
    .quiesce = quiesce,
    .quiet = quiet,
    .release = release,
    .unflushed = unflushed,
    .flush = flush,
    .poll = poll,
    .native = native,
    .now = world_now,
    .pipes = nullptr,
};

} // namespace eddy::fake
