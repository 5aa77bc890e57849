// Which file a listener made, and that this one alone is removed. Any file will do: sockets of that kind are not to be
// had everywhere.
#include "run_nothing.h"

#if HAS_WINDOWS

#include "../../../src/win/native.hpp"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern "C" {
#include <cmocka.h>
}

using namespace eddy;

namespace {

char folder[MAX_PATH + 1], path[kLocalPath], other[kLocalPath];

void write_file(const char *name) {
  HANDLE file = CreateFileA(name, GENERIC_WRITE, 0, nullptr, CREATE_NEW, 0, nullptr);
  assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
  CloseHandle(file);
}

bool is_there(const char *name) { return GetFileAttributesA(name) != INVALID_FILE_ATTRIBUTES; }

int names(void **) {
  DWORD length = GetTempPathA(sizeof folder, folder);
  snprintf(path, sizeof path, "%seddy-file-%lu", folder, GetCurrentProcessId());
  snprintf(other, sizeof other, "%seddy-other-%lu", folder, GetCurrentProcessId());
  return length ? 0 : -1;
}

void its_own_is_removed(void **) {
  uint64_t id[2] = {};
  assert_false(os_path_made(path, id));
  write_file(path);
  assert_true(os_path_made(path, id));
  os_path_remove(path, id);
  assert_false(is_there(path));
  os_path_remove(path, id); // it is gone: nothing
}

void what_took_its_place_stays(void **) {
  uint64_t id[2], fresh[2];
  write_file(path);
  assert_true(os_path_made(path, id));
  write_file(other); // while the first is there, so that it is not given the same number
  assert_true(DeleteFileA(path));
  assert_true(MoveFileA(other, path));
  os_path_remove(path, id);
  assert_true(is_there(path));
  assert_true(os_path_made(path, fresh));
  assert_true(id[0] != fresh[0] || id[1] != fresh[1]);
  os_path_remove(path, fresh);
  assert_false(is_there(path));
}

void an_open_one_is_known_too(void **) {
  uint64_t id[2], again[2];
  write_file(path);
  HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                            nullptr, OPEN_EXISTING, 0, nullptr);
  assert_true(os_path_made(path, id));
  CloseHandle(file);
  assert_true(os_path_made(path, again));
  assert_memory_equal(id, again, sizeof id);
  os_path_remove(path, id);
  assert_false(is_there(path));
}

} // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test_setup(its_own_is_removed, names),
                              cmocka_unit_test_setup(what_took_its_place_stays, names),
                              cmocka_unit_test_setup(an_open_one_is_known_too, names)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
