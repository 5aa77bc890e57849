/* What every benchmark server in C shares: the options, the listener, the one line it prints. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BENCH_BACKLOG 4096
#define BENCH_READ_SIZE (64 * 1024)

static inline void bench_die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

/* Reads --port N and at most one mode flag; returns the index of the mode given, or -1. */
static inline int bench_options(int argc, char **argv, int *port, const char *const *modes) {
  int mode = -1;

  *port = 0;
  for (int i = 1; i < argc; i++) {
    int found = 0;

    if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
      *port = atoi(argv[++i]);
      continue;
    }
    for (int m = 0; modes[m]; m++) {
      if (strcmp(argv[i], modes[m]) == 0) {
        mode = m;
        found = 1;
      }
    }
    if (!found) {
      fprintf(stderr, "usage: %s [--port N]", argv[0]);
      for (int m = 0; modes[m]; m++) fprintf(stderr, " [%s]", modes[m]);
      fprintf(stderr, "\n");
      exit(2);
    }
  }
  return mode;
}

/* Returns the limit in force, for tables indexed by descriptor. */
static inline int bench_raise_fd_limit(void) {
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) bench_die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) bench_die("getrlimit");
  return limit.rlim_cur > 1048576 ? 1048576 : (int)limit.rlim_cur;
}

static inline struct sockaddr_in bench_loopback(int port) {
  struct sockaddr_in addr;

  memset(&addr, 0, sizeof addr);
  addr.sin_family = AF_INET;
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  addr.sin_port = htons((unsigned short)port);
  return addr;
}

/* A bound listener; TCP_NODELAY is set here because accepted sockets inherit it. */
static inline int bench_listen(int port) {
  struct sockaddr_in addr = bench_loopback(port);
  int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0) bench_die("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0) bench_die("bind");
  if (listen(fd, BENCH_BACKLOG) < 0) bench_die("listen");
  return fd;
}

static inline void bench_announce(int fd) {
  struct sockaddr_in addr;
  socklen_t len = sizeof addr;

  if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0) bench_die("getsockname");
  printf("listening on 127.0.0.1:%d\n", ntohs(addr.sin_port));
  fflush(stdout);
}

/* SIGINT and SIGTERM become readable here: no flag to race with the wait. */
static inline int bench_stop_fd(void) {
  sigset_t set;
  int fd;

  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) bench_die("sigprocmask");
  fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) bench_die("signalfd");
  return fd;
}

#endif
