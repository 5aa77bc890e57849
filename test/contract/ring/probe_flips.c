// The kernel gives ring memory back late, so a ring may be refused with ENOMEM now and granted a moment
// later. Whatever the answers, open gives either a working loop or an error.
#include "needs.h"

#if HAS_SECCOMP

#include "trap.h"

#include <pthread.h>
#include <sys/ioctl.h>

static int listener = -1;
static unsigned refusals;

// Answers the first `refusals` io_uring_setup calls with ENOMEM and lets the others go on.
static void *answer(void *unused) {
  for (;;) {
    struct seccomp_notif asked = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked)) return unused;
    struct seccomp_notif_resp reply = {.id = asked.id};
    if (refusals) {
      refusals--;
      reply.error = -ENOMEM;
    } else {
      reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
  }
}

static void flipping(void *context) {
  refusals = *(unsigned *)context;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                          &program);
  if (listener < 0) _exit(77);
  pthread_t thread;
  CHECK_EQ(pthread_create(&thread, NULL, answer, NULL), 0);

  eddy_loop_t *loop = NULL;
  int error = eddy_loop_open(NULL, &loop);
  if (error) {
    CHECK_EQ(error, EDDY_ENOMEM);
    CHECK(loop == NULL);
    _exit(0);
  }
  struct rec timer = {0};
  eddy_sleep(loop, &timer.op, eddy_now(loop) + EDDY_MILLISECOND, rec_cb);
  UNTIL(loop, timer.finals);
  CHECK_EQ(timer.result, 0);
  end_loop(loop);
}

static void one_refusal(void **state) {
  (void)state;
  run_child(flipping, &(unsigned){1});
}

static void two_refusals(void **state) {
  (void)state;
  run_child(flipping, &(unsigned){2});
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_refusal), cmocka_unit_test(two_refusals)};
  // The self-test is made once in a process, so the program's own probe does not come first.
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
RUN_NOTHING("no seccomp filters here");
#endif
