// <eddy/fd.hpp>.
#include "net.hpp"

#include <fcntl.h>

static eddy::task<> polls(eddy::loop &l) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  {
    eddy::fd in(l, ends[0]);
    CHECK(in.native() == ends[0]);
    auto none = co_await in.poll(EDDY_READABLE).within(1ms).nothrow();
    CHECK(none.error() == std::errc::timed_out);
    CHECK(write(ends[1], "x", 1) == 1);
    std::uint32_t events = co_await in.poll(EDDY_READABLE);
    CHECK(events == EDDY_READABLE);
    CHECK(eddy::fd::open(l, ends[0]).error() == std::errc::file_exists);
    CHECK_THROWS(std::system_error, eddy::fd(l, 100000));
    auto wrong = co_await in.poll(0).nothrow();
    CHECK(wrong.error() == std::errc::invalid_argument);
    co_await in.close();
  }
  CHECK(fcntl(ends[0], F_GETFD) >= 0); // it stays the caller's
  close(ends[0]);
  close(ends[1]);
}

TEST(poll_a_pipe) { test::on_loop(polls); }
