// The signals of the program are not delivered to threads of a pool.
#include "needs.h"

#if HAS_SIGNALS

#include "work.h"

static int64_t blocked_signals(void *argument) {
  return pthread_sigmask(SIG_SETMASK, NULL, argument);
}

static void signals_go_to_the_programs_threads(void **state) {
  sigset_t mask, mine;
  struct rec work = {0};
  sigemptyset(&mask);
  eddy_work(LOOP(state), &work.op, blocked_signals, &mask, rec_cb);
  eddy_loop_run(LOOP(state));
  pthread_sigmask(SIG_SETMASK, NULL, &mine);
  assert_true(sigismember(&mask, SIGINT) && sigismember(&mask, SIGCHLD));
  assert_false(sigismember(&mask, SIGSEGV) || sigismember(&mask, SIGBUS));
  assert_false(sigismember(&mine, SIGINT) || sigismember(&mine, SIGCHLD));
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(signals_go_to_the_programs_threads)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("there are no signal masks here");
#endif
