// Children for contract tests: one that must abort with a message, and one that checks by exit code.
#ifndef EDDY_TEST_RULE_CHILD_H
#define EDDY_TEST_RULE_CHILD_H

#include "net.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

// In a child, where cmocka's asserts would return into the parent's test list.
#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                   \
      _exit(1);                                                                                    \
    }                                                                                              \
  } while (0)

static inline void no_core_file(void) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

// Runs `misuse` in a child, which must die by SIGABRT with `text` in one line on stderr.
static inline void expect_abort(const char *name, void (*misuse)(void *), void *context,
                                const char *text) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    no_core_file();
    dup2(ends[1], 2);
    misuse(context);
    _exit(0);
  }
  close(ends[1]);
  char said[4096];
  size_t length = 0;
  ssize_t got;
  while (length < sizeof said - 1 &&
         (got = read(ends[0], said + length, sizeof said - 1 - length)) > 0)
    length += (size_t)got;
  said[length] = 0;
  close(ends[0]);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
    fail_msg("%s: not aborted (status %x), said \"%s\"", name, status, said);
  if (!strstr(said, "eddy: ") || !strstr(said, text))
    fail_msg("%s: \"%s\" is not in \"%s\"", name, text, said);
}

// Runs `body` in a child, which must live to its end.
static inline void expect_child(void (*body)(void *), void *context) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    no_core_file();
    body(context);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (status) fail_msg("child ended with status %x", status);
}

#endif
