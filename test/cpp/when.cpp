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
  auto ended = co_await eddy::when_any(witnessed(log, 'a'), after(2ms, 7), witnessed(log, 'b'));
  log += '.';
  CHECK(ended.first == 1 && std::get<1>(ended.outcomes).value() == 7);
  CHECK(std::get<0>(ended.outcomes).is_canceled() && std::get<2>(ended.outcomes).is_canceled());
  CHECK_THROWS(eddy::canceled, std::get<0>(ended.outcomes).value());
  std::get<0>(ended.outcomes).check(); // to have lost is no failure
  CHECK(log == "ab." || log == "ba.");
  auto sync = co_await eddy::when_any(at_once(1), at_once(2));
  CHECK(sync.first == 0 && *std::get<0>(sync.outcomes) == 1 && *std::get<1>(sync.outcomes) == 2);
}

TEST(when_any_joins_its_losers_before_it_returns) { test::on_loop(any); }

static eddy::task<> any_fails(eddy::loop &) {
  std::string log;
  auto ended = co_await eddy::when_any(witnessed(log, 'a'), fails("won"));
  CHECK(ended.first == 1 && log == "a");
  auto &failed = std::get<1>(ended.outcomes);
  CHECK(!failed && !failed.is_canceled() && failed.exception());
  CHECK(failed.error() == eddy::errc::unknown);
  CHECK_THROWS(std::runtime_error, failed.value());
  CHECK_THROWS(std::runtime_error, failed.check());
}

TEST(a_failure_can_win) { test::on_loop(any_fails); }

static eddy::task<eddy::result<int>> gives_error() { co_return eddy::errc::broken_pipe; }

static eddy::task<eddy::result<int>> gives_result(int n) { co_return n; }

static eddy::task<> results(eddy::loop &) {
  auto ended = co_await eddy::when_any(gives_error(), gives_result(2));
  const eddy::outcome<int> &one = std::get<0>(ended.outcomes), &two = std::get<1>(ended.outcomes);
  CHECK(ended.first == 0 && one.error() == std::errc::broken_pipe && !one.exception());
  CHECK(two.value() == 2 && !two.error());
}

TEST(the_outcome_of_a_task_of_results_is_flat) { test::on_loop(results); }

static eddy::task<> stubborn(int &turns) {
  for (; turns < 10; turns++) (void)co_await eddy::shield(nothing()).nothrow();
}

static eddy::task<> waits_for_losers(eddy::loop &) {
  int turns = 0;
  auto ended = co_await eddy::when_any(stubborn(turns), at_once(1));
  CHECK(ended.first == 1 && turns == 10 && std::get<0>(ended.outcomes));
}

TEST(a_loser_that_takes_its_time_is_waited_for) { test::on_loop(waits_for_losers); }

static eddy::task<std::unique_ptr<int>> takes(eddy::channel<std::unique_ptr<int>, 4> &c) {
  auto value = co_await c.receive();
  co_return value ? std::move(*value) : nullptr;
}

// Both receives are given their value in the turn in which the first of them ends.
static eddy::task<> losers_with_values(eddy::loop &l) {
  eddy::channel<std::unique_ptr<int>, 4> a, b;
  int count = 0, both = 0;
  auto feed = [&]() -> eddy::task<> {
    for (int i = 0; i < 100; i++) {
      if (i % 3 == 0) { // now and then they wait for both
        while (count < 2 * i) co_await eddy::yield();
        co_await eddy::yield();
      }
      co_await a.send(std::make_unique<int>(i));
      co_await b.send(std::make_unique<int>(i));
    }
    a.close();
    b.close();
  };
  l.spawn(feed);
  for (bool open = true; open;) {
    auto ended = co_await eddy::when_any(takes(a), takes(b));
    auto &one = std::get<0>(ended.outcomes), &two = std::get<1>(ended.outcomes);
    int got = int(one && *one) + int(two && *two);
    count += got;
    both += got == 2;
    open = got > 0;
  }
  CHECK(count == 200 && both > 0);
}

TEST(losers_keep_what_they_have_brought) { test::on_loop(losers_with_values); }

static eddy::task<> many(eddy::loop &) {
  std::vector<eddy::task<int>> tasks;
  for (int i = 0; i < 20; i++) tasks.push_back(after(i == 13 ? 1ms : 1h, i));
  auto ended = co_await eddy::when_any(std::move(tasks));
  CHECK(ended.first == 13 && ended.outcomes.size() == 20);
  for (std::size_t i = 0; i < 20; i++) CHECK(ended.outcomes[i].is_canceled() == (i != 13));
  CHECK(ended.outcomes[13].value() == 13);
  std::vector<eddy::task<>> others;
  others.push_back(nothing());
  auto one = co_await eddy::when_any(std::move(others));
  CHECK(one.first == 0 && one.outcomes[0]);
  auto none = co_await eddy::when_any(std::vector<eddy::task<int>>());
  CHECK(none.first == 0 && none.outcomes.empty());
}

TEST(any_number_of_branches) { test::on_loop(many); }

static eddy::task<> stopped(eddy::loop &) {
  eddy::channel<std::unique_ptr<int>, 4> a, b;
  std::string log;
  eddy::scope s;
  auto race = [&]() -> eddy::task<> {
    auto ended = co_await eddy::when_any(takes(a), takes(b));
    log += *std::get<1>(ended.outcomes) ? "value" : "nothing";
    log += std::get<0>(ended.outcomes).is_canceled() ? ", canceled" : "";
  };
  auto empty = [&]() -> eddy::task<> {
    auto ended = co_await eddy::when_any(witnessed(log, '-')).nothrow();
    log += ended.is_canceled() ? "canceled " : "";
    co_await eddy::yield();
    log += "not reached";
  };
  auto body = [&]() -> eddy::task<> {
    s.spawn(empty);
    s.spawn(race);
    auto value = std::make_unique<int>(1);
    CHECK(b.try_send(value)); // and in the same turn
    s.cancel();
    co_return;
  };
  co_await s.run(body);
  CHECK(log == "-canceled value, canceled" || log == "value, canceled-canceled ");
}

TEST(a_cancel_from_above_does_not_take_what_has_come) { test::on_loop(stopped); }

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
