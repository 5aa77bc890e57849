// Counting processors on machines of every kind.
#include "../../../src/win/processors.hpp"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

extern "C" {
#include <cmocka.h>
}

using namespace eddy;

namespace {

struct Machine {
  uint64_t affinity;
  uint16_t groups;     // of the process; 0: refused
  uint16_t numbers[4]; // theirs, the first four
  uint32_t active[4];  // processors by number
  uint32_t all;
  bool overstates; // succeeds with more groups than there is room for
} machine;

uint64_t affinity() { return machine.affinity; }

bool groups(uint16_t *count, uint16_t *numbers) {
  uint16_t room = *count;
  *count = machine.groups;
  if (machine.groups > room) return machine.overstates;
  for (uint16_t i = 0; i < machine.groups; i++) numbers[i] = machine.numbers[i % 4];
  return machine.groups != 0;
}

uint32_t active(uint16_t group) {
  if (group == 0xffff) return machine.all;
  return group < 4 ? machine.active[group] : 0;
}

uint32_t count(const Machine &which) {
  machine = which;
  return count_processors({affinity, groups, active});
}

void one_group(void **) {
  assert_int_equal(count({0xff, 1, {0}, {8}, 8, false}), 8);
  assert_int_equal(count({UINT64_MAX, 1, {0}, {64}, 64, false}), 64);
  assert_int_equal(count({0xff, 1, {1}, {8, 8}, 16, false}), 8); // the machine has another
}

void an_affinity_mask(void **) {
  assert_int_equal(count({0x5, 1, {0}, {8}, 8, false}), 2);
  assert_int_equal(count({uint64_t{1} << 63, 1, {0}, {64}, 64, false}), 1);
}

void two_groups(void **) {
  assert_int_equal(count({0, 2, {0, 1}, {64, 32}, 96, false}), 96);
  assert_int_equal(count({UINT64_MAX, 2, {0, 1}, {64, 32}, 96, false}), 96); // Windows 11
  assert_int_equal(count({0, 2, {1, 3}, {64, 64, 64, 16}, 208, false}), 80); // two of four
}

void calls_that_are_refused(void **) {
  assert_int_equal(count({0xf, 0, {}, {}, 0, false}), 4); // there are no groups
  assert_int_equal(count({0, 0, {}, {}, 96, false}), 96);
  assert_int_equal(count({0, 0, {}, {}, 0, false}), 1);
  assert_int_equal(count({0, 1, {0}, {12}, 12, false}), 12); // no mask
  assert_int_equal(count({0, 2, {0, 1}, {0, 0}, 0, false}), 1);
}

void more_groups_than_there_is_room_for(void **) {
  assert_int_equal(count({0, 65, {}, {}, 4160, false}), 4160);
  assert_int_equal(count({0, 1000, {}, {}, 64000, true}), 64000);
  assert_int_equal(count({0x3, 65, {}, {}, 4160, false}), 2);
  assert_int_equal(count({0, 64, {0, 0, 0, 0}, {64}, 0, false}), 4096);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(one_group), cmocka_unit_test(an_affinity_mask),
                              cmocka_unit_test(two_groups),
                              cmocka_unit_test(calls_that_are_refused),
                              cmocka_unit_test(more_groups_than_there_is_room_for)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
