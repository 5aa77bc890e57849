// Checks that end the program: CMocka jumps out of a failed assertion, over the destructors of C++.
#ifndef EDDY_TEST_CPP_CHECK_HPP
#define EDDY_TEST_CPP_CHECK_HPP

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                         \
      std::_Exit(1);                                                                               \
    }                                                                                              \
  } while (0)

#define CHECK_THROWS(type, expression)                                                             \
  do {                                                                                             \
    bool thrown = false;                                                                           \
    try {                                                                                          \
      (void)(expression);                                                                          \
    } catch (const type &) {                                                                       \
      thrown = true;                                                                               \
    }                                                                                              \
    if (!thrown) {                                                                                 \
      std::fprintf(stderr, "%s:%d: no %s from %s\n", __FILE__, __LINE__, #type, #expression);      \
      std::_Exit(1);                                                                               \
    }                                                                                              \
  } while (0)

#endif
