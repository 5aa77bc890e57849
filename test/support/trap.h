// For tests of the system's traps: children that fail by their exit code, seccomp filters, and pairs of
// plain sockets.
#ifndef EDDY_TEST_TRAP_H
#define EDDY_TEST_TRAP_H

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int trap_child; // this process is a forked child, where cmocka must not go on

static inline void trap_failed(const char *file, int line, const char *what, int64_t a, int64_t b) {
  fprintf(stderr, "%s:%d: %s (%lld, %lld)\n", file, line, what, (long long)a, (long long)b);
  if (trap_child) _exit(1);
  fail();
}

#define CHECK(c) ((c) ? (void)0 : trap_failed(__FILE__, __LINE__, #c, 0, 0))
#define CHECK_EQ(a, b)                                                                             \
  do {                                                                                             \
    int64_t left_ = (int64_t)(a), right_ = (int64_t)(b);                                           \
    if (left_ != right_) trap_failed(__FILE__, __LINE__, #a " == " #b, left_, right_);             \
  } while (0)

static inline int in_ring_run(void) {
  const char *name = getenv("EDDY_DRIVER");
  return name && strcmp(name, "io_uring") == 0;
}

#define UNTIL(loop, condition)                                                                     \
  do {                                                                                             \
    eddy_time_t limit_ = eddy_update_now(loop) + 10 * EDDY_SECOND;                                 \
    while (!(condition)) {                                                                         \
      if (eddy_update_now(loop) > limit_)                                                          \
        trap_failed(__FILE__, __LINE__, "10 s for " #condition, 0, 0);                             \
      eddy_loop_step(loop, eddy_now(loop) + 50 * EDDY_MILLISECOND);                                \
    }                                                                                              \
  } while (0)

static inline eddy_loop_t *open_with(const eddy_loop_options_t *options) {
  eddy_loop_t *loop = NULL;
  CHECK_EQ(eddy_loop_open(options, &loop), 0);
  return loop;
}

// The smallest ring; other drivers take the number for nothing.
static inline eddy_loop_t *open_tiny(void) {
  eddy_loop_options_t options = {.size = sizeof options, .ring_entries = 4};
  return open_with(&options);
}

static inline void end_loop(eddy_loop_t *loop) {
  CHECK_EQ(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  CHECK_EQ(eddy_loop_close(loop), 0);
}

static inline void become_child(void) {
  trap_child = 1;
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  // cmocka's handlers would go on with the next test, here.
  const int handled[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
  for (unsigned i = 0; i < sizeof handled / sizeof *handled; i++) signal(handled[i], SIG_DFL);
  alarm(50);
}

// The wait status of a child that runs `body`. It exits with 0 when that returns.
static inline int child_status(void (*body)(void *), void *context) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    become_child();
    body(context);
    _exit(0);
  }
  assert_true(child > 0);
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static inline void run_child(void (*body)(void *), void *context) {
  int status = child_status(body, context);
  if (WIFSIGNALED(status)) fail_msg("the child died of signal %d", WTERMSIG(status));
  if (WEXITSTATUS(status) == 77) skip();
  assert_int_equal(WEXITSTATUS(status), 0);
}

// A child that ends by abort(), with a line of the library that contains `text`.
static inline void expect_abort(void (*body)(void *), void *context, const char *text) {
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    become_child();
    dup2(ends[1], STDERR_FILENO);
    body(context);
    _exit(0);
  }
  close(ends[1]);
  char said[512] = {0};
  size_t used = 0;
  ssize_t got;
  while (used < sizeof said - 1 && (got = read(ends[0], said + used, sizeof said - 1 - used)) > 0)
    used += (size_t)got;
  close(ends[0]);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
    fail_msg("expected an abort, got status 0x%x: %s", (unsigned)status, said);
  if (strncmp(said, "eddy: ", 6) != 0 || !strstr(said, text))
    fail_msg("expected '%s' in: %s", text, said);
}

// From now on these system calls fail with `error`, for this thread and what it forks.
static inline void deny(const long *calls, unsigned count, int error) {
  struct sock_filter code[40];
  unsigned n = 0;
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
  for (unsigned i = 0; i < count; i++) {
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
                                             SECCOMP_RET_ERRNO | ((uint32_t)error & 0xffff));
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {(unsigned short)n, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
    fprintf(stderr, "no seccomp filters here\n");
    if (trap_child) _exit(77);
    skip();
  }
}

#define DENY(error, ...)                                                                           \
  do {                                                                                             \
    const long calls_[] = {__VA_ARGS__};                                                           \
    deny(calls_, sizeof calls_ / sizeof *calls_, error);                                           \
  } while (0)

#if !defined(SYS_epoll_wait)
#define SYS_epoll_wait SYS_epoll_pwait
#endif

// What every wait of either driver goes through.
static inline void deny_waits(int error) {
  DENY(error, SYS_io_uring_enter, SYS_epoll_pwait2, SYS_epoll_pwait, SYS_epoll_wait);
}

// A connected pair of plain TCP sockets.
static inline void tcp_sockets(int fds[2]) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQ(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
  CHECK_EQ(listen(listener, 1), 0);
  CHECK_EQ(getsockname(listener, (struct sockaddr *)&at, &size), 0);
  fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQ(connect(fds[0], (struct sockaddr *)&at, sizeof at), 0);
  fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  CHECK(fds[1] >= 0);
  close(listener);
  struct timeval limit = {10, 0};
  setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// A stream of the loop; the other end is a plain blocking socket.
static inline int tcp_peer(eddy_loop_t *loop, eddy_stream_t **stream) {
  int fds[2];
  tcp_sockets(fds);
  CHECK_EQ(eddy_stream_adopt(loop, fds[1], stream), 0);
  return fds[0];
}

static inline void connect_raw(int fd, const eddy_addr_t *addr) {
  struct sockaddr_in native;
  CHECK(eddy_addr_to_native(addr, &native, sizeof native) > 0);
  CHECK_EQ(connect(fd, (struct sockaddr *)&native, sizeof native), 0);
}

static inline eddy_pool_t *pool_of(eddy_loop_t *loop, uint32_t buffers, uint32_t size) {
  eddy_pool_options_t options = {.size = sizeof options, .buffers = buffers, .buffer_size = size};
  eddy_pool_t *pool = NULL;
  CHECK_EQ(eddy_pool_open(loop, &options, &pool), 0);
  return pool;
}

static inline uint64_t cpu_time(void) {
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return (uint64_t)used.tv_sec * EDDY_SECOND + (uint64_t)used.tv_nsec;
}

static inline void pause_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}

#endif
