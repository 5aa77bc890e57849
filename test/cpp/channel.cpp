// <eddy/channel.hpp>.
#include "net.hpp"

static eddy::task<> sends(eddy::channel<std::string, 2> &c, int n) {
  for (int i = 0; i < n; i++) co_await c.send("value number " + std::to_string(i));
  c.close();
}

static eddy::task<> in_order(eddy::loop &l) {
  eddy::channel<std::string, 2> c;
  l.spawn(sends, std::ref(c), 100);
  CHECK(c.size() == 2); // full: the sender is held back
  for (int i = 0; i < 100; i++) {
    auto value = co_await c.receive();
    CHECK(value && *value == "value number " + std::to_string(i));
  }
  auto end = co_await c.receive();
  CHECK(!end && c.closed());
  auto closed = co_await c.send("more").nothrow();
  CHECK(closed.error() == eddy::errc::closed);
  CHECK_THROWS(std::system_error, co_await c.send("more"));
}

TEST(values_in_order_and_backpressure) { test::on_loop(in_order); }

static eddy::task<> sends_one(eddy::channel<int, 1> &c, int n, std::string &log) {
  auto r = co_await c.send(n).nothrow();
  log += r ? static_cast<char>('0' + n) : r.error() == eddy::errc::closed ? 'x' : 'c';
}

static eddy::task<> receives_one(eddy::channel<int, 1> &c, std::string &log) {
  auto r = co_await c.receive();
  log += r ? static_cast<char>('0' + *r) : '-';
}

static eddy::task<> closing(eddy::loop &l) {
  std::string log;
  eddy::channel<int, 1> senders, receivers;
  for (int i = 0; i < 4; i++) l.spawn(sends_one, std::ref(senders), i, std::ref(log));
  for (int i = 0; i < 3; i++) l.spawn(receives_one, std::ref(receivers), std::ref(log));
  CHECK(log == "0"); // the others wait
  senders.close();
  receivers.close();
  CHECK(log == "0"); // nobody is resumed from inside
  co_await eddy::yield();
  CHECK(log == "0xxx---");
  auto left = co_await senders.receive();
  CHECK(left && *left == 0); // what was in it is not lost
  left = co_await senders.receive();
  CHECK(!left);
}

TEST(close_with_waiters_on_both_ends) { test::on_loop(closing); }

static eddy::task<> fair(eddy::loop &l) {
  std::string log;
  eddy::channel<int, 1> c;
  for (int i = 0; i < 5; i++) l.spawn(receives_one, std::ref(c), std::ref(log));
  for (int i = 0; i < 5; i++) co_await c.send(i);
  while (log.size() < 5) co_await eddy::yield();
  CHECK(log == "01234"); // each receiver its value, in the order of asking
}

TEST(first_come_first_served) { test::on_loop(fair); }

static eddy::task<> rendezvous_sender(eddy::channel<std::unique_ptr<int>, 0> &c) {
  for (int i = 0; i < 10; i++) co_await c.send(std::make_unique<int>(i));
  c.close();
}

static eddy::task<> rendezvous(eddy::loop &l) {
  eddy::channel<std::unique_ptr<int>, 0> c;
  l.spawn(rendezvous_sender, std::ref(c));
  CHECK(c.size() == 0);
  for (int i = 0; i < 10; i++) {
    auto value = co_await c.receive();
    CHECK(value && **value == i);
  }
  auto end = co_await c.receive();
  CHECK(!end);
}

TEST(without_room_each_send_waits_for_its_receive) { test::on_loop(rendezvous); }

static eddy::task<> a_turn() { co_await eddy::yield(); }

static eddy::task<> cancels(eddy::loop &) {
  eddy::channel<int, 1> c;
  auto late = co_await c.receive().within(2ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  co_await c.send(1);
  auto full = co_await c.send(2).within(2ms).nothrow();
  CHECK(full.error() == std::errc::timed_out);
  std::string log;
  auto first = co_await eddy::when_any(sends_one(c, 3, log), sends_one(c, 4, log), a_turn());
  CHECK(first.first == 2 && log == "cc");
  auto only = co_await c.receive();
  CHECK(only && *only == 1 && c.size() == 0); // nothing of the cancelled sends
  int value = 5;
  CHECK(c.try_send(value) && !c.try_send(value));
  CHECK(*c.try_receive() == 5 && !c.try_receive());
}

TEST(cancelled_waits_leave_nothing_behind) { test::on_loop(cancels); }

static eddy::task<> closes(eddy::channel<std::unique_ptr<int>, 1> &c) {
  co_await eddy::sleep_for(100us);
  c.close();
}

static eddy::task<> sends_own(eddy::channel<std::unique_ptr<int>, 1> &c, std::string &log) {
  auto value = std::make_unique<int>(3);
  auto sent = co_await c.send(std::move(value)).nothrow();
  log += sent.is_canceled() && value && *value == 3 ? "back" : "gone";
}

static eddy::task<> given_back(eddy::loop &l) {
  eddy::channel<std::unique_ptr<int>, 1> c;
  auto value = std::make_unique<int>(1), other = std::make_unique<int>(2);
  co_await c.send(std::move(value));
  CHECK(!value);
  auto late = co_await c.send(std::move(other)).within(1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out && other && *other == 2);
  std::string log;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(sends_own, std::ref(c), std::ref(log)); // cancelled while it waits
    s.cancel();
    s.spawn(sends_own, std::ref(c), std::ref(log)); // and before it begins
    co_return;
  };
  co_await s.run(body);
  CHECK(log == "backback");
  l.spawn(closes, std::ref(c));
  auto closed = co_await c.send(std::move(other)).nothrow();
  CHECK(closed.error() == eddy::errc::closed && other && *other == 2);
  closed = co_await c.send(std::move(other)).nothrow();
  CHECK(closed.error() == eddy::errc::closed && other);
  const std::string text = "a copy of it";
  eddy::channel<std::string, 1> copies;
  co_await copies.send(text);
  auto got = co_await copies.receive();
  CHECK(got && *got == text);
}

TEST(a_send_that_fails_leaves_the_value) { test::on_loop(given_back); }

static eddy::task<> waits(eddy::channel<int, 1> &c, std::string &log) {
  co_await c.readable();
  auto value = c.try_receive();
  log += value ? static_cast<char>('0' + *value) : c.closed() ? 'x' : '-';
}

static eddy::task<> readiness(eddy::loop &l) {
  eddy::channel<int, 1> c;
  std::string log;
  for (int i = 0; i < 3; i++) l.spawn(waits, std::ref(c), std::ref(log));
  co_await c.send(4);
  co_await eddy::yield();
  CHECK(log == "4--"); // all were told, one was quicker
  l.spawn(waits, std::ref(c), std::ref(log));
  c.close();
  co_await eddy::yield();
  CHECK(log == "4--x");
  co_await c.writable();
}

TEST(readable_takes_nothing) { test::on_loop(readiness); }

// A receive that was given its value and is cancelled in the same turn keeps it.
static eddy::task<> given_and_cancelled(eddy::loop &) {
  eddy::channel<int, 1> c;
  std::string log;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(receives_one, std::ref(c), std::ref(log));
    int value = 7;
    CHECK(c.try_send(value));
    s.cancel();
    co_return;
  };
  co_await s.run(body);
  CHECK(log == "7");
}

TEST(a_value_handed_over_is_not_lost_to_a_cancel) { test::on_loop(given_and_cancelled); }

static eddy::task<> produces(eddy::channel<int, 8> &c, int n, int &left) {
  for (int i = 0; i < n; i++) co_await c.send(i);
  if (--left == 0) c.close();
}

static eddy::task<> busy(eddy::loop &l) {
  eddy::channel<int, 8> c;
  int left = 4;
  for (int i = 0; i < 4; i++) l.spawn(produces, std::ref(c), 10'000, std::ref(left));
  long count = 0;
  for (;;) {
    auto value = co_await c.receive();
    if (!value) break;
    count++;
  }
  CHECK(count == 40'000);
}

TEST(four_producers) { test::on_loop(busy); }

namespace {

// One whose move throws, and leaves it as it was.
class brittle {
public:
  static inline int breaks = 0;

  explicit brittle(int number) : n(number) {}
  brittle(brittle &&other) : n(other.n) {
    if (n == breaks) throw std::runtime_error("broken");
    other.n = 0;
  }
  int n;
};

} // namespace

template<std::size_t Capacity>
static eddy::task<> sends_brittle(eddy::channel<brittle, Capacity> &c, int number,
                                  std::string &log) {
  brittle value(number);
  try {
    co_await c.send(std::move(value));
    CHECK(value.n == 0);
    log += std::to_string(number) + " sent ";
  } catch (const std::runtime_error &) {
    CHECK(value.n == number); // it is still the sender's
    log += std::to_string(number) + " broke ";
  }
}

template<std::size_t Capacity>
static eddy::task<> brittle_ones(eddy::loop &l) {
  eddy::channel<brittle, Capacity> c;
  std::string log;
  brittle::breaks = 0;
  for (int i = 1; i <= 4; i++) l.spawn(sends_brittle<Capacity>, std::ref(c), i, std::ref(log));
  brittle::breaks = 2;
  auto value = c.try_receive();
  CHECK(value && value->n == 1);
  auto next = co_await c.receive();
  CHECK(next && next->n == 3);
  co_await eddy::yield();
  co_await eddy::yield();
  CHECK(log.find("2 broke") != std::string::npos && log.find("3 sent") != std::string::npos);
  if (Capacity) {
    brittle::breaks = 4; // in the channel by now, where it stays
    CHECK_THROWS(std::runtime_error, c.try_receive());
    bool broke = false;
    try {
      (void)co_await c.receive();
    } catch (const std::runtime_error &) {
      broke = true;
    }
    CHECK(broke && c.size() == 1);
    brittle::breaks = 0;
  }
  auto last = co_await c.receive();
  CHECK(last && last->n == 4 && c.size() == 0);

  // Handed to a task that waits: the sender is told, and the task waits on.
  auto receives = [&]() -> eddy::task<> {
    auto got = co_await c.receive();
    log += "got " + std::to_string(got->n);
  };
  co_await eddy::yield();
  log.clear();
  brittle::breaks = 5;
  l.spawn(receives);
  brittle five(5), six(6);
  CHECK_THROWS(std::runtime_error, c.try_send(five));
  CHECK(five.n == 5 && c.try_send(six));
  co_await eddy::yield();
  co_await eddy::yield();
  CHECK(log == "got 6");
}

TEST(values_whose_moves_throw) {
  test::on_loop(brittle_ones<0>);
  test::on_loop(brittle_ones<1>);
}
