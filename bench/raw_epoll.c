/* The epoll limit: a TCP echo that does the least a correct server can do.
 * One registration per socket, one recv and one send per message; what a send leaves over is kept
 * and the socket is not read again until it has gone out (back-pressure). Edge-triggered, which is
 * a few percent cheaper at 64 connections and more; --lt for the comparison. */
#define _GNU_SOURCE
#include "server.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define EVENTS 512

struct conn {
  char *rest; /* unsent tail of the last read, NULL when there is none */
  uint32_t start, len;
};

static const char *const modes[] = {"--lt", NULL};
static struct conn *conns;
static char buffer[BENCH_READ_SIZE];
static int epfd, listener, stop_fd;
static bool edge, accept_paused;

static void watch(int op, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};

  if (epoll_ctl(epfd, op, fd, &event) < 0) bench_die("epoll_ctl");
}

static uint32_t reading(void) { return edge ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN; }

static void drop(int fd) {
  free(conns[fd].rest);
  conns[fd].rest = NULL;
  close(fd);
  if (accept_paused) {
    accept_paused = false;
    watch(EPOLL_CTL_MOD, listener, EPOLLIN);
  }
}

static void keep(int fd, const char *data, uint32_t len) {
  struct conn *c = &conns[fd];

  c->rest = malloc(len);
  if (!c->rest) bench_die("malloc");
  memcpy(c->rest, data, len);
  c->start = 0;
  c->len = len;
  if (!edge) watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
}

/* Sends what is kept; true when nothing is left. The socket may be gone when it returns false. */
static bool flush_rest(int fd) {
  struct conn *c = &conns[fd];

  while (c->len > 0) {
    ssize_t n = send(fd, c->rest + c->start, c->len, MSG_NOSIGNAL);

    if (n < 0) {
      if (errno != EAGAIN) drop(fd);
      return false;
    }
    c->start += (uint32_t)n;
    c->len -= (uint32_t)n;
  }
  free(c->rest);
  c->rest = NULL;
  if (!edge) watch(EPOLL_CTL_MOD, fd, EPOLLIN);
  return true;
}

static void serve(int fd, uint32_t events) {
  /* Edge-triggered: a short read means drained, unless the peer's end may be behind it. */
  bool to_the_end = edge && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));

  if (conns[fd].rest) {
    if (!flush_rest(fd)) return;
    to_the_end = edge;
  } else if (edge && !(events & ~(uint32_t)EPOLLOUT)) {
    return;
  }
  for (;;) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    ssize_t sent;

    if (n <= 0) {
      if (n == 0 || errno != EAGAIN) drop(fd);
      return;
    }
    sent = send(fd, buffer, (size_t)n, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      drop(fd);
      return;
    }
    if (sent < n) {
      if (sent < 0) sent = 0;
      keep(fd, buffer + sent, (uint32_t)(n - sent));
      return;
    }
    if (!edge || (n < (ssize_t)sizeof buffer && !to_the_end)) return;
  }
}

static void take_connections(void) {
  for (int i = 0; i < 64; i++) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) {
        accept_paused = true;
        watch(EPOLL_CTL_MOD, listener, 0);
      }
      return;
    }
    watch(EPOLL_CTL_ADD, fd, reading());
  }
}

int main(int argc, char **argv) {
  static struct epoll_event events[EVENTS];
  int port;

  edge = bench_options(argc, argv, &port, modes) < 0;
  conns = calloc((size_t)bench_raise_fd_limit(), sizeof *conns);
  epfd = epoll_create1(EPOLL_CLOEXEC);
  if (!conns || epfd < 0) bench_die("start");
  stop_fd = bench_stop_fd();
  listener = bench_listen(port);
  watch(EPOLL_CTL_ADD, stop_fd, EPOLLIN);
  watch(EPOLL_CTL_ADD, listener, EPOLLIN);
  bench_announce(listener);
  for (;;) {
    int n = epoll_wait(epfd, events, EVENTS, -1);

    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;

      if (fd == stop_fd) return 0;
      if (fd == listener)
        take_connections();
      else
        serve(fd, events[i].events);
    }
  }
}
