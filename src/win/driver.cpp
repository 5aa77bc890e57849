// The driver of Windows, source by source: sockets go to the adapter and AFD, pipes to overlapped requests, objects to
// waits of the kernel. All end in packets on one completion port.
#include "pipe.hpp"
#include "port.hpp"

#include <initializer_list>

namespace eddy {
namespace {

unsigned bit(Lane which) { return 1u << which; }

void run(Source &source, unsigned lanes) {
  if (source.medium == Medium::pipe)
    pipe_run(source, lanes);
  else if (!is_closing(source))
    waitable_run(source);
}

void submit(Op &op) {
  if (op.source->medium == Medium::socket)
    adapter.submit(op);
  else
    run(*op.source, bit(lane_of(op.kind)));
}

void resume(Source &source, Lane which) {
  if (source.medium == Medium::socket)
    adapter.resume(source, which);
  else
    pipe_later(source, bit(which));
}

bool cancel(Op &op) {
  if (op.source->medium == Medium::socket) return adapter.cancel(op);
  if (op.source->medium == Medium::waitable) return waitable_cancel(op);
  if (op.state != State::active) return true;
  pipe_cancel(pipe_of(*op.source), lane_of(op.kind));
  return false;
}

void quiesce(Source &source) {
  if (source.medium == Medium::socket) {
    adapter.quiesce(source);
  } else if (source.medium == Medium::waitable) {
    waitable_quiesce(source);
  } else if (!source.kernel) {
    return; // never connected
  } else if (source.kind == SourceKind::listener) {
    server_quiesce(source);
  } else {
    for (Lane which : {kReadLane, kWriteLane, kWaiters}) pipe_cancel(pipe_of(source), which);
  }
}

bool quiet(const Source &source) {
  if (source.medium == Medium::socket) return adapter.quiet(source);
  if (source.in_work) return false;
  if (!source.kernel || core(*source.loop).lost) return true; // no packet will come any more
  if (source.medium == Medium::waitable) return waitable_quiet(source);
  if (source.kind == SourceKind::listener) return server_quiet(source);
  return pipe_of(source).pending == 0;
}

void release(Source &source) {
  if (source.medium == Medium::socket) {
    adapter.release(source);
  } else if (source.medium == Medium::waitable) {
    waitable_release(source);
  } else {
    source.native = EDDY_NO_NATIVE;
    if (!source.kernel) return;
    if (source.kind == SourceKind::listener)
      server_release(source);
    else
      pipe_free(pipe_of(source));
    source.kernel = nullptr;
  }
}

// True when a handle that closes has waited only to leave this list.
bool run_work(Overlapped &mine) {
  WorkList work = mine.work;
  mine.work = {};
  bool ended = false;
  while (Source *source = work.pop()) {
    unsigned lanes = source->work;
    source->work = 0;
    source->in_work = false;
    ended |= is_closing(*source);
    run(*source, lanes);
  }
  return ended;
}

bool unflushed(const Loop &loop) {
  return !overlapped(const_cast<Loop &>(loop)).work.empty() || adapter.unflushed(loop);
}

void poll(Loop &loop, Time until) {
  Overlapped &mine = overlapped(loop);
  if (run_work(mine) || !mine.work.empty()) until = 0;
  adapter.poll(loop, until);
}

void flush(Loop &loop) { poll(loop, 0); }

// The entries that are the same for every source, by the adapter's table once it is there.
OsResult open(Loop &loop, uint32_t entries) { return adapter.open(loop, entries); }
void destroy(Loop &loop, bool forked) { adapter.destroy(loop, forked); }
OsResult bind_thread(Loop &loop) { return adapter.bind_thread(loop); }
OsResult after_fork(Loop &loop) { return adapter.after_fork(loop); }
eddy_native_t native(Loop &loop) { return adapter.native(loop); }
Time now(Loop &loop) { return adapter.now(loop); }

} // namespace

constinit const Driver windows = {
    .id = EDDY_DRIVER_AFD,
    .open = open,
    .destroy = destroy,
    .bind_thread = bind_thread,
    .after_fork = after_fork,
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
    .now = now,
    .pipes = &windows_pipes,
};

} // namespace eddy
