#include "process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static volatile sig_atomic_t signalled;
static eddy_remote_t *volatile awake_on_signal;

/* A signal handler may do next to nothing. Waking a loop is allowed: the loop then comes to its
   hook, which looks at the flag. */
static void on_signal(int number) {
  (void)number;
  signalled = 1;
  if (awake_on_signal) eddy_remote_wake(awake_on_signal);
}

void catch_signals(void) {
  struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: waits are to end */
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}

bool interrupted(void) { return signalled; }

static void before_wait(eddy_op_t *op, int64_t result) {
  if (result == 0 && signalled) eddy_loop_stop(op->data);
}

void stop_loop_on_signal(eddy_loop_t *loop, eddy_op_t *hook) {
  eddy_op_init(hook);
  hook->data = loop;
  eddy_op_set_flags(hook, EDDY_OP_UNREF);
  eddy_hook_before_wait(loop, hook, before_wait);
  awake_on_signal = eddy_loop_remote(loop);
}

void forget_loop(void) {
  eddy_remote_t *remote = awake_on_signal;
  awake_on_signal = NULL;
  if (remote) eddy_remote_release(remote);
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

void require_descriptors(const char *program, uint64_t connections) {
  const uint64_t others = 16; /* standard streams, the loop's own, the listener */
  uint64_t limit = raise_descriptor_limit();
  if (connections + others <= limit) return;
  fprintf(stderr,
          "%s: %llu connections need more open descriptors than the limit of %llu (ulimit -n)\n",
          program, (unsigned long long)connections, (unsigned long long)limit);
  exit(2);
}

void fail(const char *program, const char *what, int64_t error) {
  fprintf(stderr, "%s: %s: %s (%s)\n", program, what, eddy_error_text(error),
          eddy_error_name(error));
  exit(1);
}
