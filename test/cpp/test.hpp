// What every test of the facade starts from.
#ifndef EDDY_TEST_CPP_HPP
#define EDDY_TEST_CPP_HPP

#include "check.hpp"
#include "system.hpp"

#include <eddy.hpp>

#include <array>
#include <cstring>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace test {

struct entry {
  const char *name;
  void (*body)();
  entry *next;
};
inline entry *first;

struct add {
  add(const char *name, void (*body)()) : made{name, body, nullptr} {
    entry **last = &first;
    while (*last) last = &(*last)->next;
    *last = &made;
  }
  entry made;
};

// Runs `body` in a child, which must abort with a line of eddy's that has `text` in it.
void expect_abort(void (*body)(), const char *text);

} // namespace test

#define TEST(name)                                                                                 \
  static void test_##name();                                                                       \
  static test::add add_##name(#name, test_##name);                                                 \
  static void test_##name()

#endif
