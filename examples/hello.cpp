// A TCP echo server: run it, then `nc 127.0.0.1 7777`.
#include <eddy.hpp>

#include <array>
#include <csignal>
#include <cstdio>

static eddy::remote ending; // the loop, for the signal handler

eddy::task<> echo(eddy::stream s) {
  std::array<char, 32768> bytes;
  for (;;) {
    auto n = co_await s.read(bytes).nothrow();
    if (!n || *n == 0) co_return; // a connection that breaks ends no other; `s` closes itself
    auto sent = co_await s.write(std::span(bytes).first(*n)).nothrow();
    if (!sent) co_return;
  }
}

eddy::task<> serve(eddy::listener in) {
  eddy::scope connections; // nothing started here outlives it
  auto accept = [&]() -> eddy::task<> {
    for (;;) {
      eddy::stream s = co_await in.accept();
      connections.spawn(echo, std::move(s));
    }
  };
  co_await connections.run(accept);
}

int main() {
  try {
    eddy::loop loop;
    ending = loop.remote();
    std::signal(SIGINT, [](int) { ending.stop(); });
    loop.run(serve(eddy::listener(loop, eddy::address::loopback(7777))));
  } catch (const eddy::canceled &) {
    std::puts("ended");
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
