// Deadlines on Windows: the alarm's packet, waits that are never early and never back without a reason.
#include "run_nothing.h"

#if HAS_WINDOWS

#include "../../../src/win/native.hpp"
#include "../../../src/win/port.hpp"
#include "../../support/win/handle_count.h"

#include <atomic>
#include <initializer_list>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}

using namespace eddy;

namespace {

struct Port {
  eddy_native_t port = EDDY_NO_NATIVE;
  Alarm alarm = {};
  Packet packets[kPackets];
  int32_t error = 0;

  Port() {
    assert_int_equal(os_wake_open(&port).value, 0);
    alarm.port = port;
  }
  Port(const Port &) = delete;
  Port &operator=(const Port &) = delete;
  ~Port() {
    alarm_end(alarm);
    os_wake_close(port);
  }

  int wait(Time until) { return port_wait(alarm, until, packets, &error); }
  int take() { return port_take(port, INFINITE, packets, &error); }
};

Time in_future(Time duration) { return clock_now() + duration; }

// Without an end of its own: the alarm alone can end it.
void its_packet_comes(void **) {
  Port port;
  for (Time duration :
       {Time{1}, 300 * EDDY_MICROSECOND, 5 * EDDY_MILLISECOND, 30 * EDDY_MILLISECOND}) {
    uint32_t limit = wait_limit(port.alarm, in_future(duration));
    if (limit == 0) continue; // it was now already
    assert_true(port.alarm.set);
    assert_int_equal(port.take(), 1);
    assert_int_equal(port.packets[0].key, kPacketAlarm);
    assert_int_equal(without_alarms(port.alarm, port.packets, 1), 0);
    assert_false(port.alarm.set);
  }
}

void far_ends_leave_it_alone(void **) {
  Port port;
  uint32_t limit = wait_limit(port.alarm, in_future(EDDY_SECOND));
  assert_true(limit <= 984); // an end before the tick; the rest is the alarm's
  assert_false(port.alarm.set);
  assert_null(port.alarm.timer);
  assert_int_equal(wait_limit(port.alarm, kNever), INFINITE);
  assert_int_equal(wait_limit(port.alarm, 0), 0);
  assert_int_equal(wait_limit(port.alarm, clock_now()), 0);
  assert_null(port.alarm.timer);
}

void never_early(Port &port) {
  Time latest = 0;
  for (Time duration = 0; duration < 80 * EDDY_MILLISECOND; duration = duration * 3 / 2 + 77777) {
    Time until = in_future(duration);
    assert_int_equal(port.wait(until), 0);
    Time now = clock_now();
    assert_true(now >= until);
    if (now - until > latest) latest = now - until;
  }
  print_message("the latest of the waits: %u us late\n", unsigned(latest / EDDY_MICROSECOND));
}

void waits_are_never_early(void **) {
  Port port;
  never_early(port);
  assert_non_null(port.alarm.timer);
}

void without_such_timers_too(void **) {
  Port port;
  port.alarm.refused = true;
  never_early(port);
  assert_null(port.alarm.timer);
}

// The packet of an end that nobody waited for until the last.
void a_late_packet_ends_no_other_wait(void **) {
  Port port;
  for (int i = 0; i < 20; i++) {
    os_wake(port.port);
    assert_int_equal(port.wait(in_future(2 * EDDY_MILLISECOND)), 1);
    assert_int_equal(port.packets[0].key, kPacketWake);
    if (i % 2) Sleep(4);
    Time until = in_future(10 * EDDY_MILLISECOND);
    assert_int_equal(port.wait(until), 0);
    assert_true(clock_now() >= until);
  }
}

void a_late_packet_is_no_event(void **) {
  Port port;
  assert_true(wait_limit(port.alarm, in_future(EDDY_MILLISECOND)) > 0);
  Sleep(20);
  assert_int_equal(port.wait(0), 0);
}

// One wait for the same end again and again: the timer is set once.
void the_same_end_again(void **) {
  Port port;
  Time until = in_future(25 * EDDY_MILLISECOND);
  for (int i = 0; i < 50; i++) {
    os_wake(port.port);
    assert_int_equal(port.wait(until), 1);
  }
  assert_int_equal(port.wait(until), 0);
  assert_true(clock_now() >= until);
}

DWORD CALLBACK wake_often(void *port) {
  for (int i = 0; i < 200; i++) {
    os_wake(reinterpret_cast<eddy_native_t>(port));
    if (i % 8 == 0) Sleep(1);
  }
  return 0;
}

void no_packet_is_lost_beside_it(void **) {
  Port port;
  HANDLE thread = CreateThread(nullptr, 0, wake_often, handle_of(port.port), 0, nullptr);
  assert_non_null(thread);
  int woken = 0;
  for (Time limit = in_future(20 * EDDY_SECOND); woken < 200 && clock_now() < limit;)
    woken += port.wait(in_future(700 * EDDY_MICROSECOND));
  assert_int_equal(woken, 200);
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
}

// The thread that waits for the system's pool may be held up by a callback of somebody else.
void a_busy_pool_holds_nobody_up(void **) {
  Port port;
  HANDLE begun = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  HANDLE go_on = CreateEventW(nullptr, TRUE, FALSE, nullptr), wait;
  struct Both {
    HANDLE begun, go_on;
  } both = {begun, go_on};
  auto block = [](void *context, BOOLEAN) {
    SetEvent(static_cast<Both *>(context)->begun);
    WaitForSingleObject(static_cast<Both *>(context)->go_on, INFINITE);
  };
  HANDLE now = CreateEventW(nullptr, TRUE, TRUE, nullptr);
  assert_true(RegisterWaitForSingleObject(&wait, now, block, &both, INFINITE,
                                          WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD));
  WaitForSingleObject(begun, INFINITE);
  never_early(port); // comes to its end
  SetEvent(go_on);
  UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
  for (HANDLE handle : {begun, go_on, now}) CloseHandle(handle);
}

struct Signalled {
  HANDLE event;
  std::atomic<bool> over = false;
  std::atomic<int> calls = 0;
};

// The callback may be due, running or over when its wait is taken away; after that it does not come.
void the_signal_races_the_end(void **) {
  Signalled signalled = {CreateEventW(nullptr, FALSE, FALSE, nullptr)};
  auto set = [](void *context) -> DWORD {
    Signalled &it = *static_cast<Signalled *>(context);
    for (; !it.over; Sleep(0)) SetEvent(it.event);
    return 0;
  };
  auto count = [](void *context, BOOLEAN) { static_cast<Signalled *>(context)->calls++; };
  HANDLE thread = CreateThread(nullptr, 0, set, &signalled, 0, nullptr);
  for (int i = 0; i < 1000; i++) {
    HANDLE wait;
    assert_true(RegisterWaitForSingleObject(&wait, signalled.event, count, &signalled, INFINITE,
                                            WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD));
    for (int spin = i % 40 * 50; spin > 0; spin--) YieldProcessor();
    pool_wait_end(wait);
    int calls = signalled.calls.exchange(0);
    assert_in_range(calls, 0, 1);
    SwitchToThread();
    assert_int_equal(signalled.calls.load(), 0);
  }
  signalled.over = true;
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
  CloseHandle(signalled.event);
}

void it_leaves_nothing(void **) {
  int before = 0, after = 0;
  for (int i = 0; i < 50; i++) {
    Port port;
    port.wait(in_future(200 * EDDY_MICROSECOND));
    assert_non_null(port.alarm.wait);
    if (i == 9) before = handles_open(1);
    if (i == 49) after = handles_open(1);
  }
  assert_true(after <= before + 2); // not one per port; the pool keeps what it likes
}

} // namespace

int main() {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(its_packet_comes),
      cmocka_unit_test(far_ends_leave_it_alone),
      cmocka_unit_test(waits_are_never_early),
      cmocka_unit_test(without_such_timers_too),
      cmocka_unit_test(a_late_packet_ends_no_other_wait),
      cmocka_unit_test(a_late_packet_is_no_event),
      cmocka_unit_test(the_same_end_again),
      cmocka_unit_test(no_packet_is_lost_beside_it),
      cmocka_unit_test(a_busy_pool_holds_nobody_up),
      cmocka_unit_test(the_signal_races_the_end),
      cmocka_unit_test(it_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
