// An abort of the library ends the process there and then: no handler of the program runs, which could hide the mistake,
// wait for a click, or come to use the loop.
#include "needs.h"

#if HAS_WINDOWS

#include "rule_child.h"

#include <signal.h>
#include <stdlib.h>

static void say(const char *who) {
  DWORD written;
  WriteFile(GetStdHandle(STD_ERROR_HANDLE), who, (DWORD)strlen(who), &written, NULL);
}

static void of_signals(int number) {
  (void)number;
  say("signal handler\n");
  ExitProcess(0);
}

static LONG CALLBACK of_exceptions(EXCEPTION_POINTERS *exception) {
  (void)exception;
  say("exception handler\n");
  ExitProcess(0);
}

static void at_exit(void) { say("exit handler\n"); }

static void misuse(void *context) {
  (void)context;
  signal(SIGABRT, of_signals);
  AddVectoredExceptionHandler(1, of_exceptions);
  SetUnhandledExceptionFilter(of_exceptions);
  atexit(at_exit);
  eddy_cancel(NULL);
}

static void no_handler_runs(void **state) {
  (void)state;
  int status;
  char said[4096];
  if (child_passes()) return;
  if (child_here(&status, said, sizeof said)) {
    misuse(NULL);
    child_ends();
  }
  assert_int_equal(status, FAST_FAILED);
  assert_int_equal(strncmp(said, "eddy: ", 6), 0);
  assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); // one line, and nothing else
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_handler_runs)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
