// The socket below layered service providers, as they answer on machines that have some.
#include "run_nothing.h"

#if HAS_WINDOWS

#include "../../../src/win/afd_calls.hpp"

#include <setjmp.h>
#include <stdarg.h>

extern "C" {
#include <cmocka.h>
}

#include <winsock2.h>

#include <windows.h>

using namespace eddy;

namespace {

constexpr DWORD kBase = 0x48000022, kBelow = 0x4800001D;
constexpr SOCKET kHidden = 0; // the provider does not answer

struct Layer {
  SOCKET base, below;
};
Layer layers[8]; // by socket
int asked;
DWORD refusal;

} // namespace

extern "C" {

static int WSAAPI answer(SOCKET socket, DWORD question, void *, DWORD, void *out, DWORD size,
                         DWORD *bytes, WSAOVERLAPPED *, LPWSAOVERLAPPED_COMPLETION_ROUTINE) {
  assert_int_equal(size, sizeof(SOCKET));
  asked++;
  SOCKET said = kHidden;
  if (question == kBase) said = layers[socket].base;
  if (question == kBelow) said = layers[socket].below;
  if (said == kHidden) {
    SetLastError(refusal);
    return SOCKET_ERROR;
  }
  memcpy(out, &said, sizeof said);
  *bytes = sizeof said;
  return 0;
}

// In the place of the system's.
extern void *const __imp_WSAIoctl;
void *const __imp_WSAIoctl = reinterpret_cast<void *>(answer);

} // extern "C"

namespace {

int setup(void **) {
  for (Layer &layer : layers) layer = {kHidden, kHidden};
  asked = 0;
  refusal = WSAEOPNOTSUPP;
  return 0;
}

void the_base_socket_itself(void **) {
  layers[1] = {1, kHidden};
  assert_int_equal(afd_base_socket(1).value, 1);
  assert_int_equal(asked, 1);
}

void a_provider_that_tells(void **) {
  layers[2] = {1, kHidden};
  assert_int_equal(afd_base_socket(2).value, 1);
}

void providers_that_hide_it_name_the_next(void **) {
  layers[4] = {kHidden, 3};
  layers[3] = {kHidden, 2};
  layers[2] = {1, kHidden};
  assert_int_equal(afd_base_socket(4).value, 1);
  assert_int_equal(asked, 5);
}

void nobody_tells(void **) {
  layers[2] = {kHidden, kHidden};
  OsResult got = afd_base_socket(2);
  assert_int_equal(got.value, EDDY_ENOTSUP);
  assert_int_equal(got.native, WSAEOPNOTSUPP);
  layers[2] = {kHidden, 2}; // itself
  assert_int_equal(afd_base_socket(2).value, EDDY_ENOTSUP);
  layers[2] = {kHidden, 3}; // and in a circle
  layers[3] = {kHidden, 2};
  assert_int_equal(afd_base_socket(2).value, EDDY_ENOTSUP);
  assert_true(asked < 50);
}

void what_is_no_socket(void **) {
  refusal = WSAENOTSOCK;
  assert_int_equal(afd_base_socket(2).value, EDDY_ENOTSOCK);
  assert_int_equal(asked, 1);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test_setup(the_base_socket_itself, setup),
                              cmocka_unit_test_setup(a_provider_that_tells, setup),
                              cmocka_unit_test_setup(providers_that_hide_it_name_the_next, setup),
                              cmocka_unit_test_setup(nobody_tells, setup),
                              cmocka_unit_test_setup(what_is_no_socket, setup)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
