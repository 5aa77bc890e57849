// Readiness on epoll: a descriptor is registered once, edge-triggered, the first time it has to wait.
#include "../driver.hpp"
#include "clock.hpp"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace eddy {

namespace {

constexpr int kEvents = 256;
constexpr uint64_t kWake = 0; // the event data of the wake descriptor

struct Epoll {
  int fd;
  bool coarse; // no epoll_pwait2: milliseconds
  epoll_event events[kEvents];
};

Epoll &state(Loop &loop) { return *static_cast<Epoll *>(core(loop).kernel); }

// A pointer and 16 bits of the handle's generation. The memory of handles is kept, so an event that comes
// late (a duplicate of the descriptor lives on elsewhere) can be told by its generation.
uint64_t tag(const Source &source) {
  return reinterpret_cast<uintptr_t>(&source) | uint64_t{source.generation & 0xffff} << 48;
}

Source *untag(uint64_t data) {
  Source *source = reinterpret_cast<Source *>(data & 0xffffffffffff);
  return (source->generation & 0xffff) == data >> 48 && source->armed ? source : nullptr;
}

OsResult make(Epoll &epoll, eddy_native_t wake) {
  epoll.fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll.fd < 0) return os_error_now();
  epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.u64 = kWake}};
  if (epoll_ctl(epoll.fd, EPOLL_CTL_ADD, static_cast<int>(wake), &event) == 0) return {};
  OsResult error = os_error_now();
  close(epoll.fd);
  epoll.fd = -1;
  return error;
}

OsResult epoll_open(Loop &loop) {
  void *memory = core(loop).memory.get(sizeof(Epoll));
  if (!memory) return {EDDY_ENOMEM, 0};
  Epoll *epoll = new (memory) Epoll;
  epoll->coarse = false;
  OsResult made = make(*epoll, core(loop).wake);
  if (made.value < 0)
    core(loop).memory.put(epoll, sizeof(Epoll));
  else
    core(loop).kernel = epoll;
  return made;
}

void epoll_destroy(Loop &loop, bool) {
  Epoll &epoll = state(loop);
  if (epoll.fd >= 0) close(epoll.fd);
  core(loop).memory.put(&epoll, sizeof(Epoll));
}

// The instance is shared with the parent: only the descriptor is given up.
OsResult epoll_after_fork(Loop &loop) {
  Epoll &epoll = state(loop);
  close(epoll.fd);
  return make(epoll, core(loop).wake);
}

OsResult epoll_arm(Source &source, unsigned) {
  if (source.armed) return {};
  uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  epoll_event event = {.events = events, .data = {.u64 = tag(source)}};
  if (epoll_ctl(state(*source.loop).fd, EPOLL_CTL_ADD, static_cast<int>(source.native), &event) < 0)
    return os_error_now();
  source.armed = kArmedForEver;
  return {};
}

bool epoll_quiet(const Source &) { return true; }

void epoll_release(Source &source) {
  // Before the descriptor is closed, for a duplicate would keep the registration alive (epoll(7)).
  epoll_event event = {};
  epoll_ctl(state(*source.loop).fd, EPOLL_CTL_DEL, static_cast<int>(source.native), &event);
}

Time epoll_now(Loop &) { return monotonic_now(); }

int wait(Epoll &epoll, Time until) {
  if (until == 0 || until == kNever)
    return epoll_wait(epoll.fd, epoll.events, kEvents, until ? -1 : 0);
  Time now = monotonic_now();
  Time left = until > now ? until - now : 0;
  if (!epoll.coarse) {
    timespec limit = {static_cast<time_t>(left / EDDY_SECOND),
                      static_cast<long>(left % EDDY_SECOND)};
    int count = static_cast<int>(
        syscall(SYS_epoll_pwait2, epoll.fd, epoll.events, kEvents, &limit, nullptr, size_t{8}));
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    epoll.coarse = true; // Linux < 5.11, or a seccomp filter that does not know the call
  }
  Time milliseconds = left / EDDY_MILLISECOND + (left % EDDY_MILLISECOND != 0); // never early
  return epoll_wait(epoll.fd, epoll.events, kEvents,
                    milliseconds > INT32_MAX ? INT32_MAX : static_cast<int>(milliseconds));
}

void epoll_poll(Loop &loop, Time until) {
  Epoll &epoll = state(loop);
  if (core(loop).lost) {
    wake_wait(core(loop).wake, until);
    return;
  }
  int count = wait(epoll, until);
  if (count < 0) {
    if (errno != EINTR) loop_lost(loop, errno);
    return;
  }
  for (int i = 0; i < count; i++) {
    const epoll_event &event = epoll.events[i];
    if (event.data.u64 == kWake) continue;
    Source *source = untag(event.data.u64);
    if (!source) continue;
    // Urgent data too: a read stops short at its mark, with bytes behind it.
    bool hung_up = event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI);
    unsigned lanes = 0;
    if (hung_up || event.events & (EPOLLIN | EPOLLPRI)) lanes |= 1u << kReadLane;
    if (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) lanes |= 1u << kWriteLane;
    adapter_ready(*source, lanes, hung_up);
  }
}

eddy_native_t epoll_native(Loop &loop) { return state(loop).fd; }

} // namespace

constinit const Readiness epoll = {
    .id = EDDY_DRIVER_EPOLL,
    .open = epoll_open,
    .destroy = epoll_destroy,
    .after_fork = epoll_after_fork,
    .receive = os_receive,
    .send = os_send,
    .perform = attempt,
    .arm = epoll_arm,
    .quiet = epoll_quiet,
    .release = epoll_release,
    .unflushed = nullptr,
    .poll = epoll_poll,
    .native = epoll_native,
    .now = epoll_now,
};

} // namespace eddy
