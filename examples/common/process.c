#include "process.h"

#include "system.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_bool signalled;
static eddy_remote_t *volatile awake_on_signal;

/* A signal handler may do next to nothing. Waking a loop is allowed: the loop then comes to its
   hook, which looks at the flag. */
static void on_request(void) {
  signalled = true;
  if (awake_on_signal) eddy_remote_wake(awake_on_signal);
}

void catch_signals(void) { on_end_request(on_request); }

bool interrupted(void) { return signalled; }

static void before_wait(eddy_op_t *op, int64_t result) {
  if (result == 0 && signalled) eddy_loop_stop(op->data);
}

void stop_loop_on_signal(eddy_loop_t *loop, eddy_op_t *hook) {
  eddy_op_init(hook);
  hook->data = loop;
  eddy_op_set_flags(hook, EDDY_OP_UNREF);
  eddy_hook_before_wait(loop, hook, before_wait);
  hold_end_requests();
  awake_on_signal = eddy_loop_remote(loop);
  release_end_requests();
}

void forget_loop(void) {
  hold_end_requests();
  eddy_remote_t *remote = awake_on_signal;
  awake_on_signal = NULL;
  release_end_requests();
  if (remote) eddy_remote_release(remote);
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
