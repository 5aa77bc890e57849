// <eddy/event.hpp>.
#include "net.hpp"

static eddy::task<> waits(eddy::event &e, int &count) {
  co_await e.wait();
  count++;
}

static eddy::task<> sets(eddy::loop &l) {
  eddy::event e;
  int count = 0;
  for (int i = 0; i < 10; i++) l.spawn(waits, std::ref(e), std::ref(count));
  co_await eddy::yield();
  CHECK(count == 0);
  e.set();
  e.reset(); // they go on all the same
  CHECK(count == 0 && !e.is_set());
  co_await eddy::yield();
  CHECK(count == 10);
  auto late = co_await e.wait().within(1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  e.set();
  co_await e.wait();
}

TEST(event) { test::on_loop(sets); }
