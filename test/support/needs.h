// What a test needs, said by the test itself: NEEDS(FORK) skips it, with that reason, where the system has none.
// A file that would not even compile there does as run_nothing.h says.
#ifndef EDDY_TEST_NEEDS_H
#define EDDY_TEST_NEEDS_H

#include "fixture.h"
#include "run_nothing.h"

#define NEEDS(what)                                                                                \
  do {                                                                                             \
    if (!HAS_##what) SKIP("this system does not have what the test needs: " #what);                \
  } while (0)

// For what only one driver has, or lacks.
#define NEEDS_DRIVER(loop, driver)                                                                 \
  do {                                                                                             \
    if (!driver_is(loop, driver)) SKIP("the test needs " #driver);                                 \
  } while (0)

#endif
