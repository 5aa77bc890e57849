// What trap.h needs of Linux: children that fail by their exit code, seccomp filters, clocks.
#ifndef EDDY_TEST_TRAP_SYSTEM_H
#define EDDY_TEST_TRAP_SYSTEM_H

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

// The native handle of a loop is readable.
static inline int native_wait(int64_t native, int milliseconds) {
  struct pollfd host = {.fd = (int)native, .events = POLLIN};
  return poll(&host, 1, milliseconds) == 1;
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
