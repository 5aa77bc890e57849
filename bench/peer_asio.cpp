// asio TCP echo on one thread. Default: callbacks, one session object per connection.
// --coro: one coroutine per connection. --buffer N: bytes of each session's read buffer, which
// asio holds while the connection is idle.
#include <asio.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sys/resource.h>
#include <vector>

using asio::ip::tcp;

static std::size_t buffer_size = 64 * 1024;

namespace {

class session : public std::enable_shared_from_this<session> {
public:
  explicit session(tcp::socket socket) : socket_(std::move(socket)), data_(new char[buffer_size]) {}

  void read() {
    socket_.async_read_some(asio::buffer(data_.get(), buffer_size),
                            [self = shared_from_this()](asio::error_code error, std::size_t n) {
                              if (!error) self->write(n);
                            });
  }

private:
  void write(std::size_t n) {
    asio::async_write(socket_, asio::buffer(data_.get(), n),
                      [self = shared_from_this()](asio::error_code error, std::size_t) {
                        if (!error) self->read();
                      });
  }

  tcp::socket socket_;
  std::unique_ptr<char[]> data_;
};

void accept_with_callbacks(tcp::acceptor &acceptor) {
  acceptor.async_accept([&acceptor](asio::error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) std::make_shared<session>(std::move(socket))->read();
    accept_with_callbacks(acceptor);
  });
}

asio::awaitable<void> echo(tcp::socket socket) {
  std::unique_ptr<char[]> data(new char[buffer_size]);

  try {
    for (;;) {
      std::size_t n = co_await socket.async_read_some(asio::buffer(data.get(), buffer_size),
                                                      asio::use_awaitable);
      co_await asio::async_write(socket, asio::buffer(data.get(), n), asio::use_awaitable);
    }
  } catch (const std::system_error &) {
    // The peer has gone, which is how every connection ends.
  }
}

asio::awaitable<void> accept_with_coroutines(tcp::acceptor &acceptor) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), echo(std::move(socket)), asio::detached);
  }
}

void raise_fd_limit() {
  rlimit limit{};

  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace

int main(int argc, char **argv) {
  unsigned short port = 0;
  bool coroutines = false;

  for (int i = 1; i < argc; i++) {
    if (std::strcmp(argv[i], "--coro") == 0) {
      coroutines = true;
    } else if (std::strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
      port = static_cast<unsigned short>(std::atoi(argv[++i]));
    } else if (std::strcmp(argv[i], "--buffer") == 0 && i + 1 < argc) {
      buffer_size = static_cast<std::size_t>(std::atoi(argv[++i]));
    } else {
      std::fprintf(stderr, "usage: %s [--port N] [--coro] [--buffer N]\n", argv[0]);
      return 2;
    }
  }
  raise_fd_limit();

  asio::io_context context(1);
  tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  tcp::acceptor acceptor(context, endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.set_option(tcp::no_delay(true)); // accepted sockets inherit it
  acceptor.bind(endpoint);
  acceptor.listen(4096);

  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&context](asio::error_code, int) { context.stop(); });
  if (coroutines)
    asio::co_spawn(context, accept_with_coroutines(acceptor), asio::detached);
  else
    accept_with_callbacks(acceptor);
  std::printf("listening on 127.0.0.1:%d\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  context.run();
  return 0;
}
