// A TCP echo server: run it, then `nc 127.0.0.1 7777`.
#include <array>
#include <eddy.hpp>

eddy::task<> echo(eddy::stream s) {
  std::array<char, 16384> bytes;
  for (;;) {
    auto n = co_await s.read(bytes).nothrow();
    if (!n || *n == 0) co_return; // a connection that breaks ends no other; `s` closes itself
    auto sent = co_await s.write(std::span(bytes).first(*n)).nothrow();
    if (!sent) co_return;
  }
}

eddy::task<> serve(eddy::loop &loop) {
  eddy::listener listener(loop, eddy::address::loopback(7777));
  eddy::scope connections; // nothing started here outlives it
  auto accept = [&]() -> eddy::task<> {
    for (;;) {
      eddy::stream s = co_await listener.accept();
      connections.spawn(echo, std::move(s));
    }
  };
  co_await connections.run(accept);
}

int main() {
  eddy::loop loop;
  loop.run(serve(loop));
}
