// <eddy/listener.hpp>.
#include "net.hpp"
#include "system.hpp"

#include <initializer_list>

static eddy::task<> accepts(eddy::loop &l) {
  auto at = eddy::address::loopback(0);
  eddy::listener in(l, at, 0, 16);
  in.pause();
  eddy::stream s(l);
  co_await s.connect(in.local_address());
  auto none = co_await in.accept().within(5ms).nothrow();
  CHECK(none.error() == std::errc::timed_out);
  in.resume();
  eddy::stream accepted = co_await in.accept();
  CHECK(accepted);
  auto taken = eddy::listener::open(l, in.local_address());
  CHECK(taken.error() == std::errc::address_in_use);
  CHECK_THROWS(std::system_error, eddy::listener(l, in.local_address()));
  CHECK(in.set_option(EDDY_OPT_NODELAY, 1));
  co_await in.close();
}

// Neither kind spins; the one that people write first does not even end.
static eddy::task<> outlives_a_full_table(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  eddy::stream peer(l);
  co_await peer.connect(in.local_address());
  {
    test::full_table full;
    if (!full.possible()) co_return;
    auto told = co_await in.accept_once().nothrow();
    CHECK(told.error() == eddy::errc::too_many_descriptors);
    auto waits = co_await in.accept().within(1ms).nothrow();
    CHECK(waits.error() == std::errc::timed_out);
  }
  eddy::stream accepted = co_await in.accept();
  CHECK(accepted);
}

// A closed listener has no address.
static eddy::task<> closing_answers(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  eddy::address at = in.local_address();
  in.reset();
  auto again = eddy::listener::open(l, at);
  CHECK(again); // at once
  co_return;
}

static eddy::task<> connects_one(eddy::stream &s, eddy::address at) { co_await s.connect(at); }

// All at a time: they are in the queue together.
static eddy::task<> connects(eddy::loop &l, eddy::address at, std::vector<eddy::stream> &all,
                             int n) {
  std::vector<eddy::task<>> connecting;
  std::size_t first = all.size();
  for (int i = 0; i < n; i++) all.emplace_back(l);
  for (std::size_t i = first; i < all.size(); i++) connecting.push_back(connects_one(all[i], at));
  co_await eddy::when_all(std::move(connecting));
}

// However many may wait: no more do, and each comes once.
static eddy::task<> accepts_ahead(eddy::loop &l, std::uint32_t most) {
  constexpr int kClients = 50;
  eddy::listener in(l, eddy::address::loopback(0));
  std::vector<eddy::stream> clients, accepted;
  auto many = in.accept_many(most);
  auto none = co_await many.next().within(1ms).nothrow();
  CHECK(none.error() == std::errc::timed_out);
  int before = test::open_descriptors();
  co_await connects(l, in.local_address(), clients, kClients);
  for (int i = 0; i < 50; i++) co_await eddy::yield();
  CHECK(test::open_descriptors() - before - kClients <=
        static_cast<int>(most) + test::spare_descriptors);
  while (accepted.size() < kClients) {
    accepted.push_back(co_await many.next());
    if (accepted.size() % 7 == 0) co_await eddy::sleep_for(100us);
    // It becomes full in the turn at whose end it is asked for more than it has: before its cancel is over.
    if (accepted.size() % 2) continue;
    co_await eddy::sleep_for(0ms);
    co_await eddy::sleep_for(0ms);
  }
  for (int i = 0; i < kClients; i++)
    CHECK(accepted[static_cast<std::size_t>(i)].peer_address().value() ==
          clients[static_cast<std::size_t>(i)].local_address().value());
}

static eddy::task<> accepts_many(eddy::loop &l) {
  for (std::uint32_t most : {1u, 2u, 3u, 16u, 32u}) co_await accepts_ahead(l, most);
}

static eddy::task<> ends_of_a_reader(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  std::vector<eddy::stream> clients;
  {
    auto many = in.accept_many();
    co_await connects(l, in.local_address(), clients, 2);
    eddy::stream first = co_await many.next();
    for (int i = 0; i < 10; i++) co_await eddy::yield();
  }
  // One that it has accepted and nobody asked for is closed; one that comes now is for the next reader.
  std::array<char, 4> bytes;
  auto end = co_await clients[1].read(bytes).nothrow();
  CHECK(!end || *end == 0);
  co_await connects(l, in.local_address(), clients, 1);
  auto again = in.accept_many();
  eddy::stream last = co_await again.next();
  CHECK(last.peer_address().value() == clients[2].local_address().value());

  bool canceled = false;
  auto waits = [&]() -> eddy::task<> {
    auto none = co_await again.next().nothrow();
    canceled = none.is_canceled();
  };
  l.spawn(waits);
  co_await eddy::yield();
  in.reset();
  while (!canceled) co_await eddy::yield();
}

static eddy::task<> many_outlive_a_full_table(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  auto many = in.accept_many();
  std::vector<eddy::stream> clients;
  co_await connects(l, in.local_address(), clients, 3);
  {
    test::full_table full;
    if (!full.possible()) co_return;
    auto waits = co_await many.next().within(1ms).nothrow();
    CHECK(waits.error() == std::errc::timed_out);
  }
  for (int i = 0; i < 3; i++) {
    eddy::stream accepted = co_await many.next();
    CHECK(accepted);
  }
}

TEST(accept_many) { test::on_loop(accepts_many); }
TEST(a_reader_that_goes_or_whose_listener_closes) { test::on_loop(ends_of_a_reader); }
TEST(accept_many_with_a_full_table) { test::on_loop(many_outlive_a_full_table); }
TEST(listeners) { test::on_loop(accepts); }
TEST(full_descriptor_table) { test::on_loop(outlives_a_full_table); }
TEST(addresses_are_free_at_once) { test::on_loop(closing_answers); }
