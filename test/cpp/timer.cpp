// <eddy/timer.hpp>.
#include "net.hpp"

static eddy::task<> sleeps(eddy::loop &l) {
  eddy::time_point before = l.update_now();
  co_await eddy::sleep_for(5ms);
  CHECK(l.now() - before >= 5ms);
  eddy::time_point at = l.now() + 5ms;
  co_await eddy::sleep_until(at);
  CHECK(l.now() >= at);
  co_await eddy::sleep_until(before); // long past
  co_await eddy::sleep_for(-1s);
  auto late = co_await eddy::sleep_for(1h).within(5ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  auto later = co_await eddy::sleep_for(1h).until(l.now() + 1ms).nothrow();
  CHECK(later.error() == std::errc::timed_out);
  CHECK_THROWS(std::system_error, co_await eddy::sleep_for(1h).within(1ms));
}

TEST(sleep) { test::on_loop(sleeps); }

static eddy::task<> waits_for(eddy::timer &t, int &woken) {
  co_await t.wait();
  woken++;
}

static eddy::task<> moves_a_timer(eddy::loop &l) {
  eddy::timer t(l, 1h);
  int woken = 0;
  l.spawn(waits_for, std::ref(t), std::ref(woken));
  t.set(l.now() + 2h);
  co_await eddy::yield();
  CHECK(woken == 0);
  t.set(l.now()); // earlier
  while (!woken) co_await eddy::sleep_for(1ms);
  co_await t.wait(); // it has come and stays so
  t.set(l.now() + 5ms);
  eddy::time_point at = t.at();
  co_await t.wait();
  CHECK(l.now() >= at);
}

TEST(a_timer_is_moved_while_it_is_waited_for) { test::on_loop(moves_a_timer); }

static eddy::task<> ticks(eddy::loop &l) {
  eddy::time_point begin = l.update_now();
  eddy::ticker each(l, 2ms);
  std::uint64_t periods = 0;
  while (periods < 5) periods += co_await each.next();
  CHECK(l.now() - begin >= 10ms);

  eddy::ticker skips(l.now() - 100ms, 10ms, eddy::late_ticks::skip);
  periods = co_await skips.next();
  CHECK(periods >= 11);
  eddy::ticker bursts(l.now() - 100ms, 10ms, eddy::late_ticks::burst);
  for (int i = 0; i < 10; i++) {
    periods = co_await bursts.next();
    CHECK(periods == 1);
  }
  eddy::ticker delays(l.now() - 100ms, 10ms, eddy::late_ticks::delay);
  periods = co_await delays.next();
  CHECK(periods == 1);
  eddy::time_point then = l.now();
  periods = co_await delays.next();
  CHECK(periods == 1 && l.now() - then >= 10ms);
}

TEST(ticker) { test::on_loop(ticks); }
