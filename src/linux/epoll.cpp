// Readiness on epoll: the loop waits in its set.
#include "clock.hpp"
#include "epoll_set.hpp"

namespace eddy {

namespace {

EpollSet &set_of(Loop &loop) { return *static_cast<EpollSet *>(core(loop).kernel); }

OsResult epoll_open(Loop &loop, uint32_t) {
  void *memory = core(loop).memory.get(sizeof(EpollSet));
  if (!memory) return {EDDY_ENOMEM, 0};
  EpollSet *set = new (memory) EpollSet;
  OsResult opened = set_open(*set, core(loop).wake);
  if (opened.value < 0)
    core(loop).memory.put(set, sizeof(EpollSet));
  else
    core(loop).kernel = set;
  return opened;
}

void epoll_destroy(Loop &loop, bool) {
  EpollSet &set = set_of(loop);
  set_close(set);
  core(loop).memory.put(&set, sizeof(EpollSet));
}

// The instance is shared with the parent: only the descriptor is given up.
OsResult epoll_after_fork(Loop &loop) {
  set_close(set_of(loop));
  return set_open(set_of(loop), core(loop).wake);
}

OsResult epoll_arm(Source &source, unsigned) { return set_arm(set_of(*source.loop), source); }
void epoll_release(Source &source) { set_release(set_of(*source.loop), source); }

void epoll_poll(Loop &loop, Time until) {
  if (core(loop).lost) {
    wake_wait(core(loop).wake, until);
    return;
  }
  int count = set_harvest(set_of(loop), until);
  if (count < 0) loop_lost(loop, -count);
}

eddy_native_t epoll_native(Loop &loop) { return set_of(loop).fd; }
Time epoll_now(Loop &) { return monotonic_now(); }

} // namespace

constinit const Readiness epoll = {
    .id = EDDY_DRIVER_EPOLL,
    .probe = nullptr,
    .fit_for_default = nullptr,
    .open = epoll_open,
    .destroy = epoll_destroy,
    .bind_thread = nullptr,
    .after_fork = epoll_after_fork,
    .receive = os_receive,
    .send = os_send,
    .perform = attempt,
    .arm = epoll_arm,
    .look = attempt_look,
    .carry = nullptr,
    .release = epoll_release,
    .unflushed = nullptr,
    .poll = epoll_poll,
    .native = epoll_native,
    .now = epoll_now,
};

} // namespace eddy
