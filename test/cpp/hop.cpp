// hop(): a task goes to another loop and comes back.
#include "other_thread.hpp"

static eddy::task<int> there_and_back(eddy::loop &home, eddy::loop &away, int times) {
  int count = 0;
  for (int i = 0; i < times; i++) {
    co_await eddy::hop(away);
    CHECK(eddy_loop_inside(away.get()) && !eddy_loop_inside(home.get()));
    co_await eddy::sleep_for(10us);
    count++;
    co_await eddy::hop(home);
    CHECK(eddy_loop_inside(home.get()) && !eddy_loop_inside(away.get()));
    co_await eddy::yield();
  }
  co_await eddy::hop(home); // is there
  co_return count;
}

TEST(there_and_back) {
  test::other_thread other;
  eddy::loop l;
  CHECK(l.run(there_and_back(l, other.loop(), 200)) == 200);
}

static eddy::task<int> works_away(eddy::loop &home, eddy::loop &away) {
  co_await eddy::hop(away);
  auto both = co_await test::connected(away);
  co_await both.one.write("hello");
  char bytes[8];
  std::size_t n = co_await both.two.read(bytes);
  auto sums = co_await eddy::when_all(there_and_back(away, home, 3), there_and_back(away, home, 4));
  co_await both.one.close();
  co_await both.two.close();
  co_await eddy::hop(home);
  co_return static_cast<int>(n) + std::get<0>(sums) + std::get<1>(sums);
}

TEST(handles_and_children_of_the_other_loop) {
  test::other_thread other;
  eddy::loop l;
  CHECK(l.run(works_away(l, other.loop())) == 12);
}

static eddy::task<> cancelled_when_back(eddy::loop &home, eddy::loop &away, bool &seen) {
  co_await eddy::hop(away);
  for (int i = 0; i < 100; i++) co_await eddy::sleep_for(100us); // deaf here
  int shielded = co_await eddy::shield(there_and_back(away, away, 0));
  CHECK(shielded == 0);
  co_await eddy::hop(home);
  seen = true;
  co_await eddy::sleep_for(1h);
}

TEST(cancellation_waits_for_the_way_home) {
  test::other_thread other;
  eddy::loop l;
  bool seen = false;
  CHECK_THROWS(std::system_error,
               l.run(eddy::with_timeout(cancelled_when_back(l, other.loop(), seen), 1ms)));
  CHECK(seen);
}

// A shield that begins away from home is one at home too, and one that ends away leaves the task deaf until it is back.
static eddy::task<> shielded_home(eddy::loop &home, eddy::loop &away, int &cleaned) {
  auto clean = [&]() -> eddy::task<> {
    co_await eddy::hop(home);
    co_await eddy::sleep_for(5ms);
    cleaned++;
  };
  auto leaves = [&]() -> eddy::task<> {
    co_await eddy::sleep_for(5ms);
    co_await eddy::hop(away);
  };
  co_await eddy::hop(away);
  co_await eddy::shield(clean());
  CHECK_THROWS(eddy::canceled, co_await eddy::yield());
  co_await eddy::shield(leaves());
  co_await eddy::sleep_for(1ms);
  cleaned++;
  co_await eddy::hop(home);
  CHECK_THROWS(eddy::canceled, co_await eddy::yield());
  cleaned++;
}

TEST(shields_between_loops) {
  test::other_thread away;
  eddy::loop home;
  int cleaned = 0;
  home.spawn(shielded_home, std::ref(home), std::ref(away.loop()), std::ref(cleaned));
  home.cancel();
  home.run();
  CHECK(cleaned == 3);
}

static eddy::task<> stays(eddy::loop &home) {
  eddy::loop over;
  co_await eddy::yield();
  CHECK(eddy_loop_drain(over.get(), 0) == 0);
  auto hopped = co_await eddy::hop(over).nothrow();
  CHECK(hopped.error() == eddy::errc::closed);
  CHECK(eddy_loop_inside(home.get()));
  co_await eddy::yield();
}

TEST(to_a_loop_that_has_ended) { test::on_loop(stays); }
