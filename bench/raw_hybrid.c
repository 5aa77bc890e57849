/* The other io_uring limit: a TCP echo that waits through an edge-triggered epoll set which its ring
 * polls, reads by plain recv, and makes every send of a turn in the one enter that also waits. A
 * reply is sent before its socket is read again: one buffer and one send in flight per socket. */
#define _GNU_SOURCE
#include "server.h"

#include <liburing.h>
#include <poll.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#define SQ_SIZE 1024
#define CQ_SIZE 4096
#define EVENTS 512
#define SMALL_BATCH 3 /* events of a turn: among fewer a call is cheaper than a request */
#define SET_POLL UINT64_MAX

struct buffer {
  alignas(64) char data[BENCH_READ_SIZE];
  struct buffer *next;
};

enum {
  READY = 1,   /* may have bytes to be read */
  HUNG_UP = 2, /* a short read is no proof that it has none: the peer's end may be behind */
  SENDING = 4,
};

struct conn {
  struct buffer *buffer; /* the reply that has not gone out yet */
  uint32_t start, len;
  uint8_t flags;
};

static struct io_uring ring;
static struct conn *conns;
static struct buffer *free_buffers;
static struct epoll_event events[EVENTS];
static unsigned sends; /* in flight */
static int epfd, listener, stop_fd;
static bool set_polled, set_told, must_not_wait, by_calls, accept_paused, stopping;

static void watch(int op, int fd) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = fd};

  if (epoll_ctl(epfd, op, fd, &event) < 0) bench_die("epoll_ctl");
}

static struct buffer *buffer_take(void) {
  struct buffer *b = free_buffers;

  if (!b) {
    b = aligned_alloc(alignof(struct buffer), sizeof *b);
    if (!b) bench_die("aligned_alloc");
    return b;
  }
  free_buffers = b->next;
  return b;
}

static void buffer_give(struct buffer *b) {
  b->next = free_buffers;
  free_buffers = b;
}

static struct io_uring_sqe *next_sqe(void) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

  if (!sqe) {
    io_uring_submit(&ring);
    sqe = io_uring_get_sqe(&ring);
    if (!sqe) bench_die("submission queue");
  }
  return sqe;
}

static void drop(int fd) {
  if (conns[fd].buffer) buffer_give(conns[fd].buffer);
  conns[fd] = (struct conn){0};
  close(fd);
  if (accept_paused) {
    accept_paused = false;
    watch(EPOLL_CTL_MOD, listener);
  }
}

static void sent(struct conn *c, uint32_t n) {
  c->start += n;
  c->len -= n;
  if (c->len > 0) return;
  buffer_give(c->buffer);
  c->buffer = NULL;
}

/* By calls; true when nothing is left. The socket may be gone when it returns false. */
static bool send_rest(int fd) {
  struct conn *c = &conns[fd];

  while (c->buffer) {
    ssize_t n = send(fd, c->buffer->data + c->start, c->len, MSG_NOSIGNAL);

    if (n < 0) {
      if (errno != EAGAIN) drop(fd);
      return false; /* the set will tell of room */
    }
    sent(c, (uint32_t)n);
  }
  return true;
}

/* It never waits, so it has completed when the enter that submits it has. */
static void start_send(int fd) {
  struct conn *c = &conns[fd];
  struct io_uring_sqe *sqe = next_sqe();

  io_uring_prep_send(sqe, fd, c->buffer->data + c->start, c->len, MSG_NOSIGNAL | MSG_DONTWAIT);
  io_uring_sqe_set_data64(sqe, (uint64_t)fd);
  c->flags |= SENDING;
  sends++;
  must_not_wait |= (c->flags & READY) != 0; /* its end is what this socket goes on from */
}

static void serve(int fd) {
  struct conn *c = &conns[fd];

  while (c->flags & READY && !c->buffer) {
    struct buffer *b = buffer_take();
    ssize_t n = recv(fd, b->data, sizeof b->data, 0);

    if (n <= 0) {
      buffer_give(b);
      if (n == 0 || errno != EAGAIN)
        drop(fd);
      else
        c->flags &= (uint8_t)~READY;
      return;
    }
    if (n < (ssize_t)sizeof b->data && !(c->flags & HUNG_UP)) c->flags &= (uint8_t)~READY;
    c->buffer = b;
    c->start = 0;
    c->len = (uint32_t)n;
    if (!by_calls)
      start_send(fd);
    else if (!send_rest(fd))
      return;
  }
}

/* What a send leaves over is tried by a call at once: the room may have come, and been told, since. */
static void on_send(int fd, int res) {
  struct conn *c = &conns[fd];

  sends--;
  c->flags &= (uint8_t)~SENDING;
  if (res < 0 && res != -EAGAIN) {
    drop(fd);
    return;
  }
  sent(c, res > 0 ? (uint32_t)res : 0);
  if (send_rest(fd)) serve(fd);
}

static void take_connections(void) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
      watch(EPOLL_CTL_ADD, fd);
    } else if (errno != ECONNABORTED) {
      accept_paused = errno != EAGAIN; /* out of descriptors: the next close looks again */
      return;
    }
  }
}

static void on_event(int fd, uint32_t bits) {
  struct conn *c = &conns[fd];

  if (bits & ~(uint32_t)EPOLLOUT) c->flags |= READY;
  if (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) c->flags |= HUNG_UP;
  if (c->flags & SENDING)
    must_not_wait |= (c->flags & READY) != 0;
  else if (send_rest(fd))
    serve(fd);
}

/* Before the set is looked at: an edge that tells of room must come behind the send that had none. */
static void reap(void) {
  struct io_uring_cqe *cqe;
  unsigned head, count = 0;

  io_uring_for_each_cqe(&ring, head, cqe) {
    count++;
    if (cqe->user_data != SET_POLL) {
      on_send((int)cqe->user_data, cqe->res);
    } else {
      set_polled = false;
      set_told = true;
    }
  }
  io_uring_cq_advance(&ring, count);
}

static void harvest(void) {
  int n = epoll_wait(epfd, events, EVENTS, 0);

  set_told = n == EVENTS; /* else there are no more */
  by_calls = n < SMALL_BATCH;
  for (int i = 0; i < n; i++) {
    int fd = events[i].data.fd;

    if (fd == stop_fd)
      stopping = true;
    else if (fd == listener)
      take_connections();
    else
      on_event(fd, events[i].events);
  }
}

/* The wait is for the sends of the turn and one more: they all end in it, and do not wake it. */
static void enter(void) {
  int ret;

  if (!set_polled && !set_told) {
    struct io_uring_sqe *sqe = next_sqe();

    io_uring_prep_poll_add(sqe, epfd, POLLIN);
    io_uring_sqe_set_data64(sqe, SET_POLL);
    set_polled = true;
  }
  ret = must_not_wait || set_told ? io_uring_submit_and_get_events(&ring)
                                  : io_uring_submit_and_wait(&ring, sends + 1);
  must_not_wait = false;
  if (ret < 0 && ret != -EINTR && ret != -EAGAIN && ret != -EBUSY) {
    errno = -ret;
    bench_die("enter");
  }
}

static void open_ring(void) {
  struct io_uring_params params;
  int ret;

  memset(&params, 0, sizeof params);
  params.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE;
  params.cq_entries = CQ_SIZE;
  ret = io_uring_queue_init_params(SQ_SIZE, &ring, &params);
  if (ret < 0) {
    errno = -ret;
    bench_die("io_uring_queue_init_params");
  }
  /* liburing 2.3 declares io_uring_enable_rings but its shared library lacks it. */
  if (syscall(__NR_io_uring_register, ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) < 0)
    bench_die("IORING_REGISTER_ENABLE_RINGS");
  io_uring_register_ring_fd(&ring);
}

int main(int argc, char **argv) {
  static const char *const modes[] = {NULL};
  int port;

  bench_options(argc, argv, &port, modes);
  conns = calloc((size_t)bench_raise_fd_limit(), sizeof *conns);
  epfd = epoll_create1(EPOLL_CLOEXEC);
  if (!conns || epfd < 0) bench_die("start");
  stop_fd = bench_stop_fd();
  listener = bench_listen(port);
  watch(EPOLL_CTL_ADD, stop_fd);
  watch(EPOLL_CTL_ADD, listener);
  open_ring();
  bench_announce(listener);
  while (!stopping) {
    enter();
    reap();
    if (set_told) harvest();
  }
  return 0;
}
