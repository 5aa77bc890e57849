// A descriptor that a foreign loop can sleep on.
//
// The ring's own will not do: with DEFER_TASKRUN, work that becomes pending does not wake a process that
// already sleeps in a poll on it (seen on 6.18). It does signal an eventfd that is registered with the ring.
// That one and the wake descriptor make up an epoll set, whose descriptor the host gets.
#include "uring.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace eddy {

static bool watch(int set, int fd, uint32_t events) {
  epoll_event event = {.events = events, .data = {.u64 = 0}};
  return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0;
}

eddy_native_t uring_native(Loop &loop) {
  Uring &uring = uring_of(loop);
  if (uring.embed_set >= 0) return uring.embed_set;
  uring.embed_set = epoll_create1(EPOLL_CLOEXEC);
  uring.embed_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  bool made = uring.embed_set >= 0 && uring.embed_event >= 0 &&
              watch(uring.embed_set, uring.embed_event, EPOLLIN) &&
              watch(uring.embed_set, static_cast<int>(core(loop).wake), EPOLLIN | EPOLLET) &&
              io_uring_register_eventfd(&uring.ring, uring.embed_event) == 0;
  if (!made) uring_embed_close(uring);
  return uring.embed_set;
}

// What has been signalled so far will be looked at now; what comes later signals anew.
void uring_embed_clear(Uring &uring) {
  epoll_event events[2];
  uint64_t count;
  epoll_wait(uring.embed_set, events, 2, 0);
  ssize_t ignored = read(uring.embed_event, &count, sizeof count);
  (void)ignored;
}

void uring_embed_close(Uring &uring) {
  if (uring.embed_set >= 0) close(uring.embed_set);
  if (uring.embed_event >= 0) close(uring.embed_event);
  uring.embed_set = uring.embed_event = -1;
}

} // namespace eddy
