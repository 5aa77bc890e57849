// The phase of a turn in which handles end.
#include "core/loop.hpp"

namespace eddy {

static bool waits_for_ops(const Source &source) {
  uint32_t closers = source.closer ? 1 : 0; // a release that was refused is pending too
  return has_pending(source) || source.undelivered[kClosers] > closers;
}

static bool quiet(const Source &source) {
  if (waits_for_ops(source)) return false;
  if (source.state == HandleState::drained) return true;
  if (auto quiet = row_of(source.kind).quiet) return quiet(source);
  return source.loop->driver->quiet(source);
}

bool source_close_due(const Loop &loop) {
  for (const Source *source = loop.closing.head; source; source = source->next)
    if (quiet(*source)) return true;
  return false;
}

static void finalize(Source &source) {
  Loop &loop = *source.loop;
  Op *closer = source.closer;
  eddy_native_t native = EDDY_NO_NATIVE;
  bool yields = source.released, shared = source.shared;
  const HandleRow &row = row_of(source.kind);
  loop.closing.remove(source);
  loop.closing_count--;
  source.closer = nullptr;
  if (source.state != HandleState::drained) {
    loop.handles--;
    bool stays = loop.draining && !source.closed; // its user may still close it
    if (stays) handle_move(source, HandleState::drained);
    if (row.end) {
      row.end(source);
    } else {
      if (!closes_at_once(source)) native = let_go(source);
      if (row.owns && !yields && native != EDDY_NO_NATIVE) native_close(native, source.shared);
      if (!stays) source_rest(source);
    }
  }
  if (!closer) return;
  if (yields)
    loop.offer = {.op = closer,
                  .handle = nullptr,
                  .lender = nullptr,
                  .index = 0,
                  .has_native = true,
                  .shared = shared,
                  .native = native};
  op_deliver_now(*closer, 0, false);
}

// A handle is looked at when it was closed, after the last of its ops, and while only the driver has something of it:
// not each turn, for there may be very many.
void source_close_phase(Loop &loop) {
  // What is closed meanwhile is appended, and waits for the next turn.
  Source *last = loop.closing.tail;
  for (Source *source = loop.closing.head, *next; source; source = next) {
    next = source == last ? nullptr : source->next;
    if (quiet(*source)) {
      finalize(*source); // its callback may append others, and unlinks none
    } else if (waits_for_ops(*source)) {
      loop.closing.remove(*source);
      loop.waiting.push_back(*source);
      source->waits = true;
    }
  }
}

void source_delivered(Source &source) {
  if (!source.waits || waits_for_ops(source)) return;
  source.waits = false;
  source.loop->waiting.remove(source);
  source.loop->closing.push_back(source);
}

} // namespace eddy
