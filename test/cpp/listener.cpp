// <eddy/listener.hpp>.
#include "net.hpp"
#include "system.hpp"

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

TEST(listeners) { test::on_loop(accepts); }
TEST(full_descriptor_table) { test::on_loop(outlives_a_full_table); }
TEST(addresses_are_free_at_once) { test::on_loop(closing_answers); }
