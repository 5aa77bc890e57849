// <eddy/task.hpp>: values, references, exceptions, laziness; and awaits by the million.
#include "test.hpp"

static eddy::task<int> number(int n) { co_return n; }

static eddy::task<std::string> text() {
  co_await eddy::yield();
  co_return "text";
}

static eddy::task<int &> reference(int &n) { co_return n; }

static eddy::task<std::unique_ptr<int>> moved() { co_return std::make_unique<int>(7); }

static eddy::task<> fails() {
  co_await eddy::yield();
  throw std::runtime_error("on purpose");
}

TEST(values) {
  eddy::loop l;
  CHECK(l.run(number(3)) == 3);
  CHECK(l.run(text()) == "text");
  CHECK(*l.run(moved()) == 7);
  int n = 1;
  CHECK(&l.run(reference(n)) == &n);
}

static eddy::task<int> sums() {
  int sum = co_await number(1);
  std::string said = co_await text();
  std::unique_ptr<int> seven = co_await moved();
  eddy::task<int> named = number(10);
  sum += co_await std::move(named);
  co_return sum + static_cast<int>(said.size()) + *seven;
}

TEST(tasks_await_tasks) {
  eddy::loop l;
  CHECK(l.run(sums()) == 22);
}

static eddy::task<int> catches() {
  try {
    co_await fails();
  } catch (const std::runtime_error &error) {
    co_return static_cast<int>(std::strlen(error.what()));
  }
  co_return 0;
}

TEST(exceptions_pass_through_awaits) {
  eddy::loop l;
  CHECK(l.run(catches()) == 10);
  CHECK_THROWS(std::runtime_error, l.run(fails()));
}

static eddy::task<> refused() {
  co_await eddy::yield();
  throw std::system_error(eddy::errc::connection_refused);
}

static eddy::task<> asks_quietly() {
  auto refusal = co_await refused().nothrow();
  CHECK(refusal.error() == std::errc::connection_refused);
  auto value = co_await number(5).nothrow();
  CHECK(value && *value == 5);
  bool thrown = false;
  try {
    (void)co_await fails().nothrow();
  } catch (const std::runtime_error &) {
    thrown = true; // it is no error code
  }
  CHECK(thrown);
}

TEST(a_result_instead_of_an_exception) {
  eddy::loop l;
  l.run(asks_quietly());
}

static eddy::task<> marks(bool &begun) {
  begun = true;
  co_return;
}

TEST(a_task_is_lazy_and_may_be_dropped) {
  bool begun = false;
  {
    auto dropped = marks(begun);
    CHECK(dropped);
  }
  CHECK(!begun);
  eddy::loop l;
  l.run(marks(begun));
  CHECK(begun);
}

static eddy::task<> many_at_once(int n) {
  long sum = 0;
  for (int i = 0; i < n; i++) sum += co_await number(1);
  CHECK(sum == n);
}

// Any stack that grew with the number would be overrun: the default is 8 MiB.
TEST(a_million_awaits_that_end_at_once) {
  eddy::loop l;
  l.run(many_at_once(1'000'000));
}

static eddy::task<int> later() {
  co_await eddy::yield();
  co_return 1;
}

static eddy::task<> many_later(int n) {
  long sum = 0;
  for (int i = 0; i < n; i++) sum += co_await later();
  CHECK(sum == n);
}

TEST(a_million_awaits_that_wait) {
  eddy::loop l;
  l.run(many_later(1'000'000));
}

static eddy::task<int> deep(int levels, bool waits) {
  if (levels == 0) {
    if (waits) co_await eddy::yield();
    co_return 0;
  }
  int below = co_await deep(levels - 1, waits);
  co_return below + 1;
}

TEST(a_hundred_thousand_tasks_deep) {
  eddy::loop l;
  CHECK(l.run(deep(100'000, false)) == 100'000);
  CHECK(l.run(deep(100'000, true)) == 100'000);
}

static eddy::task<int> deep_failure(int levels) {
  if (levels == 0) throw std::runtime_error("at the bottom");
  int below = co_await deep_failure(levels - 1);
  co_return below;
}

TEST(an_exception_from_the_deep) {
  eddy::loop l;
  CHECK_THROWS(std::runtime_error, l.run(deep_failure(1000)));
}
