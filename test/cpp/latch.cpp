// <eddy/latch.hpp>.
#include "net.hpp"

static eddy::task<> arrives(eddy::latch &each, int &passed) {
  co_await eddy::yield();
  co_await each.arrive_and_wait();
  passed++;
}

static eddy::task<> counts(eddy::loop &l) {
  eddy::latch gate(6);
  int passed = 0;
  for (int i = 0; i < 5; i++) l.spawn(arrives, std::ref(gate), std::ref(passed));
  while (gate.count() > 1) co_await eddy::yield();
  CHECK(passed == 0);
  gate.count_down();
  co_await gate.wait();
  while (passed < 5) co_await eddy::yield();
  eddy::latch open(0);
  co_await open.wait();
}

TEST(latch) { test::on_loop(counts); }
