// <eddy/stream.hpp>.
#include "net.hpp"

static eddy::task<> echo(eddy::stream s) {
  std::array<std::byte, 4096> buf;
  for (;;) {
    std::size_t n = co_await s.read(buf);
    if (n == 0) co_return;
    co_await s.write(std::span(buf).first(n));
  }
}

static eddy::task<> serve(eddy::listener &in) {
  eddy::scope conns;
  auto body = [&]() -> eddy::task<> {
    for (;;) {
      eddy::stream s = co_await in.accept();
      conns.spawn(echo, std::move(s));
    }
  };
  co_await conns.run(body);
}

static eddy::task<> ask(eddy::loop &l, eddy::address server, int messages) {
  eddy::stream s(l);
  co_await s.connect(server);
  std::string got(100, ' ');
  for (int i = 0; i < messages; i++) {
    std::string message = "message " + std::to_string(i);
    std::size_t written = co_await s.write(message);
    CHECK(written == message.size());
    std::size_t n = co_await s.read(got);
    CHECK(got.substr(0, n) == message);
  }
  co_await s.shutdown();
  std::size_t end = co_await s.read(got);
  CHECK(end == 0);
  co_await s.close();
  CHECK(!s);
}

static eddy::task<> echoes(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  auto all = [](eddy::loop &where, eddy::address at) -> eddy::task<> {
    std::vector<eddy::task<>> each;
    for (int i = 0; i < 20; i++) each.push_back(ask(where, at, 50));
    co_await eddy::when_all(std::move(each));
  };
  auto ended = co_await eddy::when_any(serve(in), all(l, in.local_address()));
  std::get<1>(ended.outcomes).value();
  CHECK(ended.first == 1);
}

TEST(an_echo_server_with_twenty_clients) { test::on_loop(echoes); }

static eddy::task<> errors(eddy::loop &l) {
  auto both = co_await test::connected(l);
  char byte;
  auto late = co_await both.one.read(eddy::buffer(&byte, 1)).within(1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  bool thrown = false;
  try {
    co_await both.one.read(std::span(&byte, 0));
  } catch (const std::system_error &error) {
    thrown = error.code() == eddy::errc::invalid_argument;
  }
  CHECK(thrown);
  co_await both.one.shutdown();
  auto broken = co_await both.one.write("more").nothrow();
  CHECK(broken.error() == std::errc::broken_pipe);
  both.two.reset_connection();
  auto reset = co_await both.one.read(eddy::buffer(&byte, 1)).nothrow();
  CHECK(reset.error() == std::errc::connection_reset);
  co_await both.one.close();

  eddy::address nobody;
  {
    eddy::listener gone(l, eddy::address::loopback(0));
    nobody = gone.local_address();
    co_await gone.close();
  }
  eddy::stream s(l);
  auto refused = co_await s.connect(nobody).nothrow();
  CHECK(refused.error() == std::errc::connection_refused);
  CHECK_THROWS(std::system_error, eddy::stream(l, 99));
}

TEST(errors_by_name) { test::on_loop(errors); }

static eddy::task<> reads(eddy::stream &s, bool &was_canceled) {
  char byte;
  auto r = co_await s.read(eddy::buffer(&byte, 1)).nothrow();
  was_canceled = r.is_canceled();
}

static eddy::task<> closes(eddy::loop &l) {
  auto both = co_await test::connected(l);
  bool was_canceled = false;
  l.spawn(reads, std::ref(both.one), std::ref(was_canceled));
  co_await eddy::yield();
  both.one.reset(); // with a read of another task pending
  while (!was_canceled) co_await eddy::yield();
  char byte;
  std::size_t end = co_await both.two.read(eddy::buffer(&byte, 1));
  CHECK(end == 0);
}

TEST(closing_ends_the_operations_of_others) { test::on_loop(closes); }

static eddy::task<> moves_around(eddy::loop &l) {
  auto both = co_await test::connected(l);
  eddy::stream other = std::move(both.one);
  CHECK(!both.one && other);
  both.one = std::move(other);
  CHECK(both.one && !other);

  auto peer = both.one.peer_address();
  auto local = both.two.local_address();
  CHECK(peer && local && *peer == *local);
  CHECK(both.one.set_option(EDDY_OPT_NODELAY, 1));
  auto nodelay = both.one.option(EDDY_OPT_NODELAY);
  CHECK(nodelay && *nodelay == 1);
  CHECK(both.one.option(9999).error() == std::errc::invalid_argument);
  CHECK(both.one.set_watermarks(10, 5).error() == std::errc::invalid_argument);
  CHECK(both.one.queued() == 0 && !both.one.congested());
  co_await both.one.uncongested();
  std::uint32_t events = co_await both.one.wait(EDDY_WRITABLE);
  CHECK(events == EDDY_WRITABLE);

  eddy_buf_t parts[2] = {{const_cast<char *>("ab"), 2}, {const_cast<char *>("cd"), 2}};
  std::size_t written = co_await both.one.write(std::span<const eddy_buf_t>(parts));
  CHECK(written == 4);
  std::array<char, 3> first;
  std::array<char, 9> second;
  eddy_buf_t room[2] = {{first.data(), 3}, {second.data(), 9}};
  std::size_t got = co_await both.two.read(std::span<const eddy_buf_t>(room));
  CHECK(got == 4 && first[2] == 'c' && second[0] == 'd');

  eddy_native_t socket = co_await both.one.release();
  CHECK(!both.one && socket >= 0);
  auto again = eddy::stream::adopt(l, socket);
  CHECK(again);
  co_await again->write("x");
  got = co_await both.two.read(first);
  CHECK(got == 1);
  CHECK(eddy::stream::adopt(l, 100000).error() == std::errc::bad_file_descriptor);
}

TEST(handles_move_and_release) { test::on_loop(moves_around); }

static eddy::task<> local(eddy::loop &l) {
  auto both = eddy::stream::pair(l);
  CHECK(both);
  eddy::stream one = std::move(both->first), two = std::move(both->second);
  co_await one.write("to two");
  co_await two.write("to one");
  std::array<char, 16> bytes;
  std::size_t n = co_await two.read(bytes);
  CHECK(std::string_view(bytes.data(), n) == "to two");
  n = co_await one.read(bytes);
  CHECK(std::string_view(bytes.data(), n) == "to one");
  co_await one.close();
  n = co_await two.read(bytes);
  CHECK(n == 0);
}

TEST(a_local_pair) { test::on_loop(local); }
