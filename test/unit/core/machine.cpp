// Machines of states: what is legal is done and noted, all else aborts by name, in builds with asserts.
#include "run_nothing.h"

#if HAS_FORK

#include "core/machine.hpp"

#include <moves.hpp>
#include <setjmp.h>
#include <stdarg.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <cmocka.h>
}

using namespace eddy;

namespace {

enum class Light : uint8_t { red, green, amber };

inline constexpr Machine<3> kLightMachine = {
    "light",
    {"red", "green", "amber"},
    {/* red */ to(Light::green), /* green */ to(Light::amber, Light::red), /* amber */ 0}};

constexpr bool kLegal[3][3] = {{false, true, false}, {true, false, true}, {false, false, false}};

void make(uint8_t from, uint8_t into) {
  Light light = static_cast<Light>(from);
  move<kLightMachine>(light, static_cast<Light>(into));
  assert_int_equal(static_cast<uint8_t>(light), into);
}

// What a child that makes the move says before it is aborted; "" if it lives.
std::string said_of(uint8_t from, uint8_t into) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    dup2(ends[1], 2);
    make(from, into);
    _exit(0);
  }
  close(ends[1]);
  char said[256] = {};
  ssize_t length = read(ends[0], said, sizeof said - 1);
  close(ends[0]);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  return aborted && length > 0 ? said : "";
}

void what_is_not_legal_aborts_by_name(void **) {
  if (!kMovesChecked) skip();
  for (uint8_t from = 0; from < 3; from++)
    for (uint8_t into = 0; into < 3; into++) {
      std::string said = said_of(from, into), text = "light cannot move from ";
      text = text + kLightMachine.states[from] + " to " + kLightMachine.states[into];
      assert_int_equal(said.find(text) == std::string::npos, kLegal[from][into]);
    }
}

void what_is_legal_is_made_and_noted(void **) {
  moves_forget<kLightMachine>();
  assert_int_equal(moves_missing<kLightMachine>(), kMovesChecked ? 3 : 0);
  make(0, 1);
  make(1, 2);
  assert_int_equal(moves_missing<kLightMachine>(), kMovesChecked ? 1 : 0);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(what_is_not_legal_aborts_by_name),
                              cmocka_unit_test(what_is_legal_is_made_and_noted)};
  return cmocka_run_group_tests_name("core_machine", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("a child that aborts is forked here");
#endif
