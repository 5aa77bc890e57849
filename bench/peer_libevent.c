/* libevent TCP echo. Default: bufferevents. --raw: one persistent read event per socket, and recv
 * and send by hand; a write event exists only while something is left over. */
#define _GNU_SOURCE
#include "server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>

struct conn {
  struct event *read, *write;
  char *rest;
  size_t start, length;
};

static const char *const modes[] = {"--raw", NULL};
static struct event_base *base;
static bool raw;

static void on_buffer_read(struct bufferevent *bev, void *arg) {
  (void)arg;
  evbuffer_add_buffer(bufferevent_get_output(bev), bufferevent_get_input(bev));
}

static void on_buffer_event(struct bufferevent *bev, short events, void *arg) {
  (void)arg;
  if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) bufferevent_free(bev);
}

static void drop(struct conn *c) {
  evutil_socket_t fd = event_get_fd(c->read);

  event_free(c->read);
  event_free(c->write);
  free(c->rest);
  free(c);
  close(fd);
}

static void on_readable(evutil_socket_t fd, short what, void *arg) {
  static char buffer[BENCH_READ_SIZE];
  struct conn *c = arg;
  ssize_t n = recv(fd, buffer, sizeof buffer, 0), sent;

  (void)what;
  if (n <= 0) {
    if (n == 0 || errno != EAGAIN) drop(c);
    return;
  }
  sent = send(fd, buffer, (size_t)n, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) {
    drop(c);
    return;
  }
  if (sent < n) {
    c->start = 0;
    c->length = (size_t)(n - (sent > 0 ? sent : 0));
    c->rest = malloc(c->length);
    if (!c->rest) bench_die("malloc");
    memcpy(c->rest, buffer + n - c->length, c->length);
    event_del(c->read);
    event_add(c->write, NULL);
  }
}

static void on_writable(evutil_socket_t fd, short what, void *arg) {
  struct conn *c = arg;
  ssize_t n = send(fd, c->rest + c->start, c->length, MSG_NOSIGNAL);

  (void)what;
  if (n < 0) {
    if (errno != EAGAIN) drop(c);
    return;
  }
  c->start += (size_t)n;
  c->length -= (size_t)n;
  if (c->length == 0) {
    free(c->rest);
    c->rest = NULL;
    event_del(c->write);
    event_add(c->read, NULL);
  }
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *addr, int length, void *arg) {
  (void)listener, (void)addr, (void)length, (void)arg;
  if (raw) {
    struct conn *c = calloc(1, sizeof *c);

    if (!c) bench_die("calloc");
    c->read = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
    c->write = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
    event_add(c->read, NULL);
  } else {
    struct bufferevent *bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

    if (!bev) bench_die("bufferevent_socket_new");
    bufferevent_setcb(bev, on_buffer_read, NULL, on_buffer_event, NULL);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
  }
}

static void on_signal(evutil_socket_t number, short what, void *arg) {
  (void)number, (void)what, (void)arg;
  event_base_loopbreak(base);
}

int main(int argc, char **argv) {
  int port, fd;

  raw = bench_options(argc, argv, &port, modes) == 0;
  bench_raise_fd_limit();
  signal(SIGPIPE, SIG_IGN);
  base = event_base_new();
  if (!base) bench_die("event_base_new");
  event_add(evsignal_new(base, SIGINT, on_signal, NULL), NULL);
  event_add(evsignal_new(base, SIGTERM, on_signal, NULL), NULL);
  fd = bench_listen(port);
  if (!evconnlistener_new(base, on_connection, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                          0, fd))
    bench_die("evconnlistener_new");
  bench_announce(fd);
  event_base_dispatch(base);
  return 0;
}
