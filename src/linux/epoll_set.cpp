#include "epoll_set.hpp"

#include "clock.hpp"
#include "unix/poll_events.hpp"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace eddy {

static_assert(EPOLLIN == POLLIN && EPOLLPRI == POLLPRI && EPOLLOUT == POLLOUT &&
              EPOLLERR == POLLERR && EPOLLHUP == POLLHUP && EPOLLRDHUP == POLLRDHUP);

constexpr int kAhead = 4;
constexpr uint64_t kWake = 0; // the event data of the wake descriptor

// A pointer and 16 bits of the handle's generation. The memory of handles is kept, so an event that comes
// late (a duplicate of the descriptor lives on elsewhere) can be told by its generation.
static uint64_t tag(const Source &source) {
  return reinterpret_cast<uintptr_t>(&source) | uint64_t{source.generation & 0xffff} << 48;
}

static Source *untag(uint64_t data) {
  Source *source = reinterpret_cast<Source *>(data & 0xffffffffffff);
  return (source->generation & 0xffff) == data >> 48 && source->armed ? source : nullptr;
}

OsResult set_open(EpollSet &set, eddy_native_t wake) {
  set.foreign = 0;
  set.fd = epoll_create1(EPOLL_CLOEXEC);
  if (set.fd < 0) return os_error_now();
  epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.u64 = kWake}};
  if (epoll_ctl(set.fd, EPOLL_CTL_ADD, static_cast<int>(wake), &event) == 0) return {};
  OsResult error = os_error_now();
  set_close(set);
  return error;
}

void set_close(EpollSet &set) {
  if (set.fd >= 0) close(set.fd);
  set.fd = -1;
}

OsResult set_arm(EpollSet &set, Source &source) {
  if (source.armed) return {};
  constexpr uint32_t all = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  epoll_event event = {.events = all, .data = {.u64 = tag(source)}};
  if (epoll_ctl(set.fd, EPOLL_CTL_ADD, static_cast<int>(source.native), &event) < 0)
    return os_error_now();
  set.foreign += source.kind == SourceKind::fd;
  source.armed = kArmedForEver;
  return {};
}

void set_release(EpollSet &set, Source &source) {
  // Before the descriptor is closed, for a duplicate would keep the registration alive (epoll(7)).
  epoll_event event = {};
  epoll_ctl(set.fd, EPOLL_CTL_DEL, static_cast<int>(source.native), &event);
  set.foreign -= source.kind == SourceKind::fd;
}

static int wait(EpollSet &set, Time until) {
  if (until == 0 || until == kNever)
    return epoll_wait(set.fd, set.events, EpollSet::kEvents, until ? -1 : 0);
  Time now = monotonic_now();
  Time left = until > now ? until - now : 0;
  if (!set.coarse) {
    timespec limit = {static_cast<time_t>(left / EDDY_SECOND),
                      static_cast<long>(left % EDDY_SECOND)};
    int count = static_cast<int>(syscall(SYS_epoll_pwait2, set.fd, set.events, EpollSet::kEvents,
                                         &limit, nullptr, size_t{8}));
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    set.coarse = true; // Linux < 5.11, or a seccomp filter that does not know the call
  }
  Time milliseconds = left / EDDY_MILLISECOND + (left % EDDY_MILLISECOND != 0); // never early
  return epoll_wait(set.fd, set.events, EpollSet::kEvents,
                    milliseconds > INT32_MAX ? INT32_MAX : static_cast<int>(milliseconds));
}

static void tell(const epoll_event &event) {
  Source *source = untag(event.data.u64);
  if (!source) return;
  uint32_t bits = event.events;
  // Urgent data too: a read stops short at its mark, with bytes behind it.
  bool hung_up = bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI);
  unsigned lanes = 0;
  if (hung_up || (bits & EPOLLIN)) lanes |= 1u << kReadLane;
  if (bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) lanes |= 1u << kWriteLane;
  uint32_t events = source->waiters.head ? poll_events(bits, kAllEvents) : 0;
  adapter_ready(*source, lanes, hung_up, events);
}

// While the events of some handles are told, the memory of the next one comes.
static inline void fetch_ahead(const epoll_event &event) {
  const char *source = reinterpret_cast<const char *>(event.data.u64 & 0xffffffffffff);
  __builtin_prefetch(source + 64);
  __builtin_prefetch(source + 128);
}

int set_harvest(EpollSet &set, Time until) {
  int count = wait(set, until);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) {
    if (i + kAhead < count) fetch_ahead(set.events[i + kAhead]);
    if (set.events[i].data.u64 != kWake) tell(set.events[i]);
  }
  return count;
}

} // namespace eddy
