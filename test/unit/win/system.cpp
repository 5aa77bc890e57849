// What Windows' half of the library asks of the system: functions that may be missing, the environment.
#include "run_nothing.h"

#if HAS_WINDOWS

#include "../../../src/win/native.hpp"

#include <initializer_list>
#include <setjmp.h>
#include <stdarg.h>

extern "C" {
#include <cmocka.h>
}

using namespace eddy;

namespace {

int lookups;

} // namespace

extern "C" {

static FARPROC WINAPI look_up(HMODULE module, const char *name) {
  lookups++;
  if (strcmp(name, "Beep") == 0) return nullptr;
  return reinterpret_cast<FARPROC>(strcmp(name, "Sleep") == 0 ? module : nullptr);
}

// In the place of the system's.
extern void *const __imp_GetProcAddress;
void *const __imp_GetProcAddress = reinterpret_cast<void *>(look_up);

} // extern "C"

namespace {

void a_function_is_looked_up_once(void **) {
  static constinit LateFunction<void(DWORD)> sleep("kernel32.dll", "Sleep");
  lookups = 0;
  void *module = reinterpret_cast<void *>(GetModuleHandleA("kernel32.dll"));
  for (int i = 0; i < 3; i++) assert_ptr_equal(reinterpret_cast<void *>(sleep.get()), module);
  assert_int_equal(lookups, 1);
}

void a_missing_one_too(void **) {
  static constinit LateFunction<void(DWORD)> beep("kernel32.dll", "Beep");
  static constinit LateFunction<void()> nowhere("there is no such.dll", "Sleep");
  lookups = 0;
  for (int i = 0; i < 3; i++) {
    assert_null(reinterpret_cast<void *>(beep.get()));
    assert_null(reinterpret_cast<void *>(nowhere.get()));
  }
  assert_int_equal(lookups, 1);
}

void values_of_the_environment_are_the_callers(void **) {
  EnvironmentRoom first, second;
  SetEnvironmentVariableA("EDDY_TEST_1", "one");
  SetEnvironmentVariableA("EDDY_TEST_2", "two");
  const char *one = os_environment("EDDY_TEST_1", first);
  const char *two = os_environment("EDDY_TEST_2", second);
  assert_string_equal(one, "one");
  assert_string_equal(two, "two");
  assert_null(os_environment("EDDY_TEST_3", first));
}

// It is a mistake of the user's then, as any other value that is not known; not one that is not there.
void a_value_without_end_is_there(void **) {
  EnvironmentRoom room;
  char text[300];
  memset(text, '1', sizeof text);
  for (size_t length : {sizeof room.value - 1, sizeof room.value, sizeof text - 1}) {
    text[length] = 0;
    SetEnvironmentVariableA("EDDY_TEST_1", text);
    const char *value = os_environment("EDDY_TEST_1", room);
    if (length < sizeof room.value)
      assert_string_equal(value, text);
    else
      assert_string_equal(value, "too long");
    text[length] = '1';
  }
}

} // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(a_function_is_looked_up_once),
                              cmocka_unit_test(a_missing_one_too),
                              cmocka_unit_test(values_of_the_environment_are_the_callers),
                              cmocka_unit_test(a_value_without_end_is_there)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
