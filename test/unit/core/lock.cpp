// The lock under contention, and the words that threads sleep on.
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

extern "C" {
#include <cmocka.h>
}

#include "core/lock.hpp"

#include <pthread.h>
#include <sched.h>

using namespace eddy;

namespace {

constexpr int kThreads = 4, kRounds = 20000;

Lock lock;
uint64_t guarded[2]; // plain: only the lock keeps them equal

void *count(void *) {
  for (int i = 0; i < kRounds; i++) {
    lock.acquire();
    guarded[0]++;
    if (i % 1000 == 0) sched_yield(); // others find it held for long, and sleep
    guarded[1]++;
    lock.release();
  }
  return nullptr;
}

void one_at_a_time(void **) {
  pthread_t threads[kThreads];
  for (pthread_t &thread : threads)
    assert_int_equal(pthread_create(&thread, nullptr, count, nullptr), 0);
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  assert_int_equal(guarded[0], uint64_t{kThreads} * kRounds);
  assert_int_equal(guarded[1], uint64_t{kThreads} * kRounds);
}

void no_sleep_on_a_word_that_has_changed(void **) {
  std::atomic<uint32_t> word = 7;
  os_sleep_on(word, 6, kNever); // or the test would not end
  os_sleep_on(word, 7, 1000);   // nobody wakes it
  assert_int_equal(word, 7);
}

std::atomic<uint32_t> turn;

void run_other(void *argument) {
  assert_ptr_equal(argument, &turn);
  for (uint32_t i = 0; i < 1000; i++) {
    while (turn.load() != 2 * i + 1) os_sleep_on(turn, 2 * i, kNever);
    turn = 2 * i + 2;
    os_wake_sleeper(turn);
  }
}

void ping_pong(void **) {
  static const OsThread other = {run_other, &turn};
  assert_int_equal(os_thread_start(other, 256 << 10).value, 0);
  for (uint32_t i = 0; i < 1000; i++) {
    turn = 2 * i + 1;
    os_wake_sleeper(turn);
    while (turn.load() != 2 * i + 2) os_sleep_on(turn, 2 * i + 1, kNever);
  }
}

void processors(void **) { assert_true(os_processors() >= 1); }

} // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(one_at_a_time),
                              cmocka_unit_test(no_sleep_on_a_word_that_has_changed),
                              cmocka_unit_test(ping_pong), cmocka_unit_test(processors)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
