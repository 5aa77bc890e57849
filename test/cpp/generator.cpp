// <eddy/generator.hpp>.
#include "net.hpp"

#include <initializer_list>

static eddy::async_generator<int> numbers(int n, bool waits, bool *ended = nullptr) {
  struct at_end {
    explicit at_end(bool *flag) : flag_(flag) {}
    ~at_end() {
      if (flag_) *flag_ = true;
    }
    bool *flag_;
  } tells(ended);
  for (int i = 0; i < n; i++) {
    if (waits) co_await eddy::yield();
    co_yield i;
  }
}

static eddy::task<> asks(eddy::loop &) {
  for (bool waits : {false, true}) {
    auto source = numbers(1000, waits);
    int sum = 0;
    for (;;) {
      auto n = co_await source.next();
      if (!n) break;
      sum += *n;
    }
    CHECK(sum == 999 * 500);
    auto more = co_await source.next();
    CHECK(!more); // stays at its end
  }
}

TEST(values_until_the_end) { test::on_loop(asks); }

static eddy::task<> abandons(eddy::loop &) {
  bool ended = false;
  {
    auto source = numbers(10, true, &ended);
    for (int i = 0; i < 3; i++) {
      auto n = co_await source.next();
      CHECK(n && *n == i);
    }
    CHECK(!ended);
  }
  CHECK(ended);
  bool begun = false;
  { auto never = numbers(10, true, &begun); }
  CHECK(!begun);
}

TEST(abandoned_midway) { test::on_loop(abandons); }

static eddy::async_generator<std::string> fails() {
  co_yield "one";
  co_await eddy::yield();
  throw std::runtime_error("on purpose");
}

static eddy::task<> passes_exceptions(eddy::loop &) {
  auto source = fails();
  auto one = co_await source.next();
  CHECK(one && *one == "one");
  CHECK_THROWS(std::runtime_error, co_await source.next());
  auto end = co_await source.next();
  CHECK(!end);
}

TEST(exceptions) { test::on_loop(passes_exceptions); }

static eddy::async_generator<int> squares(int n) {
  auto source = numbers(n, true);
  for (;;) {
    auto i = co_await source.next();
    if (!i) co_return;
    co_yield *i **i;
  }
}

static eddy::task<int> sums_squares() {
  auto source = squares(1'000);
  int sum = 0;
  for (;;) {
    auto n = co_await source.next();
    if (!n) break;
    sum += *n % 2;
  }
  co_return sum;
}

static eddy::async_generator<int> slow() {
  co_await eddy::sleep_for(1h);
  co_yield 1;
}

static eddy::task<int> asks_slow() {
  auto source = slow();
  auto n = co_await source.next();
  co_return *n;
}

static eddy::task<> nests(eddy::loop &) {
  int odd = co_await sums_squares();
  CHECK(odd == 500);
  auto late = co_await eddy::with_timeout(asks_slow(), 1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
}

TEST(generators_of_generators_and_cancellation) { test::on_loop(nests); }
