// Deadlines finer than the system's tick: a high-resolution timer (Windows 10 1803), for which the system's thread
// pool waits. A wait in ticks goes on beside it, so that a pool without a free thread makes nobody late for ever.
#include "native.hpp"
#include "port.hpp"

namespace eddy {
namespace {

constexpr Time kTick = 16 * EDDY_MILLISECOND; // the longest there is, 15.625 ms, rounded up

// On a thread of the system: it must not do more than post.
void CALLBACK fire(void *port, BOOLEAN) { port_post(port, kPacketAlarm, nullptr); }

bool make(Alarm &alarm) {
  constexpr DWORD high_resolution = 2; // CREATE_WAITABLE_TIMER_HIGH_RESOLUTION; it resets itself
  alarm.timer =
      CreateWaitableTimerExW(nullptr, nullptr, high_resolution, SYNCHRONIZE | TIMER_MODIFY_STATE);
  return alarm.timer &&
         RegisterWaitForSingleObject(&alarm.wait, alarm.timer, fire, handle_of(alarm.port),
                                     INFINITE, WT_EXECUTEINWAITTHREAD);
}

void set(Alarm &alarm, Time until, Time left) {
  if (alarm.set == until || alarm.refused) return;
  LARGE_INTEGER due;
  due.QuadPart = -static_cast<LONGLONG>((left - 1) / 100 + 1); // from now, in 100 ns
  if ((alarm.wait || make(alarm)) &&
      SetWaitableTimer(alarm.timer, &due, 0, nullptr, nullptr, FALSE)) {
    alarm.set = until;
    return;
  }
  alarm_end(alarm);
  alarm.refused = true;
}

} // namespace

uint32_t wait_limit(Alarm &alarm, Time until) {
  if (until == kNever) return INFINITE;
  if (until == 0) return 0;
  Time now = clock_now();
  if (until <= now) return 0;
  Time left = until - now;
  if (left <= 2 * kTick)
    set(alarm, until, left);
  else if (!alarm.refused)
    left -= kTick + EDDY_MILLISECOND; // awake in time to set the alarm for the rest
  Time limit = (left - 1) / EDDY_MILLISECOND + 1;
  return limit < INFINITE ? static_cast<uint32_t>(limit) : INFINITE - 1;
}

int without_alarms(Alarm &alarm, Packet *packets, int count) {
  int left = 0;
  for (int i = 0; i < count; i++) {
    if (packets[i].key == kPacketAlarm)
      alarm.set = 0; // perhaps early, by another clock
    else
      packets[left++] = packets[i];
  }
  return left;
}

void alarm_end(Alarm &alarm) {
  if (alarm.wait) pool_wait_end(alarm.wait);
  if (alarm.timer) CloseHandle(alarm.timer);
  alarm.wait = alarm.timer = nullptr;
}

} // namespace eddy
