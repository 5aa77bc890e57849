// <eddy/fiber.hpp>: a flat stack, and turns for everybody.
#include "net.hpp"

static eddy::task<int> descends(int depth) {
  if (depth == 0) {
    co_await eddy::yield();
    co_return 0;
  }
  int below = co_await descends(depth - 1);
  co_return below + 1;
}

static eddy::task<> deep(eddy::loop &) {
  int depth = co_await descends(100000);
  CHECK(depth == 100000);
}

TEST(depth_needs_no_stack) { test::on_loop(deep); }

static eddy::task<> spins(eddy::event &set, bool &stop, long &rounds) {
  while (!stop) {
    co_await set.wait(); // ends at once, each time
    rounds++;
  }
  rounds = -1;
}

static eddy::task<> gets_a_turn(eddy::loop &l) {
  eddy::event set(true);
  bool stop = false;
  long rounds = 0;
  l.spawn(spins, std::ref(set), std::ref(stop), std::ref(rounds));
  for (int i = 0; i < 10; i++) co_await eddy::yield();
  CHECK(rounds > 0);
  stop = true;
  while (rounds >= 0) co_await eddy::yield();
}

TEST(awaits_that_end_at_once_let_others_run) { test::on_loop(gets_a_turn); }

// A request goes down through all sources, and leaves none that ended behind.
TEST(stop_requests_reach_sources_below) {
  using eddy::detail::stop_state;
  stop_state top;
  stop_state middle(&top);
  {
    stop_state gone(&middle);
    stop_state below(&gone);
    CHECK(!below.requested());
  }
  stop_state leaf(&middle), beside(&top);
  middle.request();
  CHECK(middle.requested() && leaf.requested());
  CHECK(!top.requested() && !beside.requested());
  stop_state born_late(&leaf);
  CHECK(born_late.requested());
  middle.reset();
  CHECK(!middle.requested() && leaf.requested());
}
