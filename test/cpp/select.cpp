// <eddy/select.hpp>: waiting for the first of several things, none of which is taken.
#include "net.hpp"

static eddy::task<> sets(eddy::event &e, std::chrono::microseconds d) {
  co_await eddy::sleep_for(d);
  e.set();
}

static eddy::task<> at_once(eddy::loop &) {
  eddy::event a, b(true), c(true);
  for (int i = 0; i < 1000; i++) {
    auto which = co_await eddy::select(a.wait(), b.wait(), c.wait());
    CHECK(which == 1); // the first in their order
  }
  auto which = co_await eddy::select(eddy::sleep_for(1h), b.wait());
  CHECK(which == 1);
  which = co_await eddy::select(eddy::sleep_for(0s), a.wait());
  CHECK(which == 0);
}

TEST(what_holds_is_given_at_once) { test::on_loop(at_once); }

static eddy::task<> waits(eddy::loop &l) {
  eddy::event a, b;
  eddy::latch last(1);
  eddy::timer t(l, 1h);
  l.spawn(sets, std::ref(b), 500us);
  auto which =
      co_await eddy::select(a.wait(), eddy::sleep_for(1h), b.wait(), last.wait(), t.wait());
  CHECK(which == 2);
  auto start = l.now();
  which = co_await eddy::select(a.wait(), eddy::sleep_for(2ms), eddy::sleep_for(1h), t.wait());
  CHECK(which == 1 && l.now() - start >= 2ms);
  t.set(l.now() + 1ms);
  which = co_await eddy::select(a.wait(), t.wait());
  CHECK(which == 1);
  which = co_await eddy::select(a.wait(), a.wait(), eddy::yield());
  CHECK(which == 2);
  co_await t.wait(); // nobody waits for it any more
}

TEST(the_first_to_come) { test::on_loop(waits); }

static eddy::task<> timed(eddy::loop &l) {
  eddy::event a, b;
  auto start = l.now();
  auto late = co_await eddy::select(a.wait(), b.wait()).within(2ms).nothrow();
  CHECK(late.error() == std::errc::timed_out && l.now() - start >= 2ms);
  late = co_await eddy::select(a.wait(), eddy::sleep_for(1h)).until(l.now() + 1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  late = co_await eddy::select(a.wait().within(1ms), eddy::sleep_for(1h)).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  l.spawn(sets, std::ref(a), 100us);
  auto which = co_await eddy::select(a.wait(), eddy::sleep_for(1h)).within(1h);
  CHECK(which == 0);
  which = co_await eddy::select(b.wait(), eddy::sleep_for(100us)).within(1h);
  CHECK(which == 1);
}

TEST(with_a_time_out_of_all) { test::on_loop(timed); }

static eddy::task<> streams(eddy::loop &l) {
  auto one = co_await test::connected(l), two = co_await test::connected(l);
  eddy::event stop;
  co_await two.one.write("hello");
  auto which =
      co_await eddy::select(one.two.wait(EDDY_READABLE), two.two.wait(EDDY_READABLE), stop.wait());
  CHECK(which == 1);
  char bytes[8];
  std::size_t n = co_await two.two.read(bytes);
  CHECK(n == 5); // all of it is there still
  co_await one.two.close();
  auto closed = co_await eddy::select(stop.wait(), one.two.wait(EDDY_READABLE)).nothrow();
  CHECK(closed.error() == eddy::errc::closed);
  auto open = co_await eddy::select(eddy::sleep_for(1h), two.two.wait(EDDY_WRITABLE));
  CHECK(open == 1);
}

TEST(streams_and_what_is_closed) { test::on_loop(streams); }

static eddy::task<> counts(eddy::stream &s, int &selected) {
  eddy::event never;
  auto ended = co_await eddy::select(s.wait(EDDY_READABLE), never.wait(), eddy::sleep_for(1h),
                                     s.wait(EDDY_READABLE))
                   .nothrow();
  CHECK(ended.is_canceled());
  selected++;
  ended = co_await eddy::select(never.wait(), eddy::sleep_for(1h)).nothrow(); // not begun
  CHECK(ended.is_canceled());
  selected++;
}

static eddy::task<> cancels(eddy::loop &l) {
  auto both = co_await test::connected(l);
  int selected = 0;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    for (int i = 0; i < 3; i++) s.spawn(counts, std::ref(both.two), std::ref(selected));
    co_await eddy::yield();
    s.cancel();
  };
  co_await s.run(body);
  CHECK(selected == 6);
  auto late = co_await eddy::with_timeout(eddy::select(std::vector<eddy::stream::wait_op>()), 1ms)
                  .nothrow();
  CHECK(late.error() == std::errc::timed_out);
}

TEST(cancelled_selects_leave_everything) { test::on_loop(cancels); }

static eddy::task<> feeds(eddy::channel<int, 2> &a, eddy::channel<int, 0> &b) {
  for (int i = 0; i < 200; i++) {
    if (i % 7 == 0) co_await eddy::sleep_for(50us);
    co_await a.send(i);
    co_await b.send(i);
  }
  a.close();
  b.close();
}

// Whatever comes together: a loop over select misses nothing.
static eddy::task<> loses_nothing(eddy::loop &l) {
  eddy::channel<int, 2> a;
  eddy::channel<int, 0> b;
  l.spawn(feeds, std::ref(a), std::ref(b));
  int from_a = 0, from_b = 0;
  while (from_a + from_b < 400) {
    auto which = co_await eddy::select(a.readable(), b.readable()).within(20us).nothrow();
    if (!which) continue;
    auto value = *which == 0 ? a.try_receive() : b.try_receive();
    int &count = *which == 0 ? from_a : from_b;
    if (value) CHECK(*value == count++);
    if (*which == 0 && !value) { // closed: b is all that is left
      value = b.try_receive();
      if (value) CHECK(*value == from_b++);
    }
  }
  CHECK(from_a == 200 && from_b == 200);
  while (!b.closed()) co_await eddy::yield();
}

TEST(a_loop_over_select_loses_nothing) { test::on_loop(loses_nothing); }

static eddy::task<> many(eddy::loop &l) {
  std::vector<test::pair> pairs;
  for (int i = 0; i < 10; i++) {
    auto p = co_await test::connected(l);
    pairs.push_back(std::move(p));
  }
  for (std::size_t k = 0; k < 10; k++) {
    co_await pairs[9 - k].one.write("x");
    std::vector<eddy::stream::wait_op> waits;
    for (auto &p : pairs) waits.push_back(p.two.wait(EDDY_READABLE));
    std::size_t which = co_await eddy::select(std::move(waits));
    CHECK(which == 9 - k);
    char byte;
    co_await pairs[which].two.read(eddy::buffer(&byte, 1));
  }
}

TEST(any_number_of_branches) { test::on_loop(many); }

static eddy::task<> writes_when_there_is_room(eddy::loop &l) {
  eddy::channel<int, 1> full;
  eddy::channel<int, 0> none;
  int value = 1;
  CHECK(full.try_send(value));
  auto neither = co_await eddy::select(full.writable(), none.writable()).within(1ms).nothrow();
  CHECK(!neither);
  auto takes = [](eddy::channel<int, 0> &c) -> eddy::task<> {
    auto got = co_await c.receive();
    CHECK(got && *got == 1);
  };
  l.spawn(takes, std::ref(none));
  auto which = co_await eddy::select(full.writable(), none.writable());
  CHECK(which == 1 && none.try_send(value));
  CHECK(full.try_receive());
  which = co_await eddy::select(full.writable(), none.writable());
  CHECK(which == 0);
}

TEST(channels_with_room) { test::on_loop(writes_when_there_is_room); }
