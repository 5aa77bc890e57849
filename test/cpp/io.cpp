// <eddy/io.hpp>: what every awaitable operation has.
#include "net.hpp"

static eddy::task<> deadlines(eddy::loop &l) {
  auto both = co_await test::connected(l);
  std::array<char, 8> bytes;
  auto late = co_await both.one.read(bytes).within(1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  late = co_await both.one.read(bytes).nothrow().until(l.now());
  CHECK(late.error() == std::errc::timed_out);
  CHECK_THROWS(std::system_error, co_await both.one.read(bytes).within(0ms));
  co_await both.two.write("data");
  // It counts for one operation, not for those that follow.
  std::size_t n = co_await both.one.read(bytes).within(1h);
  CHECK(n == 4);
  co_await eddy::sleep_for(1ms);
  co_await both.two.write("more");
  n = co_await both.one.read(bytes);
  CHECK(n == 4);
}

TEST(a_deadline_is_for_one_operation) { test::on_loop(deadlines); }

static eddy::task<std::size_t> reads(eddy::stream &s) {
  std::array<char, 8> bytes;
  co_return co_await s.read(bytes);
}

static eddy::task<> nothing_begins(eddy::loop &l, bool &checked) {
  auto both = co_await test::connected(l);
  l.cancel();
  auto sent = co_await both.one.write("never").nothrow();
  CHECK(sent.is_canceled());
  auto read = co_await both.two.read(eddy::buffer(&sent, 1)).within(1h).nothrow();
  CHECK(read.is_canceled());
  co_await both.one.close(); // not so a close
  auto end = co_await eddy::shield(reads(both.two)).nothrow();
  CHECK(end && *end == 0);
  checked = true;
}

TEST(in_a_cancelled_task_only_a_close_begins) {
  bool checked = false;
  eddy::loop l;
  auto body = nothing_begins(l, checked);
  CHECK_THROWS(eddy::canceled, (l.run(std::move(body)), throw eddy::canceled()));
  CHECK(checked);
}

static eddy::task<> kept_and_awaited_later(eddy::loop &l) {
  auto both = co_await test::connected(l);
  auto send = both.one.write("once");
  co_await eddy::yield();
  std::array<char, 16> bytes;
  auto nothing = co_await both.two.read(bytes).within(1ms).nothrow();
  CHECK(!nothing); // an operation begins when it is awaited
  std::size_t n = co_await send;
  CHECK(n == 4);
  n = co_await send; // and is a description that can be used again
  CHECK(n == 4);
  std::size_t got = 0;
  while (got < 8) got += co_await both.two.read(bytes);
  CHECK(got == 8);
}

TEST(an_operation_begins_when_it_is_awaited) { test::on_loop(kept_and_awaited_later); }
