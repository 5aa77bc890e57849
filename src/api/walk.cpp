// What a loop has: its handles one by one, and all that is pending as lines of text.
#include "core/loop.hpp"

#include <cstdarg>
#include <cstdio>
#include <initializer_list>

using namespace eddy;

namespace {

// Where the lines go.
struct Dump {
  eddy_line_fn line;
  void *argument;
  Time now;

  [[gnu::format(printf, 2, 3)]] void say(const char *format, ...) const {
    char text[256];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    line(text, argument);
  }
};

const char *state_of(const Op &op) {
  switch (op.state) {
  case State::ready: return "its callback is due";
  case State::active: return "the kernel has it";
  case State::posted: return "posted";
  default: return row_of(op.kind).returned ? "a thread has it, or will" : "waits";
  }
}

const char *reason_of(const Op &op) {
  static const char *const texts[] = {"", ", cancelled", ", timed out", ", its handle is closing"};
  return texts[static_cast<int>(op.reason)];
}

void tell_op(const Dump &dump, const Op &op) {
  char due[48] = "";
  if (op.deadline && op.state != State::ready) {
    Time left = op.deadline > dump.now ? op.deadline - dump.now : 0;
    snprintf(due, sizeof due, ", due in %llu us", static_cast<unsigned long long>(left / 1000));
  }
  dump.say("  %s %p: data %p, %s%s%s", kind_names[static_cast<size_t>(op.kind)],
           static_cast<const void *>(&op), op.data, state_of(op), reason_of(op), due);
}

void tell_ops(const Dump &dump, const OpList &list) {
  for (const Op *op = list.head; op; op = op->next) tell_op(dump, *op);
}

void tell_ready(const Dump &dump, const ReadyList &list) {
  for (const Op *op = list.head; op; op = op->ready_next) tell_op(dump, *op);
}

void tell_handle(const Dump &dump, const Source &source) {
  dump.say("%s %p: data %p, native %lld, %llu bytes queued%s",
           handle_names[static_cast<size_t>(source.kind)], static_cast<const void *>(&source),
           source.data, static_cast<long long>(source.native),
           static_cast<unsigned long long>(source.queued),
           is_closing(source) ? ", closing"
           : source.unseen    ? ", not taken"
                              : "");
  tell_ops(dump, source.lanes[kReadLane]);
  tell_ops(dump, source.lanes[kWriteLane]);
  tell_ops(dump, source.waiters);
  tell_ops(dump, source.watchers);
  if (source.closer) tell_op(dump, *source.closer);
}

} // namespace

extern "C" {

void eddy_loop_walk(eddy_loop_t *handle, eddy_walk_fn visit, void *argument) {
  Loop &loop = check_loop(handle);
  require(visit != nullptr, "null function");
  Walk walk = {loop.sources.head, loop.sources.tail, loop.walks};
  loop.walks = &walk;
  while (Source *source = walk.next) {
    walk.next = source == walk.last ? nullptr : source->next;
    if (!source->unseen) visit(reinterpret_cast<eddy_handle_t *>(source), argument);
  }
  loop.walks = walk.outer;
}

void eddy_loop_dump(eddy_loop_t *handle, eddy_line_fn line, void *argument) {
  Loop &loop = check_loop(handle);
  require(line != nullptr, "null function");
  Dump dump = {line, argument, loop.driver->now(loop)};
  dump.say("loop %p: %s, data %p, %llu handles, %llu pending ops, %llu leases",
           static_cast<const void *>(&loop), eddy_driver_name(eddy_loop_driver(handle)), loop.data,
           static_cast<unsigned long long>(loop.handles),
           static_cast<unsigned long long>(loop.pending),
           static_cast<unsigned long long>(loop.leases));
  for (const SourceList *list : {&loop.sources, &loop.closing, &loop.waiting})
    for (const Source *source = list->head; source; source = source->next)
      tell_handle(dump, *source);
  dump.say("of no handle:");
  tell_ops(dump, loop.loose);
  for (const Op *op = loop.posted; op; op = op->next) tell_op(dump, *op);
  dump.say("ready:");
  if (loop.delivering) tell_ready(dump, *loop.delivering);
  tell_ready(dump, loop.ready);
}

} // extern "C"
