// What POSIX does not have for threads: names, processors, and sleeping on a word (futex(2)).
#include "core/os.hpp"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace eddy {

void os_thread_name(const char *name) { prctl(PR_SET_NAME, name); }

// More than 1024 processors do not fit the set (sched_getaffinity(2)).
uint32_t os_processors() {
  cpu_set_t set;
  int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
  long online = count > 0 ? count : sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<uint32_t>(online) : 1;
}

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

void os_sleep_on(std::atomic<uint32_t> &word, uint32_t expected, Time limit) {
  timespec time = {static_cast<time_t>(limit / EDDY_SECOND),
                   static_cast<long>(limit % EDDY_SECOND)};
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, limit == kNever ? nullptr : &time,
          nullptr, 0);
}

void os_wake_sleeper(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

} // namespace eddy
