// Handles: their memory, and how they begin to close.
#include "core/loop.hpp"

namespace eddy {

Source *source_take(Loop &loop, SourceKind kind, size_t size) {
  Source *source =
      static_cast<Source *>(loop.slabs[static_cast<int>(kind)].take(loop.memory, loop.now));
  if (!source) return nullptr;
  uint32_t generation = source->generation + 1;
  memset(static_cast<void *>(source), 0, size);
  source->loop = &loop;
  source->magic = kHandleMagic;
  source->kind = kind;
  source->native = EDDY_NO_NATIVE;
  source->generation = generation;
  handle_move(*source, HandleState::open);
  loop.sources.push_back(*source);
  loop.handles++;
  return source;
}

[[noreturn, gnu::cold]] static void refuse(const char *call, const char *message) {
  fatal({call, ": ", message});
}

[[gnu::cold]] void handle_refused(const Source *handle, SourceKind wanted, const char *call) {
  if (!handle) refuse(call, "null handle");
  if (handle->magic != kHandleMagic || static_cast<size_t>(handle->kind) >= kHandles)
    refuse(call, "no handle of an open loop (closed long ago, or overwritten)");
  if (handle->kind != kGone) refuse(call, "handle of the wrong kind");
  refuse(call, wanted == kGone ? "handle used after its close" : row_of(wanted).late);
}

// Whoever goes over the open handles does not meet this one any more.
[[gnu::cold]] static void walks_skip(Loop &loop, const Source &source) {
  for (Walk *walk = loop.walks; walk; walk = walk->outer) {
    if (walk->last == &source) {
      if (walk->next == &source) walk->next = nullptr;
      walk->last = source.prev;
    } else if (walk->next == &source) {
      walk->next = source.next;
    }
  }
}

void source_free(Source &source) {
  Loop &loop = *source.loop;
  SourceKind kind = source.kind;
  if (!is_closing(source)) {
    if (loop.walks) walks_skip(loop, source);
    loop.sources.remove(source);
    loop.handles--;
  }
  handle_move(source, HandleState::gone);
  source.kind = kGone;
  loop.slabs[static_cast<int>(kind)].give(&source);
}

constexpr size_t kMostResting = 1 << 20; // bytes of closed handles

void source_rest(Source &source) {
  Loop &loop = *source.loop;
  Slab &mine = loop.slabs[static_cast<int>(source.kind)];
  handle_move(source, HandleState::gone);
  source.kind = kGone;
  mine.rest(&source, loop.now);
  size_t bytes = 0;
  Slab *largest = &mine;
  for (Slab &slab : loop.slabs) {
    bytes += slab.resting_bytes();
    if (slab.resting_bytes() > largest->resting_bytes()) largest = &slab;
  }
  if (bytes > kMostResting) largest->wake();
}

// Cancelling one op ends no other of its lane, or all of them.
static void cancel_lane(OpList &queue, Reason reason) {
  for (Op *op = queue.head, *next; op; op = queue.empty() ? nullptr : next) {
    next = op->next;
    op_cancel(*op, reason);
  }
}

static void cancel_all(Source &source, Reason reason) {
  cancel_lane(source.lanes[kReadLane], reason);
  cancel_lane(source.lanes[kWriteLane], reason);
  cancel_lane(source.waiters, reason);
  cancel_lane(source.watchers, reason);
}

bool source_hold(Source &source, eddy_native_t native) {
  source.native = native;
  return source.loop->natives.add(source.loop->memory, native);
}

// Deregisters a source and gives up its descriptor.
eddy_native_t let_go(Source &source) {
  Loop &loop = *source.loop;
  if (row_of(source.kind).owns) loop.natives.remove(source.native);
  loop.driver->release(source);
  eddy_native_t native = source.native; // a pipe has been closed, and has none any more
  source.native = EDDY_NO_NATIVE;
  return native;
}

bool closes_at_once(const Source &source) {
  return row_of(source.kind).closes_at_once && source.medium == Medium::socket;
}

void source_close(Source &source, Op *closer) {
  Loop &loop = *source.loop;
  if (loop.walks) [[unlikely]]
    walks_skip(loop, source);
  loop.sources.remove(source);
  loop.closing.push_back(source);
  loop.closing_count++;
  handle_move(source, HandleState::closing);
  source.closer = closer;
  if (source.untaken) offer_ended(source);
  const HandleRow &row = row_of(source.kind);
  if (row.closing) row.closing(source);
  if (!row.driven) return;
  cancel_all(source, Reason::close);
  loop.driver->quiesce(source);
  if (!row.owns) loop.natives.remove(source.native);
  if (closes_at_once(source)) os_socket_close(let_go(source));
}

void offer_ended(Source &source) {
  source.untaken = false;
  source.loop->untaken--;
}

// Only their ops knew of these.
void offers_take_back(Loop &loop) {
  for (Source *source = loop.sources.head, *next; source && loop.untaken; source = next) {
    next = source->next;
    if (source->untaken) source_close(*source, nullptr);
  }
}

int source_close_call(Source &source, eddy_op_t *op, eddy_cb cb) {
  require((op == nullptr) == (cb == nullptr), "close takes an op and a callback, or neither");
  require(!source.closed, "handle closed twice");
  source.closed = true;
  Op *closer = op ? &op_begin(*source.loop, &source, op, kClosing, cb, 0) : nullptr;
  if (closer) closer->deadline = 0;
  if (!is_closing(source))
    source_close(source, closer);
  else if (source.state == HandleState::drained)
    source_revive_closer(source, closer);
  else
    source.closer = closer;
  return EDDY_PENDING;
}

// A drain has ended this handle before its user closed it: only the callback is left to be made.
void source_revive_closer(Source &source, Op *closer) {
  if (!closer) return;
  source.closer = closer;
  source.loop->closing.push_back(source);
  source.loop->closing_count++;
}

// A socket that is the parent's too is not touched: only this descriptor of it goes.
void native_close(eddy_native_t native, bool shared) {
  if (shared)
    os_socket_drop(native);
  else
    os_socket_close(native);
}

} // namespace eddy
