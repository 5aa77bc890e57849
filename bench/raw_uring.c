/* The io_uring limit: a TCP echo with multishot accept, multishot receive from a buffer ring, and
 * every send of a turn in the one enter that also waits. One send in flight per socket, always:
 * a second one could land in the middle of the first. */
#define _GNU_SOURCE
#include "server.h"

#include "raw_uring_queue.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/syscall.h>

#define SQ_SIZE 1024
#define CQ_SIZE 8192
#define QUEUE_LIMIT 8 /* received but unsent buffers of one socket before it is not read any more */

enum kind { ACCEPT, STOP, RECV, SEND, CANCEL };

enum {
  RECEIVING = 1,
  SENDING = 2,
  CANCELING = 4,
  CLOSING = 8,   /* no more input; closes once the kernel has no request of it left */
  BROKEN = 16,   /* output has nowhere to go */
  DIRTY = 32,    /* in the list of sockets to look at before the enter */
  PARKED = 64,   /* waits for free buffers */
  STALLED = 128, /* its last send did not finish at once */
};

struct conn {
  struct queue queue;
  uint8_t flags;
};

/* A send that has finished when its submission has, unless a completion says otherwise. */
struct attempt {
  int fd;
  uint16_t buffers;
};

static struct io_uring ring;
static struct conn *conns;
static struct gather *gathers;
static struct attempt *attempts;
static int *dirty, *parked;
static unsigned n_attempts, n_dirty, n_parked, n_gathers;
static int listener, stop_fd;
static bool accepting, stopping, must_not_wait;

static struct io_uring_sqe *next_sqe(void) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

  if (!sqe) {
    io_uring_submit(&ring);
    n_gathers = 0;
    sqe = io_uring_get_sqe(&ring);
    if (!sqe) bench_die("submission queue");
  }
  return sqe;
}

static void tag(struct io_uring_sqe *sqe, enum kind kind, int fd) {
  io_uring_sqe_set_data64(sqe, (uint64_t)fd << 8 | kind);
}

static void mark(int fd) {
  if (!(conns[fd].flags & DIRTY)) {
    conns[fd].flags |= DIRTY;
    dirty[n_dirty++] = fd;
  }
}

static void arm_accept(void) {
  struct io_uring_sqe *sqe = next_sqe();

  io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
  tag(sqe, ACCEPT, listener);
  accepting = true;
}

static void arm_recv(int fd) {
  struct io_uring_sqe *sqe = next_sqe();

  io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = POOL_GROUP;
  tag(sqe, RECV, fd);
  conns[fd].flags |= RECEIVING;
}

static void cancel_recv(int fd) {
  struct io_uring_sqe *sqe = next_sqe();

  io_uring_prep_cancel64(sqe, (uint64_t)fd << 8 | RECV, 0);
  tag(sqe, CANCEL, fd);
  conns[fd].flags |= CANCELING;
}

/* The first attempt never waits (MSG_DONTWAIT) and tells only of failure, a short send included
 * (CQE_SKIP with WAITALL): the enter that submits it can wait for the next event, and is not woken
 * by its own sends. What is left over is sent by a request that waits for room. */
static void start_send(int fd) {
  struct conn *c = &conns[fd];
  struct io_uring_sqe *sqe = next_sqe();
  bool waits = c->flags & STALLED;
  int flags = MSG_NOSIGNAL | MSG_WAITALL | (waits ? 0 : MSG_DONTWAIT);
  unsigned count = 1;

  if (c->queue.count == 1) {
    size_t length;
    char *data = queue_data(&c->queue, &length);

    io_uring_prep_send(sqe, fd, data, length, flags);
  } else {
    struct gather *g = &gathers[n_gathers++];

    count = queue_gather(&c->queue, g);
    io_uring_prep_sendmsg(sqe, fd, &g->msg, (unsigned)flags);
  }
  tag(sqe, SEND, fd);
  c->flags |= SENDING;
  if (waits) {
    c->flags &= (uint8_t)~STALLED;
    return;
  }
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  attempts[n_attempts++] = (struct attempt){fd, (uint16_t)count};
  if (count < c->queue.count || (c->flags & (RECEIVING | CANCELING | CLOSING)) != RECEIVING)
    must_not_wait = true; /* its end is what this socket goes on from */
}

static void finish_attempts(void) {
  for (unsigned i = 0; i < n_attempts; i++) {
    struct conn *c = &conns[attempts[i].fd];

    if (!(c->flags & SENDING)) continue; /* it failed, and its completion was seen */
    c->flags &= (uint8_t)~SENDING;
    for (unsigned n = attempts[i].buffers; n > 0; n--) queue_pop(&c->queue);
    if (c->queue.count > 0 || c->flags != RECEIVING) mark(attempts[i].fd);
  }
  n_attempts = 0;
}

static void settle(int fd) {
  struct conn *c = &conns[fd];

  c->flags &= (uint8_t)~DIRTY;
  while (c->flags & BROKEN && !(c->flags & SENDING) && c->queue.count > 0) queue_pop(&c->queue);
  if (c->queue.count > 0 && !(c->flags & SENDING)) start_send(fd);
  if (c->flags & CLOSING) {
    if (!(c->flags & (RECEIVING | SENDING | CANCELING))) {
      c->flags = 0;
      close(fd);
      if (!accepting) arm_accept();
    }
  } else if (c->flags & RECEIVING) {
    if (c->queue.count >= QUEUE_LIMIT && !(c->flags & CANCELING)) cancel_recv(fd);
  } else if (c->queue.count < QUEUE_LIMIT / 2 && !(c->flags & (PARKED | CANCELING))) {
    arm_recv(fd);
  }
}

static void on_recv(int fd, const struct io_uring_cqe *cqe) {
  struct conn *c = &conns[fd];

  if (cqe->res > 0) queue_push(&c->queue, cqe->flags >> IORING_CQE_BUFFER_SHIFT, cqe->res);
  if (!(cqe->flags & IORING_CQE_F_MORE)) {
    c->flags &= (uint8_t)~RECEIVING;
    if (cqe->res == -ENOBUFS) {
      c->flags |= PARKED;
      parked[n_parked++] = fd;
      return;
    }
    if (cqe->res <= 0 && cqe->res != -ECANCELED)
      c->flags |= cqe->res == 0 ? CLOSING : CLOSING | BROKEN;
  }
  mark(fd);
}

static void on_send(int fd, int res) {
  struct conn *c = &conns[fd];

  c->flags &= (uint8_t)~SENDING;
  if (res < 0 && res != -EAGAIN) {
    c->flags |= BROKEN;
    shutdown(fd, SHUT_RDWR); /* ends the receive, which ends the connection */
  } else {
    queue_consume(&c->queue, res > 0 ? (size_t)res : 0);
    if (c->queue.count > 0) c->flags |= STALLED;
  }
  mark(fd);
}

static void on_completion(const struct io_uring_cqe *cqe) {
  int fd = (int)(cqe->user_data >> 8);

  switch ((enum kind)(cqe->user_data & 0xff)) {
  case RECV: on_recv(fd, cqe); break;
  case SEND: on_send(fd, cqe->res); break;
  case ACCEPT:
    accepting = cqe->flags & IORING_CQE_F_MORE;
    if (cqe->res >= 0) mark(cqe->res);
    /* Out of descriptors: the next close arms it again. */
    if (!accepting && cqe->res != -EMFILE && cqe->res != -ENFILE) arm_accept();
    break;
  case CANCEL:
    conns[fd].flags &= (uint8_t)~CANCELING;
    mark(fd);
    break;
  case STOP: stopping = true; break;
  }
}

/* Sockets that ran out of buffers read again. When the free ones are all with slow readers, and no
 * send of this turn brings any back, more are made: one stalled peer must not stop another. */
static void unpark(void) {
  if (n_parked > 0 && pool.given == 0 && n_attempts == 0 && pool.created < POOL_SLOTS)
    pool_grow(&pool);
  if (pool.given == 0) return;
  for (unsigned i = 0; i < n_parked; i++) {
    conns[parked[i]].flags &= (uint8_t)~PARKED;
    mark(parked[i]);
  }
  n_parked = 0;
}

static void settle_dirty(void) {
  for (unsigned i = 0; i < n_dirty; i++) settle(dirty[i]);
  n_dirty = 0;
  pool_publish(&pool);
}

static void turn(void) {
  struct io_uring_cqe *cqe;
  unsigned head, count = 0;

  io_uring_for_each_cqe(&ring, head, cqe) {
    on_completion(cqe);
    count++;
  }
  io_uring_cq_advance(&ring, count);
  finish_attempts();
  settle_dirty();
  if (n_parked > 0) {
    unpark();
    settle_dirty();
  }
  if (n_parked > 0 && n_attempts > 0) must_not_wait = true;
}

static void open_ring(void) {
  struct io_uring_params params;
  struct io_uring_sqe *sqe;
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
  pool_open(&pool, &ring);
  /* liburing 2.3 declares io_uring_enable_rings but its shared library lacks it. */
  if (syscall(__NR_io_uring_register, ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) < 0)
    bench_die("IORING_REGISTER_ENABLE_RINGS");
  io_uring_register_ring_fd(&ring);
  sqe = next_sqe();
  io_uring_prep_poll_add(sqe, stop_fd, POLLIN);
  tag(sqe, STOP, stop_fd);
  arm_accept();
}

int main(int argc, char **argv) {
  static const char *const modes[] = {NULL};
  size_t limit = (size_t)bench_raise_fd_limit();
  int port;

  bench_options(argc, argv, &port, modes);
  conns = pool_map(limit * sizeof *conns);
  attempts = pool_map(limit * sizeof *attempts);
  dirty = pool_map(limit * sizeof *dirty);
  parked = pool_map(limit * sizeof *parked);
  gathers = pool_map(SQ_SIZE * sizeof *gathers);
  stop_fd = bench_stop_fd();
  listener = bench_listen(port);
  open_ring();
  bench_announce(listener);
  while (!stopping) {
    /* Completions are there already when a full submission queue was submitted early. */
    int ret = must_not_wait || io_uring_cq_ready(&ring) > 0 ? io_uring_submit_and_get_events(&ring)
                                                            : io_uring_submit_and_wait(&ring, 1);

    if (ret < 0 && ret != -EINTR && ret != -EAGAIN && ret != -EBUSY) {
      errno = -ret;
      bench_die("enter");
    }
    n_gathers = 0;
    must_not_wait = false;
    turn();
  }
  return 0;
}
