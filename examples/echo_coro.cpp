// eddy-echo-coro: the server of echo.c as coroutines. A connection is a task; an idle one holds no buffer.
//
// What arrives is written back from the buffer it arrived in, and the next is not read before that: a peer
// that does not take its replies holds one buffer. Such peers could have all of them in the end, so when the
// pool runs low, bytes are copied out before they are written, and the peer holds none.
#include "common/system.h"

#include <eddy.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr std::uint32_t kBuffers = 128;

eddy::task<> echo(eddy::stream s, eddy::pool &pool) {
  auto in = s.chunks(pool, 1);
  for (;;) {
    auto chunk = co_await in.next().nothrow();
    if (!chunk || !*chunk) co_return; // the peer has gone, or has said all
    std::vector<std::byte> copy;
    std::span<std::byte> bytes = chunk->bytes();
    if (pool.free() < kBuffers / 4) {
      copy.assign(bytes.begin(), bytes.end());
      bytes = copy;
      in.pause();
      std::move(*chunk).keep().reset();
    }
    auto written = co_await s.write(bytes).nothrow();
    if (!written) co_return;
  }
}

eddy::task<> accept(eddy::listener &in, eddy::scope &conns, eddy::pool &pool) {
  for (;;) {
    eddy::stream s = co_await in.accept();
    conns.spawn(echo, std::move(s), std::ref(pool));
  }
}

eddy::task<> serve(eddy::loop &l, const eddy::address &at, eddy_native_t end_requests) {
  eddy::pool pool(l, kBuffers, 16384);
  eddy::listener in(l, at);
  eddy::fd signals(l, end_requests);
  std::printf("listening on %s driver=%s\n", in.local_address().text().c_str(), l.driver());
  std::fflush(stdout);
  eddy::scope conns;
  auto body = [&]() -> eddy::task<> {
    conns.spawn(accept, std::ref(in), std::ref(conns), std::ref(pool));
    co_await signals.poll(EDDY_READABLE);
    conns.cancel();
  };
  co_await conns.run(body);
}

int usage() {
  std::fprintf(stderr, "usage: eddy-echo-coro [--driver NAME] [--host ADDR] [--port N]\n");
  return 2;
}

} // namespace

int main(int argc, char **argv) {
  int driver = EDDY_DRIVER_AUTO;
  std::string host = "127.0.0.1";
  unsigned long port = 0;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return usage();
    if (std::strcmp(argv[i], "--driver") == 0)
      driver = eddy_driver_by_name(argv[i + 1]);
    else if (std::strcmp(argv[i], "--host") == 0)
      host = argv[i + 1];
    else if (std::strcmp(argv[i], "--port") == 0)
      port = std::strtoul(argv[i + 1], nullptr, 10);
    else
      return usage();
  }
  auto at = eddy::address::parse(host, static_cast<std::uint16_t>(port));
  if (driver < 0 || !at || port > 65535) return usage();

  raise_descriptor_limit();
  eddy_native_t end_requests = open_end_requests();
  if (end_requests == EDDY_NO_NATIVE) return 1;

  try {
    eddy::loop l(static_cast<std::uint32_t>(driver));
    l.run(serve(l, *at, end_requests));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "eddy-echo-coro: %s\n", error.what());
    return 1;
  }
}
