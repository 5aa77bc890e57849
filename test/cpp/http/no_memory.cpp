// An allocation that fails ends one client at most: the server and the others go on.
#include "server.hpp"

#include "../check.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <netinet/in.h>
#include <new>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

static thread_local bool serving;
static std::atomic<int> fails_in{-1}; // allocations of the server's thread until one fails

static void *allocate(std::size_t size) {
  if (serving && fails_in.load() >= 0 && fails_in.fetch_sub(1) == 0) return nullptr;
  return std::malloc(size);
}

// Not inlined, or g++ sees free() meet operator new, and warns.
[[gnu::noinline]] void *operator new(std::size_t size) {
  if (void *memory = allocate(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void *memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

static int connected(std::uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{20, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect(fd, reinterpret_cast<sockaddr *>(&at), sizeof at) == 0);
  return fd;
}

// What comes back, to the end of the body or of the connection; -1 when nothing came for twenty seconds.
static long ask(int fd, const std::string &request, std::string &got) {
  got.clear();
  (void)!send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  char bytes[4096];
  while (!got.ends_with(std::string(300, 'x'))) {
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return -1;
    if (n <= 0) return static_cast<long>(got.size());
    got.append(bytes, static_cast<std::size_t>(n));
  }
  return static_cast<long>(got.size());
}

static std::string post(const char *connection) {
  return std::string("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\nConnection: ") +
         connection + "\r\n\r\n" + std::string(300, 'x');
}

int main() {
  int ends[2];
  CHECK(pipe(ends) == 0);
  std::atomic<int> port{0};
  std::thread thread([&] {
    eddy::loop l;
    http::server server(l, eddy::listener(l, eddy::address::loopback(0)), {}, {});
    port = server.address().port();
    serving = true;
    l.run(server.run(ends[0]));
    serving = false;
  });
  while (!port) std::this_thread::yield();
  std::uint16_t at = static_cast<std::uint16_t>(port.load());

  int other = connected(at); // a client that is there all the time
  std::string got;
  CHECK(ask(other, post("keep-alive"), got) > 0);
  int ended = 0, served_all = 0;
  for (int n = 0; served_all < 3; n++) {
    CHECK(n < 1000);
    fails_in = n;
    int fd = connected(at);
    CHECK(ask(fd, post("close"), got) >= 0); // a response, or the end
    close(fd);
    bool whole = got.ends_with(std::string(300, 'x'));
    ended += !whole;
    served_all = fails_in.exchange(-1) >= 0 ? served_all + 1 : 0; // as many were not needed
    CHECK(whole || !served_all);

    fd = connected(at);
    CHECK(ask(fd, post("close"), got) > 0 && got.starts_with("HTTP/1.1 200 "));
    close(fd);
  }
  CHECK(ended > 3);
  CHECK(ask(other, post("close"), got) > 0 && got.starts_with("HTTP/1.1 200 "));
  close(other);
  CHECK(write(ends[1], "x", 1) == 1);
  thread.join();
  close(ends[0]);
  close(ends[1]);
}
