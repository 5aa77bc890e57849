/* The load generator: closed-loop echo clients on one thread of raw epoll.
 * Prints "measuring" when the measured interval starts and its figures when it is over. What was
 * sent must come back, to the byte: a count that differs is an error in every mode, and with
 * --verify so is content that differs. */
#define _GNU_SOURCE
#include "histogram.h"
#include "load_options.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <time.h>

#define CHUNK (256 * 1024)
#define PERIOD 65521 /* prime: no message size divides it, so a shifted echo never matches */
#define EVENTS 512

struct conn {
  int fd;
  bool failed;
  uint32_t seed;
  uint64_t goal, sent, received; /* bytes */
  uint64_t begun, finished;      /* messages */
  uint64_t *started;             /* when, of the messages in flight */
};

struct counters {
  uint64_t messages, bytes;
  struct histogram latency;
};

static struct options o;
static struct conn *conns;
static struct counters seen;
static uint8_t pattern[PERIOD + CHUNK], input[CHUNK];
static uint64_t left_to_start = UINT64_MAX;
static unsigned errors, in_flight_mask;
static int epfd;
static bool starting = true, reading = true;

static uint64_t now_ns(void) {
  struct timespec ts;

  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void fail(struct conn *c, const char *what) {
  if (!c->failed && errors++ < 5)
    fprintf(stderr, "connection %d: %s after %llu of %llu bytes\n", (int)(c - conns), what,
            (unsigned long long)c->received, (unsigned long long)c->sent);
  c->failed = true;
  epoll_ctl(epfd, EPOLL_CTL_DEL, c->fd, NULL);
}

/* Without --verify every message is the same hot bytes. */
static const uint8_t *expected(const struct conn *c, uint64_t offset) {
  return pattern + (o.verify ? (offset + c->seed) % PERIOD : 0);
}

static void push(struct conn *c) {
  while (!c->failed && c->sent < c->goal) {
    size_t n = c->goal - c->sent < CHUNK ? c->goal - c->sent : CHUNK;
    ssize_t ret = send(c->fd, expected(c, c->sent), n, MSG_NOSIGNAL);

    if (ret < 0) {
      if (errno != EAGAIN) fail(c, strerror(errno));
      return;
    }
    c->sent += (uint64_t)ret;
  }
}

static void start_messages(struct conn *c, uint64_t count, uint64_t now) {
  if (!starting) return;
  if (count > left_to_start) count = left_to_start;
  left_to_start -= count;
  for (uint64_t i = 0; i < count; i++) c->started[c->begun++ & in_flight_mask] = now;
  c->goal += count * o.size;
  push(c);
}

static int open_connection(void) {
  static uint32_t number;
  struct sockaddr_in addr = bench_loopback(o.port), from = bench_loopback(0);
  int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0) bench_die("socket");
  if (o.brief) { /* one address has not ports enough for all that have closed */
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number++ % 4096);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) bench_die("bind");
  }
  if (connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0) bench_die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void watch(struct conn *c) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET,
                              .data.u32 = (uint32_t)(c - conns)};

  if (epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &event) < 0) bench_die("epoll_ctl");
}

static void renew(struct conn *c) {
  close(c->fd);
  c->fd = open_connection();
  watch(c);
}

static void finish_messages(struct conn *c) {
  uint64_t count = c->received / o.size - c->finished, now;

  if (count == 0) return;
  now = now_ns();
  for (uint64_t i = 0; i < count; i++)
    histogram_add(&seen.latency, now - c->started[c->finished++ & in_flight_mask]);
  seen.messages += count;
  if (o.brief) renew(c);
  start_messages(c, count, now);
}

static void pull(struct conn *c) {
  while (!c->failed && reading) {
    ssize_t n = recv(c->fd, input, sizeof input, 0);

    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      fail(c, n == 0 ? "closed by the server" : strerror(errno));
      return;
    }
    if (c->received + (uint64_t)n > c->sent)
      fail(c, "more came back than was sent");
    else if (o.verify && memcmp(input, expected(c, c->received), (size_t)n) != 0)
      fail(c, "different bytes came back");
    c->received += (uint64_t)n;
    seen.bytes += (uint64_t)n;
    if (!o.slow && !c->failed) finish_messages(c);
    if (n < (ssize_t)sizeof input) return;
  }
}

static void poll_until(uint64_t deadline) {
  static struct epoll_event events[EVENTS];
  uint64_t now = now_ns();
  uint64_t left = deadline > now ? deadline - now : 0;
  int n = epoll_wait(epfd, events, EVENTS, left < 100000000 ? (int)(left / 1000000) + 1 : 100);

  for (int i = 0; i < n; i++) {
    struct conn *c = &conns[events[i].data.u32];

    if (events[i].events & ~(uint32_t)EPOLLOUT) pull(c);
    if (c->sent < c->goal) push(c);
  }
}

static void open_all(void) {
  uint32_t random = 1;

  for (size_t i = 0; i < PERIOD; i++) {
    random = random * 1664525u + 1013904223u;
    pattern[i] = (uint8_t)(random >> 24);
  }
  for (size_t i = PERIOD; i < sizeof pattern; i++) pattern[i] = pattern[i - PERIOD];
  while (in_flight_mask + 1 < (unsigned)o.depth) in_flight_mask = in_flight_mask * 2 + 1;
  for (int i = 0; i < o.connections; i++) {
    struct conn *c = &conns[i];

    c->fd = open_connection();
    c->seed = (uint32_t)i * 7919u % PERIOD;
    c->started = calloc((size_t)in_flight_mask + 1, sizeof *c->started);
    if (!c->started) bench_die("calloc");
    watch(c);
  }
}

static bool all_back(void) {
  for (int i = 0; i < o.connections; i++)
    if (!conns[i].failed && conns[i].received < conns[i].goal) return false;
  return true;
}

/* No new messages; everything that was sent must still come back. */
static void drain(double seconds) {
  uint64_t deadline = now_ns() + (uint64_t)(seconds * 1e9);

  starting = false;
  while (!all_back() && now_ns() < deadline) poll_until(deadline);
  for (int i = 0; i < o.connections; i++)
    if (!conns[i].failed && conns[i].received != conns[i].goal)
      fail(&conns[i], "the rest never came back");
}

static void run_idle(int stop) {
  int room = bench_raise_fd_limit() - 16;
  int count = o.idle < room ? o.idle : room;
  fd_set set;
  struct timeval wait = {.tv_sec = (long)o.seconds};

  if (count < o.idle)
    fprintf(stderr, "descriptor limit: %d idle connections instead of %d\n", count, o.idle);
  FD_ZERO(&set);
  FD_SET(stop, &set);
  for (int i = 0; i < count; i++) open_connection();
  printf("idle %d\n", count);
  fflush(stdout);
  select(stop + 1, &set, NULL, NULL, &wait);
}

/* Fills every buffer on the way, then stops sending and takes it all back. */
static void run_slow(void) {
  uint64_t end = now_ns() + (uint64_t)(o.seconds * 1e9), total = 0;

  reading = starting = false;
  for (int i = 0; i < o.connections; i++) {
    conns[i].goal = UINT64_MAX;
    push(&conns[i]);
  }
  while (now_ns() < end) poll_until(end);
  reading = true;
  for (int i = 0; i < o.connections; i++) total += conns[i].goal = conns[i].sent;
  printf("sent %llu bytes without reading\n", (unsigned long long)total);
  fflush(stdout);
  for (int i = 0; i < o.connections; i++) pull(&conns[i]);
  drain(30);
}

static void report(const struct counters *measured, double elapsed, int64_t cpu) {
  const char *format =
      o.json ? "{\"messages\": %llu, \"seconds\": %.6f, \"msgs_per_s\": %.0f, \"mb_per_s\": %.2f, "
               "\"p50_us\": %.2f, \"p99_us\": %.2f, \"max_us\": %.2f, \"errors\": %u, "
               "\"server_cpu_ns\": %lld}\n"
             : "%llu messages in %.3f s: %.0f/s, %.2f MB/s; p50 %.2f us, p99 %.2f us, max %.2f us; "
               "%u errors; server CPU %lld ns\n";

  printf(format, (unsigned long long)measured->messages, elapsed,
         (double)measured->messages / elapsed, (double)measured->bytes / elapsed / 1e6,
         (double)histogram_at(&measured->latency, 0.50) / 1e3,
         (double)histogram_at(&measured->latency, 0.99) / 1e3, (double)measured->latency.max / 1e3,
         errors, (long long)cpu);
}

static bool finished(uint64_t end) {
  return errors >= (unsigned)o.connections ||
         (o.messages > 0 ? seen.messages >= o.messages : now_ns() >= end);
}

static void run_messages(void) {
  static struct counters measured;
  uint64_t start, end;
  int64_t cpu = -1;

  if (o.messages > 0) {
    left_to_start = o.messages;
    o.warmup = 0;
  }
  for (int i = 0; i < o.connections; i++) start_messages(&conns[i], (uint64_t)o.depth, now_ns());
  end = now_ns() + (uint64_t)(o.warmup * 1e9);
  while (now_ns() < end) poll_until(end);
  if (o.messages == 0) memset(&seen, 0, sizeof seen);
  printf("measuring\n");
  fflush(stdout);
  if (o.server_pid) cpu = server_cpu_ns(o.server_pid);
  start = now_ns();
  end = o.messages > 0 ? UINT64_MAX : start + (uint64_t)(o.seconds * 1e9);
  while (!finished(end)) poll_until(end);
  if (cpu >= 0) cpu = server_cpu_ns(o.server_pid) - cpu;
  end = now_ns();
  measured = seen;
  drain(10);
  report(&measured, (double)(end - start) / 1e9, cpu);
}

int main(int argc, char **argv) {
  int stop;

  o = read_options(argc, argv);
  bench_raise_fd_limit();
  epfd = epoll_create1(EPOLL_CLOEXEC);
  conns = calloc((size_t)o.connections, sizeof *conns);
  if (epfd < 0 || !conns) bench_die("start");
  if (o.idle > 0) {
    stop = bench_stop_fd();
    run_idle(stop);
    return 0;
  }
  open_all();
  if (o.slow)
    run_slow();
  else
    run_messages();
  return errors > 0;
}
