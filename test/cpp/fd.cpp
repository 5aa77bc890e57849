// <eddy/fd.hpp>.
#include "net.hpp"

static eddy::task<> polls(eddy::loop &l) {
  test::wire wire;
  {
    eddy::fd in(l, wire.out);
    CHECK(in.native() == wire.out);
    auto none = co_await in.poll(EDDY_READABLE).within(1ms).nothrow();
    CHECK(none.error() == std::errc::timed_out);
    wire.put();
    std::uint32_t events = co_await in.poll(EDDY_READABLE);
    CHECK(events == EDDY_READABLE);
    CHECK(eddy::fd::open(l, wire.out).error() == std::errc::file_exists);
    CHECK_THROWS(std::system_error, eddy::fd(l, 100000));
    auto wrong = co_await in.poll(0).nothrow();
    CHECK(wrong.error() == std::errc::invalid_argument);
    co_await in.close();
  }
  CHECK(wire.is_open()); // it stays the caller's
}

TEST(poll_a_descriptor_of_others) { test::on_loop(polls); }
