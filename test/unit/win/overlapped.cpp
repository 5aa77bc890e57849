// What the outcome of an overlapped call means, at once and by its packet; posts to a port.
#include "run_nothing.h"

#if HAS_WINDOWS

#include "../../../src/win/overlapped.hpp"
#include "../../../src/win/port.hpp"

#include <initializer_list>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}

using namespace eddy;

namespace {

constexpr uint32_t kPending = 0x103, kOverflow = 0x80000005, kClosed = 0x8000000A;

OsResult begun(bool success, bool skips, DWORD code, uint32_t status, size_t moved) {
  OVERLAPPED io = {};
  io.Internal = status;
  io.InternalHigh = moved;
  SetLastError(code);
  return overlapped_begun(success, skips, io);
}

void success_at_once(void **) {
  assert_int_equal(begun(true, true, 0, 0, 7).value, 7);
  assert_int_equal(begun(true, true, 0, 0, 0).value, 0);
  assert_int_equal(begun(true, false, 0, 0, 7).value, kAgain); // its packet comes all the same
  assert_int_equal(begun(true, true, ERROR_MORE_DATA, 0, 7).value, 7); // an older error
}

void a_packet_is_to_come(void **) {
  for (bool skips : {false, true}) {
    assert_int_equal(begun(false, skips, ERROR_IO_PENDING, kPending, 0).value, kAgain);
    assert_int_equal(begun(false, skips, ERROR_MORE_DATA, kOverflow, 4).value, kAgain);
    assert_int_equal(begun(false, skips, ERROR_MORE_DATA, kPending, 0).value, kAgain);
    assert_int_equal(begun(false, skips, ERROR_NO_MORE_FILES, 0x80000006, 0).value, kAgain);
  }
}

void no_packet_comes(void **) {
  const struct {
    DWORD code;
    int error;
  } errors[] = {{ERROR_BROKEN_PIPE, EDDY_EPIPE},
                {ERROR_NO_DATA, EDDY_EPIPE},
                {ERROR_ACCESS_DENIED, EDDY_EACCES},
                {ERROR_INVALID_HANDLE, EDDY_EBADF}};
  for (bool skips : {false, true}) {
    for (auto error : errors) {
      OsResult got = begun(false, skips, error.code, kPending, 0);
      assert_int_equal(got.value, error.error);
      assert_int_equal(got.native, error.code);
    }
    // As ConnectNamedPipe says that a client is there.
    assert_int_equal(begun(false, skips, ERROR_PIPE_CONNECTED, kPending, 0).native,
                     ERROR_PIPE_CONNECTED);
    assert_int_equal(begun(false, skips, ERROR_BROKEN_PIPE, 0xC000014B, 0).value, EDDY_EPIPE);
  }
}

OsResult ended(uint32_t status, size_t moved) {
  OVERLAPPED io = {};
  io.Internal = status;
  io.InternalHigh = moved;
  return overlapped_ended(io);
}

void packets(void **) {
  assert_int_equal(ended(0, 5).value, 5);
  assert_int_equal(ended(0, 0).value, 0);
  assert_int_equal(ended(0x10C, 0).value, 0);      // information
  assert_int_equal(ended(kOverflow, 5).value, 5);  // the first part of a message
  assert_int_equal(ended(kOverflow, 0).value, 0);  // ... none of it was asked for
  assert_int_equal(ended(0xC0000120, 5).value, 5); // cancelled, but some had gone
  assert_int_equal(ended(0xC0000120, 0).value, EDDY_ECANCELED);
  assert_int_equal(ended(kClosed, 0).value, EDDY_ECANCELED); // a warning, yet no data
  assert_int_equal(ended(0xC000014B, 0).value, EDDY_EPIPE);
}

void of_a_thread(void **) {
  OVERLAPPED io = {};
  overlapped_fill(io, 0, 3);
  assert_int_equal(overlapped_ended(io).value, 3);
  overlapped_fill(io, ERROR_MORE_DATA, 3);
  assert_int_equal(overlapped_ended(io).value, 3);
  overlapped_fill(io, ERROR_MORE_DATA, 0);
  assert_int_equal(overlapped_ended(io).value, 0);
  overlapped_fill(io, ERROR_BROKEN_PIPE, 0);
  assert_int_equal(overlapped_ended(io).value, EDDY_EPIPE);
  assert_int_equal(overlapped_ended(io).native, ERROR_BROKEN_PIPE);
  overlapped_fill(io, ERROR_OPERATION_ABORTED, 0);
  assert_int_equal(overlapped_ended(io).value, EDDY_ECANCELED);
}

void posts(void **) {
  eddy_native_t port;
  Packet packets[kPackets];
  int32_t error = 0;
  int here;
  assert_int_equal(os_wake_open(&port).value, 0);
  SetLastError(1234);
  port_post(handle_of(port), kPacketOverlapped, &here);
  assert_int_equal(GetLastError(), 1234);
  assert_int_equal(port_take(port, 1000, packets, &error), 1);
  assert_int_equal(packets[0].key, kPacketOverlapped);
  assert_ptr_equal(packets[0].overlapped, &here);
  // Of a port that is gone there is nothing to wait for.
  os_wake_close(port);
  port_post(handle_of(port), kPacketWake, nullptr);
  HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  port_post(event, kPacketWake, nullptr);
  CloseHandle(event);
}

} // namespace

int main() {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(success_at_once), cmocka_unit_test(a_packet_is_to_come),
      cmocka_unit_test(no_packet_comes), cmocka_unit_test(packets),
      cmocka_unit_test(of_a_thread),     cmocka_unit_test(posts),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
