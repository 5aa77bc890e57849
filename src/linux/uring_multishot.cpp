// Whether this kernel's multishot receives can be trusted.
//
// Many cannot: when bytes and the end behind them (a reset, or the end of a Unix stream) have both arrived before
// such a request looks, it takes the bytes and sleeps on (liburing issue 1549). The repair went into stable kernels
// too, so no version tells; the test lets the same thing happen on a ring of its own. Together with POLL_FIRST
// repaired kernels lose the end as well (seen on 6.18.44), so the two are never combined.
#include "uring.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

namespace eddy {

namespace {

constexpr size_t kPage = 4096;
constexpr unsigned kBuffers = 4, kBufferSize = 64; // behind the ring, in the same page
constexpr int kPatience = 1000;                    // milliseconds for a reset over loopback

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

struct Page {
  void *at = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ~Page() {
    if (at != MAP_FAILED) munmap(at, kPage);
  }
};

struct TestRing {
  Uring uring = {};
  bool open = ring_open(uring, 4).value >= 0;
  ~TestRing() {
    if (open) ring_close(uring);
  }
};

bool connect_over_loopback(Descriptor &near, Descriptor &far) {
  Descriptor listener;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr *any = reinterpret_cast<sockaddr *>(&address);
  socklen_t size = sizeof address;
  constexpr int type = SOCK_STREAM | SOCK_CLOEXEC;
  listener.fd = socket(AF_INET, type, 0);
  far.fd = socket(AF_INET, type, 0);
  if (listener.fd < 0 || far.fd < 0 || bind(listener.fd, any, size) < 0 ||
      listen(listener.fd, 1) < 0 || getsockname(listener.fd, any, &size) < 0 ||
      connect(far.fd, any, size) < 0)
    return false;
  near.fd = accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
  return near.fd >= 0;
}

bool start_receive(Uring &uring, int fd, void *page) {
  io_uring_buf_reg reg = {};
  reg.ring_addr = reinterpret_cast<uintptr_t>(page);
  reg.ring_entries = kBuffers;
  if (io_uring_register_buf_ring(&uring.ring, &reg, 0) < 0) return false;
  io_uring_buf_ring *ring = static_cast<io_uring_buf_ring *>(page);
  char *data = static_cast<char *>(page) + kPage / 2;
  for (unsigned i = 0; i < kBuffers; i++)
    io_uring_buf_ring_add(ring, data + i * kBufferSize, kBufferSize, static_cast<uint16_t>(i),
                          kBuffers - 1, static_cast<int>(i));
  io_uring_buf_ring_advance(ring, kBuffers);
  io_uring_sqe *sqe = io_uring_get_sqe(&uring.ring);
  io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  return ring_enter(uring, false, 0).value >= 0;
}

bool send_and_reset(Descriptor &far, int near) {
  linger now = {1, 0};
  bool sent = send(far.fd, "x", 1, MSG_NOSIGNAL) == 1 &&
              setsockopt(far.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0;
  close(far.fd);
  far.fd = -1;
  pollfd reset = {near, 0, 0};
  return sent && poll(&reset, 1, kPatience) == 1;
}

// The work that the request left behind is done by the next enters, without a wait.
bool sees_the_end(Uring &uring) {
  for (int tries = 8; tries; tries--) {
    if (ring_enter(uring, false, 0).value < 0) return false;
    io_uring_cqe *cqe;
    while (io_uring_peek_cqe(&uring.ring, &cqe) == 0) {
      bool last = !(cqe->flags & IORING_CQE_F_MORE);
      io_uring_cqe_seen(&uring.ring, cqe);
      if (last) return true;
    }
  }
  return false;
}

enum Verdict : uint8_t { kUntested, kTrusted, kDistrusted };

Verdict test() {
  Descriptor near, far;
  Page page; // unmapped after the ring is closed: the kernel has its address
  TestRing ring;
  if (page.at == MAP_FAILED || !ring.open || !connect_over_loopback(near, far) ||
      ring_enable(ring.uring).value < 0 || !start_receive(ring.uring, near.fd, page.at) ||
      !send_and_reset(far, near.fd))
    return kUntested;
  return sees_the_end(ring.uring) ? kTrusted : kDistrusted;
}

} // namespace

bool uring_multishot_receives() {
  static std::atomic<uint8_t> known; // a test that could not be made is made again
  uint8_t verdict = known.load(std::memory_order_relaxed);
  if (verdict == kUntested) {
    verdict = test();
    known.store(verdict, std::memory_order_relaxed);
  }
  return verdict == kTrusted;
}

} // namespace eddy
