// Runs a program and fails chosen system calls of it: the kernel asks this one about each (seccomp's user
// notification), so that no tracer is in the way of a sanitizer, and any number of faults can happen in one run.
//
//   inject [--seconds N] [--cpu N] [--nofile N] [--memlock N] [--as N] [--from-start] [--counts] [FAULT...] --
//          PROGRAM [ARGUMENT...]
//
// A FAULT is CALL:ERROR:N, for the Nth call counted over all threads and children, or CALL:ERROR:N+ for all from there
// on; --nofile and its like are limits of the program, getrlimit(2). Calls count from the moment at which a loop is opened (eventfd2, epoll_create1, io_uring_setup), for what libc does
// before is not what is tested; --from-start counts them all. --counts tells in the end how often each was called.
// SIGINT and SIGTERM are passed on. The last line on stderr is the verdict: exit CODE, signal NUMBER, hang (killed after
// --seconds), with the faults that have happened and the CPU time. Exits with 0 whatever that is; with 77 when the system
// has no such filters.
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL(name)                                                                                 \
  { #name, SYS_##name, 0 }
static struct call {
  const char *name;
  int number;
  unsigned count;
} calls[] = {
#ifdef SYS_epoll_wait // not on ARM
    CALL(epoll_wait),     CALL(poll),           CALL(unlink),
#endif
    CALL(accept4),        CALL(bind),           CALL(clone3),
    CALL(connect),        CALL(epoll_create1),  CALL(epoll_ctl),
    CALL(epoll_pwait),    CALL(epoll_pwait2),   CALL(eventfd2),
    CALL(fcntl),          CALL(getpeername),    CALL(getsockname),
    CALL(getsockopt),     CALL(io_uring_enter), CALL(io_uring_register),
    CALL(io_uring_setup), CALL(listen),         CALL(madvise),
    CALL(mmap),           CALL(munmap),         CALL(newfstatat),
    CALL(ppoll),          CALL(read),           CALL(readlink),
    CALL(recvfrom),       CALL(recvmsg),        CALL(sched_getaffinity),
    CALL(sendmsg),        CALL(sendto),         CALL(setsockopt),
    CALL(shutdown),       CALL(socket),         CALL(socketpair),
    CALL(unlinkat),       CALL(write),          CALL(writev),
};
enum { CALLS = sizeof calls / sizeof *calls, FAULTS = 8 };

static struct fault {
  struct call *call;
  int error;
  unsigned from, to;
  unsigned hits;
} faults[FAULTS];
static int fault_count;

static void die(const char *what) {
  fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
  exit(2);
}

static int error_number(const char *name) {
  for (int error = 1; error < 134; error++) {
    const char *its = strerrorname_np(error);
    if (its && strcmp(its, name) == 0) return error;
  }
  return 0;
}

static int parse(char *text) {
  char *name = strtok(text, ":"), *error = strtok(NULL, ":"), *when = strtok(NULL, ":");
  if (!when || fault_count == FAULTS) return 0;
  struct fault *fault = &faults[fault_count++];
  for (int i = 0; i < CALLS; i++)
    if (strcmp(calls[i].name, name) == 0) fault->call = &calls[i];
  char *end;
  fault->error = error_number(error);
  fault->from = (unsigned)strtoul(when, &end, 10);
  fault->to = *end == '+' ? UINT32_MAX : fault->from;
  return fault->call && fault->error && fault->from;
}

static int opens_a_loop(int number) {
  return number == SYS_eventfd2 || number == SYS_epoll_create1 || number == SYS_io_uring_setup;
}

// Others are not asked about: a signal that comes while a call waits for the answer makes it fail with EINTR, and no
// mmap of a sanitizer, for one, is prepared for that.
static int asked_about(const struct call *call, int all) {
  if (all || opens_a_loop(call->number)) return 1;
  for (int i = 0; i < fault_count; i++)
    if (faults[i].call == call) return 1;
  return 0;
}

// The descriptor that answers.
static int filter(int all) {
  struct sock_filter code[CALLS * 2 + 2];
  unsigned short n = 0;
  code[n++] =
      (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (int i = 0; i < CALLS; i++) {
    if (!asked_about(&calls[i], all)) continue;
    code[n++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {n, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                      &program);
}

static int chosen(int number, int counting) {
  struct call *call = calls;
  while (call->number != number) call++;
  if (counting) call->count++;
  for (int i = 0; counting && i < fault_count; i++) {
    struct fault *fault = &faults[i];
    if (fault->call != call || call->count < fault->from || call->count > fault->to) continue;
    fault->hits++;
    return fault->error;
  }
  return 0;
}

static void answer(int listener, int *counting) {
  struct seccomp_notif asked;
  struct seccomp_notif_resp reply = {0};
  memset(&asked, 0, sizeof asked);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked)) return; // its thread has been killed
  if (opens_a_loop(asked.data.nr)) *counting = 1;
  reply.id = asked.id;
  reply.error = -chosen(asked.data.nr, *counting);
  reply.flags = reply.error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

static volatile pid_t the_program;
static void forward(int number) { kill(the_program, number); }

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct limit {
  const char *option;
  int resource;
  rlim_t value;
} limits[] = {{"--cpu", RLIMIT_CPU, 10},
              {"--nofile", RLIMIT_NOFILE, RLIM_INFINITY},
              {"--memlock", RLIMIT_MEMLOCK, RLIM_INFINITY},
              {"--as", RLIMIT_AS, RLIM_INFINITY}};
enum { LIMITS = sizeof limits / sizeof *limits };

static int limit_option(const char *option, const char *value) {
  for (int i = 0; i < LIMITS; i++) {
    if (strcmp(limits[i].option, option) != 0) continue;
    limits[i].value = strtoul(value, NULL, 10);
    return 1;
  }
  return 0;
}

static void run(char **program, int all, volatile int *listener) {
  setpgid(0, 0);
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  int made = filter(all);
  for (int i = 0; i < LIMITS; i++) {
    struct rlimit limit = {limits[i].value, limits[i].value};
    if (limit.rlim_cur != RLIM_INFINITY) setrlimit(limits[i].resource, &limit);
  }
  *listener = made < 0 ? -errno : made;
  if (made >= 0) execv(program[0], program);
  _exit(127);
}

int main(int argc, char **argv) {
  unsigned seconds = 20;
  int counting = 0, counts = 0, at = 1;
  for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
    if (strcmp(argv[at], "--seconds") == 0 && at + 1 < argc)
      seconds = (unsigned)atoi(argv[++at]);
    else if (at + 1 < argc && limit_option(argv[at], argv[at + 1]))
      at++;
    else if (strcmp(argv[at], "--from-start") == 0)
      counting = 1;
    else if (strcmp(argv[at], "--counts") == 0)
      counts = 1;
    else if (!parse(argv[at]))
      return fprintf(stderr, "inject: what is %s?\n", argv[at]), 2;
  }
  if (at + 1 >= argc) return fprintf(stderr, "inject: no program\n"), 2;

  // The child's descriptors are this one's until it becomes the program: that is how the listener gets here.
  volatile int *shared =
      mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) die("mmap");
  pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
  if (child == 0) run(argv + at + 1, counts, shared);
  if (child < 0) die("clone");
  the_program = child;
  signal(SIGINT, forward);
  signal(SIGTERM, forward);
  int process = (int)syscall(SYS_pidfd_open, child, 0);
  if (process < 0) kill(child, SIGKILL), die("pidfd_open");
  while (!*shared) sched_yield();
  if (*shared < 0) {
    printf("SKIP: the system has no seccomp filters that ask: %s\n", strerror(-*shared));
    return 77;
  }

  struct pollfd polled[] = {{*shared, POLLIN, 0}, {process, POLLIN, 0}};
  double end = seconds_now() + seconds;
  int hang = 0;
  while (!(polled[1].revents & POLLIN)) {
    double left = end - seconds_now();
    if (left <= 0) hang = 1;
    if (hang) kill(-child, SIGKILL);
    poll(polled, 2, hang ? 100 : (int)(left * 1000) + 1);
    if (polled[0].revents & POLLIN) answer(*shared, &counting);
  }
  int status = 0;
  struct rusage used;
  wait4(child, &status, 0, &used);
  kill(-child, SIGKILL); // what it may have left

  for (int i = 0; counts && i < CALLS; i++)
    if (calls[i].count) fprintf(stderr, "count %s %u\n", calls[i].name, calls[i].count);
  unsigned hits = 0;
  for (int i = 0; i < fault_count; i++) hits += faults[i].hits;
  fprintf(stderr, "inject: %s %d hits %u cpu %.3f\n",
          hang                  ? "hang"
          : WIFSIGNALED(status) ? "signal"
                                : "exit",
          hang                  ? 0
          : WIFSIGNALED(status) ? WTERMSIG(status)
                                : WEXITSTATUS(status),
          hits,
          (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
              (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
  return 0;
}
