// <eddy/pool.hpp> and <eddy/chunks.hpp>.
#include "net.hpp"

static eddy::task<> sends(eddy::stream &s, std::string text, int times) {
  for (int i = 0; i < times; i++) co_await s.write(text);
  co_await s.shutdown();
}

static eddy::task<> receives(eddy::loop &l) {
  eddy::pool pool(l, 8, 1024);
  auto both = co_await test::connected(l);
  l.spawn(sends, std::ref(both.one), std::string(10'000, 'x'), 20);
  auto in = both.two.chunks(pool);
  std::size_t total = 0;
  for (;;) {
    auto chunk = co_await in.next();
    if (!chunk) break;
    CHECK(chunk.size() <= 1024 && chunk.bytes()[0] == std::byte('x'));
    total += chunk.size();
  }
  CHECK(total == 200'000);
  auto end = co_await in.next();
  CHECK(!end);
  CHECK(pool.free() == 8); // an idle stream holds none
}

TEST(chunks_until_the_end) { test::on_loop(receives); }

static eddy::task<> keeps(eddy::loop &l) {
  eddy::lease kept;
  {
    eddy::pool pool(l, 4, 64);
    auto both = co_await test::connected(l);
    auto in = both.two.chunks(pool);
    co_await both.one.write("keep this");
    auto chunk = co_await in.next();
    kept = std::move(chunk).keep();
    co_await both.one.write("other");
    auto next = co_await in.next();
    CHECK(next.size() == 5 && pool.free() == 2);
  }
  CHECK(kept.size() == 9 && std::memcmp(kept.bytes().data(), "keep this", 9) == 0);
  kept.reset();
  CHECK(!kept && kept.size() == 0);
}

TEST(a_lease_outlives_stream_and_pool) { test::on_loop(keeps); }

static eddy::task<> asks(eddy::chunk_reader &in) { co_await in.next(); }

static eddy::task<> times_out(eddy::loop &l) {
  eddy::pool pool(l, 4, 64);
  auto both = co_await test::connected(l);
  auto in = both.two.chunks(pool);
  for (int i = 0; i < 3; i++) {
    auto late = co_await in.next().within(2ms).nothrow();
    CHECK(late.error() == std::errc::timed_out);
    co_await both.one.write("x");
    auto chunk = co_await in.next().within(10s); // and goes on after that
    CHECK(chunk.size() == 1);
    co_await both.one.write("y");
    auto unlimited = co_await in.next();
    CHECK(unlimited.size() == 1);
  }
  CHECK_THROWS(std::system_error, co_await in.next().within(2ms));
  auto cut = co_await eddy::with_timeout(asks(in), 2ms).nothrow();
  CHECK(cut.error() == std::errc::timed_out);
  co_await both.one.write("z");
  auto chunk = co_await in.next();
  CHECK(chunk.size() == 1 && chunk.bytes()[0] == std::byte('z'));
}

TEST(deadlines_and_cancellation_lose_nothing) { test::on_loop(times_out); }

static eddy::task<> asks_within(eddy::chunk_reader &in, std::chrono::milliseconds d) {
  co_await in.next().within(d);
}

static eddy::task<> writes_after(eddy::stream &s, std::chrono::milliseconds d) {
  co_await eddy::sleep_for(d);
  co_await s.write("x");
}

// Neither one that is still to come nor one that has come due in the turn of the cancel ends a later wait.
static eddy::task<> leaves_no_deadline(eddy::loop &l) {
  eddy::pool pool(l, 4, 64);
  auto both = co_await test::connected(l);
  auto in = both.two.chunks(pool);
  auto cut = co_await eddy::with_timeout(asks_within(in, 20ms), 1ms).nothrow();
  CHECK(cut.error() == std::errc::timed_out);
  l.spawn(writes_after, std::ref(both.one), 60ms);
  auto chunk = co_await in.next();
  CHECK(chunk.size() == 1);

  auto busy = [](eddy::loop &) -> eddy::task<> {
    co_await eddy::yield();
    test::compute(20ms);
  };
  l.spawn(busy, std::ref(l));
  cut = co_await eddy::with_timeout(asks_within(in, 5ms), 5ms).nothrow();
  CHECK(cut.error() == std::errc::timed_out);
  l.spawn(writes_after, std::ref(both.one), 10ms);
  chunk = co_await in.next();
  CHECK(chunk.size() == 1);

  l.spawn(busy, std::ref(l));
  cut = co_await eddy::with_timeout(asks_within(in, 5ms), 5ms).nothrow();
  CHECK(cut.error() == std::errc::timed_out);
  test::steady::time_point begin = test::steady::now();
  auto late = co_await in.next().within(10ms).nothrow(); // and the later one has its own
  CHECK(late.error() == std::errc::timed_out && test::steady::now() - begin >= 10ms);
}

TEST(a_wait_that_ends_leaves_no_deadline) { test::on_loop(leaves_no_deadline); }

static eddy::task<> errors(eddy::loop &l) {
  CHECK(eddy::pool::open(l, 1, 1).error() == std::errc::invalid_argument);
  CHECK_THROWS(std::system_error, eddy::pool(l, 1, 1));
  eddy::pool pool(l, 4, 64);
  eddy::stream idle(l);
  auto in = idle.chunks(pool);
  auto r = co_await in.next().nothrow();
  CHECK(r.error() == std::errc::not_connected);
  auto both = co_await test::connected(l);
  auto other = both.two.chunks(pool);
  co_await both.one.write("unread");
  co_await eddy::sleep_for(1ms);
  both.one.reset_connection();
  for (int i = 0; i < 2; i++) {
    auto last = co_await other.next().nothrow();
    if (!last) {
      CHECK(last.error() == std::errc::connection_reset);
      break;
    }
    CHECK(last->size() == 6);
  }
}

TEST(errors_of_pools_and_chunks) { test::on_loop(errors); }

static eddy::task<> echo(eddy::stream s, eddy::pool &pool) {
  auto in = s.chunks(pool);
  for (;;) {
    auto chunk = co_await in.next();
    if (!chunk) co_return;
    co_await s.write(chunk.bytes());
  }
}

static eddy::task<> ask(eddy::loop &l, eddy::address server) {
  eddy::stream s(l);
  co_await s.connect(server);
  std::string message(3000, 'm'), got(3000, ' ');
  for (int i = 0; i < 30; i++) {
    message[static_cast<std::size_t>(i) * 7] = 'i';
    co_await s.write(message);
    bool filled = co_await eddy::read_exactly(s, got);
    CHECK(filled && got == message);
  }
}

static eddy::task<> serves(eddy::loop &l) {
  eddy::pool pool(l, 8, 512); // fewer than clients
  eddy::listener in(l, eddy::address::loopback(0));
  eddy::scope conns;
  auto body = [&]() -> eddy::task<> {
    auto accepts = [&]() -> eddy::task<> {
      for (;;) conns.spawn(echo, co_await in.accept(), std::ref(pool));
    };
    conns.spawn(accepts);
    std::vector<eddy::task<>> clients;
    for (int i = 0; i < 20; i++) clients.push_back(ask(l, in.local_address()));
    co_await eddy::when_all(std::move(clients));
    conns.cancel();
  };
  co_await conns.run(body);
}

TEST(an_echo_server_that_shares_a_small_pool) { test::on_loop(serves); }

static eddy::task<> copies_while_paused(eddy::stream &s, eddy::pool &pool, std::string &got) {
  auto in = s.chunks(pool, 1);
  for (;;) {
    auto chunk = co_await in.next();
    if (!chunk) co_return;
    in.pause();
    std::string copy(reinterpret_cast<const char *>(chunk.bytes().data()), chunk.size());
    std::move(chunk).keep().reset();
    for (int i = 0; i < 5; i++) {
      co_await eddy::yield();
      CHECK(pool.free() == 2); // whatever waits to be read
    }
    got += copy;
  }
}

static eddy::task<> pauses(eddy::loop &l) {
  eddy::pool pool(l, 2, 64);
  auto both = co_await test::connected(l);
  std::string sent, got;
  for (int i = 0; i < 100; i++) sent += "some text that fills several buffers ";
  eddy::scope tasks;
  auto body = [&]() -> eddy::task<> {
    tasks.spawn(copies_while_paused, std::ref(both.one), std::ref(pool), std::ref(got));
    co_await both.two.write(sent);
    co_await both.two.shutdown();
  };
  co_await tasks.run(body);
  CHECK(got == sent);

  // A pause that meets the end of the stream, or its close.
  auto again = co_await test::connected(l);
  auto in = again.one.chunks(pool, 1);
  auto none = co_await in.next().within(1ms).nothrow();
  CHECK(none.error() == std::errc::timed_out);
  in.pause();
  auto still_none = co_await in.next().within(1ms).nothrow();
  CHECK(still_none.error() == std::errc::timed_out);
  co_await again.two.shutdown();
  in.pause();
  auto end = co_await in.next();
  CHECK(!end);
  in.pause();
  co_await again.one.close();
  auto closed = co_await in.next().nothrow();
  CHECK(closed.error() == eddy::errc::closed);
}

TEST(a_paused_reader_holds_nothing) { test::on_loop(pauses); }
