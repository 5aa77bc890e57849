// What is lost when an await on a stream or listener is cancelled or takes too long: the table "Cancel safety" of
// docs/guide-cpp.md, row by row. cancel_safety_tasks.cpp is the rest of it.
#include "net.hpp"

// The first piece waits until somebody was late.
static eddy::task<> sends(eddy::stream &s, std::string text, std::size_t piece, const int &late) {
  while (!late) co_await eddy::sleep_for(100us);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    auto part = std::string_view(text).substr(at, piece);
    co_await s.write(part);
    co_await eddy::sleep_for(100us);
  }
  co_await s.shutdown();
}

static std::string lines_of(int n) {
  std::string all;
  for (int i = 0; i < n; i++) all += "line number " + std::to_string(i) + "\n";
  return all;
}

// Asks `read(stream)`, a task<result<std::string>>, again and again, with time-outs in between, until it gives an
// empty string: nothing of what was sent is missing.
template<class Make>
static eddy::task<> loses_nothing(eddy::loop &l, Make make) {
  std::string want = lines_of(40), got;
  auto both = co_await test::connected(l);
  int late = 0;
  l.spawn(sends, std::ref(both.one), want, 5, std::cref(late));
  auto read = make(both.two);
  for (;;) {
    eddy::result<std::string> some = co_await read();
    if (!some) {
      CHECK(some.error() == std::errc::timed_out);
      late++;
      continue;
    }
    if (some->empty()) break;
    got += *some;
  }
  CHECK(got == want);
}

static eddy::task<> reads(eddy::loop &l) {
  auto make = [](eddy::stream &s) {
    return [&s, bytes = std::array<char, 16>()]() mutable -> eddy::task<eddy::result<std::string>> {
      auto n = co_await s.read(bytes).within(20us).nothrow();
      if (!n) co_return n.error();
      co_return std::string(bytes.data(), *n);
    };
  };
  co_await loses_nothing(l, make);
}

TEST(read) { test::on_loop(reads); }

static eddy::task<> chunks(eddy::loop &l) {
  eddy::pool pool(l, 8, 64);
  auto make = [&](eddy::stream &s) {
    return [in = s.chunks(pool)]() mutable -> eddy::task<eddy::result<std::string>> {
      auto c = co_await in.next().within(20us).nothrow();
      if (!c) co_return c.error();
      co_return std::string(reinterpret_cast<const char *>(c->bytes().data()), c->size());
    };
  };
  co_await loses_nothing(l, make);
}

TEST(chunks_next) { test::on_loop(chunks); }

static eddy::task<> lines(eddy::loop &l) {
  auto make = [](eddy::stream &s) {
    return [in = s.lines(64)]() mutable -> eddy::task<eddy::result<std::string>> {
      auto line = co_await eddy::with_timeout(in.next(), 20us).nothrow();
      if (!line) co_return line.error();
      if (!*line) co_return std::string();
      co_return std::string(**line) + "\n";
    };
  };
  co_await loses_nothing(l, make);
}

TEST(lines_next) { test::on_loop(lines); }

static eddy::task<> delimited(eddy::loop &l) {
  auto make = [](eddy::stream &s) {
    return [in = eddy::reader(s, 64)]() mutable -> eddy::task<eddy::result<std::string>> {
      auto part = co_await eddy::with_timeout(in.read_until("e"), 20us).nothrow();
      if (!part && part.error() == std::errc::connection_aborted) {
        auto last = co_await in.read_some();
        co_return std::string(last);
      }
      if (!part) co_return part.error();
      co_return std::string(part->value_or(""));
    };
  };
  co_await loses_nothing(l, make);
}

TEST(read_until) { test::on_loop(delimited); }

static eddy::task<> exactly(eddy::loop &l) {
  auto make = [](eddy::stream &s) {
    return [&s, have = std::size_t{0},
            bytes = std::array<char, 10>()]() mutable -> eddy::task<eddy::result<std::string>> {
      auto all = co_await eddy::with_timeout(eddy::read_exactly(s, bytes, have), 20us).nothrow();
      if (!all && all.error() == std::errc::timed_out) co_return all.error();
      co_return std::string(bytes.data(), std::exchange(have, 0)); // the last one is shorter
    };
  };
  co_await loses_nothing(l, make);
}

TEST(read_exactly_with_a_count) { test::on_loop(exactly); }

static eddy::task<> exactly_without(eddy::loop &l) {
  auto both = co_await test::connected(l);
  char bytes[8];
  co_await both.one.write("lost");
  auto late = co_await eddy::with_timeout(eddy::read_exactly(both.two, bytes), 1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  co_await both.one.write("and the next");
  std::size_t n = co_await both.two.read(bytes);
  CHECK(n == 8 && std::string_view(bytes, n) == "and the ");
}

TEST(read_exactly_without_one) { test::on_loop(exactly_without); }

static eddy::task<> takes_all(eddy::stream &s, std::size_t &total) {
  std::vector<char> room(65536);
  for (;;) {
    auto n = co_await s.read(room).nothrow();
    if (!n || !*n) co_return;
    total += *n;
  }
}

static eddy::task<> writes(eddy::loop &l) {
  auto both = co_await test::connected(l);
  std::vector<char> much(64 << 20, 'x');
  auto late = co_await both.one.write(much).within(2ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  co_await both.one.close();
  std::size_t total = 0;
  co_await takes_all(both.two, total);
  CHECK(total < much.size()); // a part, and how much is not told
}

TEST(write) { test::on_loop(writes); }

static eddy::task<> sends_much(eddy::stream &s) {
  std::vector<char> much(64 << 20, 'x');
  (void)co_await s.write(much).nothrow();
}

static eddy::task<> copies(eddy::loop &l) {
  auto from = co_await test::connected(l), to = co_await test::connected(l);
  std::size_t before = 0, after = 0;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(sends_much, std::ref(from.one));
    auto late = co_await eddy::with_timeout(eddy::copy(from.two, to.one), 20ms).nothrow();
    CHECK(late.error() == std::errc::timed_out);
    co_await to.one.close();
    co_await takes_all(to.two, after);
    auto rest = [&]() -> eddy::task<> { co_await takes_all(from.two, before); };
    s.spawn(rest);
    while (before + after < (60u << 20)) co_await eddy::sleep_for(100us);
    s.cancel();
  };
  co_await s.run(body);
  CHECK(before + after <= (64u << 20));
}

TEST(copy) { test::on_loop(copies); }

static eddy::task<> connects(eddy::loop &l, eddy::address at, std::vector<eddy::stream> &all) {
  for (int i = 0; i < 50; i++) {
    eddy::stream s(l);
    co_await s.connect(at);
    all.push_back(std::move(s));
    co_await eddy::sleep_for(50us);
  }
}

static eddy::task<eddy::stream> accepts_one(eddy::listener &in) {
  eddy::stream s = co_await in.accept();
  co_return s;
}

static eddy::task<> accepts(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  std::vector<eddy::stream> clients, accepted;
  l.spawn(connects, std::ref(l), in.local_address(), std::ref(clients));
  for (int late = 0; accepted.size() < 50 && late < 20'000;) {
    auto timed = accepted.size() % 2 ? co_await eddy::with_timeout(accepts_one(in), 60us).nothrow()
                                     : co_await in.accept().within(60us).nothrow();
    if (timed)
      accepted.push_back(std::move(*timed));
    else
      late++;
  }
  CHECK(accepted.size() == 50);
}

static eddy::task<> accepts_many(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  std::vector<eddy::stream> clients, accepted;
  auto many = in.accept_many(4);
  l.spawn(connects, std::ref(l), in.local_address(), std::ref(clients));
  for (int late = 0; accepted.size() < 50 && late < 20'000;) {
    auto timed = co_await many.next().within(60us).nothrow();
    if (timed)
      accepted.push_back(std::move(*timed));
    else
      late++;
  }
  CHECK(accepted.size() == 50);
}

TEST(accept_many_next) { test::on_loop(accepts_many); }
TEST(accept) { test::on_loop(accepts); }

static eddy::task<> unanswered(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0), 0, 1);
  std::vector<eddy::stream> queued;
  for (int i = 0; i < 50; i++) {
    eddy::stream s(l);
    auto done = co_await s.connect(in.local_address()).within(20ms).nothrow();
    queued.push_back(std::move(s));
    if (done) continue;
    CHECK(done.error() == std::errc::timed_out);
    auto again = co_await queued.back().connect(in.local_address()).nothrow();
    CHECK(!again); // it can only be closed
    co_return;
  }
}

TEST(connect) { test::on_loop(unanswered); }
