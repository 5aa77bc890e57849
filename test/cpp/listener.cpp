// <eddy/listener.hpp>.
#include "net.hpp"

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

TEST(listeners) { test::on_loop(accepts); }
