// <eddy/when.hpp>: when_all and when_any.
#include "net.hpp"

namespace {

// Tells when it is destroyed.
class witness {
public:
  witness(std::string &log, char c) : log_(log), c_(c) {}
  witness(const witness &) = delete;
  witness &operator=(const witness &) = delete;
  ~witness() { log_ += c_; }

private:
  std::string &log_;
  char c_;
};

} // namespace

static eddy::task<int> after(std::chrono::milliseconds d, int value) {
  co_await eddy::sleep_for(d);
  co_return value;
}

static eddy::task<> nothing() { co_await eddy::yield(); }

static eddy::task<int> at_once(int n) { co_return n; }

static eddy::task<int> fails(const char *what) {
  co_await eddy::yield();
  throw std::runtime_error(what);
}

static eddy::task<> witnessed(std::string &log, char c) {
  witness w(log, c);
  co_await eddy::sleep_for(1h);
}

static eddy::task<> all(eddy::loop &) {
  auto values = co_await eddy::when_all(after(3ms, 1), at_once(2), nothing());
  CHECK(std::get<0>(values) == 1 && std::get<1>(values) == 2);
  std::vector<eddy::task<int>> tasks;
  for (int i = 0; i < 50; i++) tasks.push_back(after(std::chrono::milliseconds(50 - i) / 10, i));
  auto each = co_await eddy::when_all(std::move(tasks));
  for (int i = 0; i < 50; i++) CHECK(each[static_cast<std::size_t>(i)] == i);
  auto none = co_await eddy::when_all(std::vector<eddy::task<int>>());
  CHECK(none.empty());
}

TEST(when_all_gives_all_values) { test::on_loop(all); }

static eddy::task<> all_fail(eddy::loop &) {
  std::string log, what;
  try {
    co_await eddy::when_all(witnessed(log, 'a'), fails("first"), fails("second"),
                            witnessed(log, 'b'));
  } catch (const std::runtime_error &error) {
    what = error.what();
  }
  CHECK(what == "first");
  CHECK(log.size() == 2); // both had ended before
}

TEST(a_failure_passes_through_when_all_after_the_others_have_ended) { test::on_loop(all_fail); }

static eddy::task<> any(eddy::loop &) {
  std::string log;
  auto first = co_await eddy::when_any(witnessed(log, 'a'), after(2ms, 7), witnessed(log, 'b'));
  log += '.';
  CHECK(first.index() == 1 && std::get<1>(first) == 7);
  CHECK(log == "ab." || log == "ba.");
  auto sync = co_await eddy::when_any(at_once(1), at_once(2));
  CHECK(sync.index() == 0);
}

TEST(when_any_joins_its_losers_before_it_returns) { test::on_loop(any); }

static eddy::task<> any_fails(eddy::loop &) {
  std::string log, what;
  try {
    co_await eddy::when_any(witnessed(log, 'a'), fails("won"));
  } catch (const std::runtime_error &error) {
    what = error.what();
  }
  CHECK(what == "won" && log == "a");
}

TEST(a_failure_can_win) { test::on_loop(any_fails); }

static eddy::task<> stubborn(int &turns) {
  for (; turns < 10; turns++) (void)co_await eddy::shield(nothing()).nothrow();
}

static eddy::task<> waits_for_losers(eddy::loop &) {
  int turns = 0;
  auto first = co_await eddy::when_any(stubborn(turns), at_once(1));
  CHECK(first.index() == 1 && turns == 10);
}

TEST(a_loser_that_takes_its_time_is_waited_for) { test::on_loop(waits_for_losers); }

static eddy::task<> both_from_above(eddy::loop &) {
  std::string log;
  auto late = co_await eddy::with_timeout(
                  eddy::when_all(witnessed(log, 'a'),
                                 eddy::when_any(witnessed(log, 'b'), witnessed(log, 'c'))),
                  2ms)
                  .nothrow();
  CHECK(late.error() == std::errc::timed_out);
  CHECK(log.size() == 3);
}

TEST(cancellation_goes_down) { test::on_loop(both_from_above); }

static eddy::task<int> tree(int depth) {
  if (depth == 0) {
    co_await eddy::yield();
    co_return 1;
  }
  auto halves = co_await eddy::when_all(tree(depth - 1), tree(depth - 1));
  co_return std::get<0>(halves) + std::get<1>(halves);
}

static eddy::task<> grows(eddy::loop &) {
  int leaves = co_await tree(10);
  CHECK(leaves == 1024);
}

TEST(a_tree_of_tasks) { test::on_loop(grows); }

static eddy::task<> a_million(eddy::loop &) {
  long sum = 0;
  for (int i = 0; i < 100'000; i++) {
    auto values = co_await eddy::when_all(at_once(1), at_once(2));
    sum += std::get<0>(values) + std::get<1>(values);
  }
  CHECK(sum == 300'000);
}

TEST(when_all_by_the_hundred_thousand) { test::on_loop(a_million); }
