// Children for contract tests, without fork: the program runs anew, and the child is the same program up to
// the call that made it.
#ifndef EDDY_TEST_RULE_CHILD_H
#define EDDY_TEST_RULE_CHILD_H

#include "net.h"

// True in the child whose call this is, false in the parent (whose child has ended then, with `status` and
// the beginning of its stderr in `said`), and the parent's fate: does not return in other children.
int child_here(int *status, char *said, size_t size);
void child_ends(void) __attribute__((noreturn));
int child_passes(void); // in a child, at a call that made another one

// The library ends the process by __fastfail, which has this status: STATUS_STACK_BUFFER_OVERRUN of old, today that of
// every program that gives itself up.
enum { FAST_FAILED = (int)0xC0000409 };

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                              \
      ExitProcess(1);                                                                              \
    }                                                                                              \
  } while (0)

static inline void expect_abort(const char *name, void (*misuse)(void *), void *context,
                                const char *text) {
  int status;
  char said[4096];
  if (child_passes()) return;
  if (child_here(&status, said, sizeof said)) {
    misuse(context);
    child_ends();
  }
  if (status != FAST_FAILED)
    fail_msg("%s: not aborted (status %x), said \"%s\"", name, status, said);
  if (!strstr(said, "eddy: ") || !strstr(said, text))
    fail_msg("%s: \"%s\" is not in \"%s\"", name, text, said);
}

static inline void expect_child(void (*body)(void *), void *context) {
  int status;
  char said[4096];
  if (child_passes()) return;
  if (child_here(&status, said, sizeof said)) {
    body(context);
    child_ends();
  }
  if (status) fail_msg("child ended with status %x: %s", status, said);
}

#endif
