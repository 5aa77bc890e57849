// For a program that would not even compile on some system: its tests stand between #if HAS_X and #else, and it ends
// with RUN_NOTHING("why"). It is skipped there, with that reason. For C++ too.
#ifndef EDDY_TEST_RUN_NOTHING_H
#define EDDY_TEST_RUN_NOTHING_H

#include <has.h>
#include <stdio.h>

#define RUN_NOTHING(why)                                                                           \
  int main(void) { return printf("SKIP: %s\n", why) > 0 ? 77 : 1; }                                \
  typedef int eddy_test_runs_nothing

#endif
