// Built with -fno-exceptions: results instead of exceptions, all the way.
#include "check.hpp"

#include <eddy.hpp>

#include <string>

using namespace std::chrono_literals;

#if EDDY_EXCEPTIONS
#error "this test is about a build without exceptions"
#endif

static eddy::task<eddy::result<void>> echo(eddy::stream s) {
  char bytes[100];
  for (;;) {
    auto n = co_await s.read(bytes).nothrow();
    if (!n) co_return n.error();
    if (*n == 0) co_return eddy::result<void>();
    auto written = co_await s.write(std::span(bytes, *n)).nothrow();
    if (!written) co_return written.error();
  }
}

static eddy::task<eddy::result<int>> client(eddy::loop &l, eddy::address at) {
  auto s = eddy::stream::open(l);
  if (!s) co_return s.error();
  auto joined = co_await s->connect(at).nothrow();
  if (!joined) co_return joined.error();
  auto written = co_await s->write("hello\n").nothrow();
  if (!written) co_return written.error();
  auto in = s->lines(100);
  auto line = co_await in.next().nothrow();
  if (!line) co_return line.error();
  CHECK(*line && **line == "hello");
  char byte;
  auto late = co_await s->read(eddy::buffer(&byte, 1)).within(1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  auto closed = co_await s->close().nothrow();
  CHECK(closed);
  co_return 5;
}

static eddy::task<eddy::result<int>> sleeps() {
  auto slept = co_await eddy::sleep_for(1h).nothrow();
  if (!slept) co_return slept.error();
  co_return 1;
}

static eddy::task<eddy::result<void>> fails() {
  (void)co_await eddy::yield().nothrow();
  co_return eddy::errc::broken_pipe;
}

static eddy::task<> all(eddy::loop &l) {
  auto in = eddy::listener::open(l, eddy::address::loopback(0));
  CHECK(in);
  eddy::scope conns;
  auto body = [&]() -> eddy::task<eddy::result<void>> {
    auto accepts = [&]() -> eddy::task<eddy::result<void>> {
      for (;;) {
        auto s = co_await in->accept().nothrow();
        if (!s) co_return s.error();
        conns.spawn(echo, std::move(*s));
      }
    };
    conns.spawn(accepts);
    auto five = co_await client(l, in->local_address());
    CHECK(five && *five == 5);
    conns.cancel();
    co_return eddy::result<void>();
  };
  co_await conns.run(body);
  CHECK(!conns.error());

  eddy::scope failing;
  auto bad = [&]() -> eddy::task<> {
    failing.spawn(fails);
    auto slept = co_await eddy::sleep_for(1h).nothrow();
    CHECK(slept.is_canceled());
  };
  co_await failing.run(bad);
  CHECK(failing.error() == std::errc::broken_pipe);

  auto late = co_await eddy::with_timeout(sleeps(), 1ms);
  CHECK(late.error() == std::errc::timed_out);
  auto both = co_await eddy::when_any(sleeps(), fails());
  CHECK(both.first == 1 && std::get<0>(both.outcomes).is_canceled());
  CHECK(std::get<1>(both.outcomes).error() == std::errc::broken_pipe);
  eddy::channel<int, 1> c;
  auto sent = co_await c.send(1).nothrow();
  auto got = co_await c.receive().nothrow();
  CHECK(sent && got && *got && **got == 1);
  eddy::mutex m;
  auto held = co_await m.lock().nothrow();
  CHECK(held && m.locked());
}

int main() {
  std::error_code error;
  eddy::loop l(error);
  if (error) {
    std::printf("SKIP: %s\n", error.message().c_str());
    return 77;
  }
  l.run(all(l));
}
