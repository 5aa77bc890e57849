#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void (*told)(void);
static int request_pipe[2];

static void on_signal(int number) {
  (void)number;
  told();
}

static sigset_t end_signals(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  return signals;
}

void on_end_request(void (*call)(void)) {
  told = call;
  struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: waits are to end */
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}

void hold_end_requests(void) {
  sigset_t signals = end_signals();
  sigprocmask(SIG_BLOCK, &signals, NULL);
}

void release_end_requests(void) {
  sigset_t signals = end_signals();
  sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

static void put_request(void) {
  int before = errno;
  while (write(request_pipe[1], "", 1) < 0 && errno == EINTR) { /* full: there is one already */
  }
  errno = before;
}

eddy_native_t open_end_requests(void) {
  if (pipe2(request_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return EDDY_NO_NATIVE;
  on_end_request(put_request);
  return request_pipe[0];
}

void take_end_request(eddy_native_t from) {
  char byte;
  ssize_t taken = read((int)from, &byte, 1);
  (void)taken;
}

uint64_t raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  }
  return limit.rlim_cur;
}

int terminal_columns(void) {
  struct winsize size = {0};
  if (!isatty(STDOUT_FILENO)) return 0;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
