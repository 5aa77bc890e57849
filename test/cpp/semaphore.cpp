// <eddy/semaphore.hpp>.
#include "net.hpp"

static eddy::task<> uses(eddy::semaphore &s, int &inside, int &most, int &done) {
  co_await s.acquire();
  most = std::max(most, ++inside);
  co_await eddy::sleep_for(100us);
  inside--;
  done++;
  s.release();
}

static eddy::task<> limits(eddy::loop &l) {
  eddy::semaphore s(3);
  int inside = 0, most = 0, done = 0;
  for (int i = 0; i < 20; i++)
    l.spawn(uses, std::ref(s), std::ref(inside), std::ref(most), std::ref(done));
  while (done < 20) co_await eddy::sleep_for(1ms);
  CHECK(most == 3 && s.available() == 3);
  CHECK(s.try_acquire() && s.available() == 2);
  s.release();
  s.release(5);
  CHECK(s.available() == 8);
}

TEST(so_many_at_a_time) { test::on_loop(limits); }

static eddy::task<> cancelled(eddy::loop &l) {
  eddy::semaphore s(0);
  auto late = co_await s.acquire().within(1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  int inside = 0, most = 0, done = 0;
  l.spawn(uses, std::ref(s), std::ref(inside), std::ref(most), std::ref(done));
  s.release(); // to the one that waits
  CHECK(s.available() == 0);
  while (!done) co_await eddy::sleep_for(1ms);
  CHECK(s.available() == 1);
}

TEST(a_deadline_takes_no_permit) { test::on_loop(cancelled); }
