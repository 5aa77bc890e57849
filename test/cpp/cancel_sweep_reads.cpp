// The table "Cancel safety" of docs/guide-cpp.md for reading, with a cancel at every turn of an operation's life: before
// its start, while it waits, when it has what it waited for and has not gone on. The rest of the table is in
// cancel_sweep_streams.cpp, cancel_sweep_waits.cpp and cancel_sweep_tasks.cpp.
#include "sweep.hpp"

#include <functional>
#include <initializer_list>

using asked = eddy::task<eddy::result<std::string>>;

static eddy::task<> sends(eddy::stream &s, std::string text) { co_await s.write(text); }

// What `read`, a function that gives some of what has come, leaves out or gives twice: nothing. `bytes` come at a time.
template<class Read>
static eddy::task<> loses_nothing(eddy::loop &l, test::pair &both, Read read,
                                  const std::string &bytes, const std::string &last) {
  std::string want, got;
  auto op = [&]() -> eddy::task<> {
    auto some = co_await read();
    if (some)
      got += *some;
    else
      CHECK(some.is_canceled());
  };
  auto event = [&] {
    want += bytes;
    l.spawn(sends, std::ref(both.one), bytes);
  };
  auto check = [&]() -> eddy::task<> {
    while (got.size() < want.size()) {
      auto some = co_await eddy::with_timeout(read(), 30s);
      CHECK(some);
      got += *some;
    }
    CHECK(got == want);
  };
  co_await test::sweep(op, event, check);
  co_await both.one.write(last); // and the reader is as good as ever
  auto end = co_await read();
  CHECK(end && *end == last);
}

static eddy::task<> reads(eddy::loop &l) {
  auto both = co_await test::connected(l);
  auto read = [&, bytes = std::array<char, 4>()]() mutable -> asked {
    auto n = co_await both.two.read(bytes).nothrow();
    if (!n) co_return n.error();
    co_return std::string(bytes.data(), *n);
  };
  co_await loses_nothing(l, both, std::ref(read), "seven..", "end");
}

TEST(read) { test::on_loop(reads); }

static eddy::task<> limited(eddy::loop &l) {
  auto both = co_await test::connected(l);
  auto read = [&, bytes = std::array<char, 4>()]() mutable -> asked {
    auto n = co_await both.two.read(bytes).within(1h).nothrow();
    if (!n) co_return n.error();
    co_return std::string(bytes.data(), *n);
  };
  co_await loses_nothing(l, both, std::ref(read), "seven..", "end");
}

TEST(read_with_a_deadline) { test::on_loop(limited); }

static eddy::task<> chunks(eddy::loop &l) {
  auto both = co_await test::connected(l);
  for (std::uint32_t credits : {1u, 4u}) {
    for (bool pausing : {false, true}) {
      eddy::pool pool(l, 4, 64);
      auto buffers = pool.free();
      {
        auto in = both.two.chunks(pool, credits);
        auto read = [&, limit = false]() mutable -> asked {
          limit = !limit;
          auto next = limit ? in.next().within(1h) : in.next();
          auto c = co_await next.nothrow();
          if (!c) co_return c.error();
          std::string text(reinterpret_cast<const char *>(c->bytes().data()), c->size());
          if (pausing) in.pause();
          co_return text;
        };
        co_await loses_nothing(l, both, std::ref(read), std::string(90, '-') + "end", "end");
      }
      while (pool.free() != buffers)
        co_await eddy::yield(); // the last one, and those received ahead
    }
  }
}

TEST(chunks_next) { test::on_loop(chunks); }

// Calls of a reader, each of which gives a task of an optional text.
template<class Make>
static eddy::task<> texts(eddy::loop &l, Make make, std::string bytes, std::string last) {
  auto both = co_await test::connected(l);
  auto call = make(both.two);
  auto read = [&]() -> asked {
    auto some = co_await call().nothrow();
    if (!some) co_return some.error();
    co_return *some;
  };
  co_await loses_nothing(l, both, std::ref(read), bytes, last);
}

static eddy::task<> lines(eddy::loop &l) {
  auto make = [](eddy::stream &s) {
    return [in = s.lines(64)]() mutable -> eddy::task<std::string> {
      auto line = co_await in.next();
      co_return std::string(*line) + "\n";
    };
  };
  co_await texts(l, make, "one\ntwo\nand three\n", "end\n");
}

static eddy::task<> delimited(eddy::loop &l) {
  auto make = [](eddy::stream &s) {
    return [in = eddy::reader(s, 64)]() mutable -> eddy::task<std::string> {
      auto part = co_await in.read_until("--");
      co_return std::string(*part);
    };
  };
  co_await texts(l, make, "one--two--and-three--", "end--");
}

static eddy::task<> some(eddy::loop &l) {
  auto make = [](eddy::stream &s) {
    return [in = eddy::reader(s, 64)]() mutable -> eddy::task<std::string> {
      auto part = co_await in.read_some();
      co_return std::string(part);
    };
  };
  co_await texts(l, make, "seven..", "end");
}

static eddy::task<> counted(eddy::loop &l) {
  auto make = [](eddy::stream &s) {
    return [&s, have = std::size_t{0},
            bytes = std::array<char, 3>()]() mutable -> eddy::task<std::string> {
      bool all = co_await eddy::read_exactly(s, bytes, have);
      CHECK(all && std::exchange(have, 0) == 3);
      co_return std::string(bytes.data(), 3);
    };
  };
  co_await texts(l, make, "six...", "end");
}

// Into what fits into the reader's buffer, and into more than that.
template<std::size_t Size>
static eddy::task<> exactly(eddy::loop &l) {
  auto make = [](eddy::stream &s) {
    return [in = eddy::reader(s, 4),
            bytes = std::array<char, Size>()]() mutable -> eddy::task<std::string> {
      bool all = co_await in.read_exactly(bytes);
      CHECK(all);
      co_return std::string(bytes.data(), Size);
    };
  };
  co_await texts(l, make, std::string("123456123456").substr(0, 2 * Size),
                 std::string("last..").substr(0, Size));
}

TEST(lines_next) { test::on_loop(lines); }
TEST(read_until) { test::on_loop(delimited); }
TEST(read_some) { test::on_loop(some); }
TEST(read_exactly_with_a_count) { test::on_loop(counted); }
TEST(readers_read_exactly) { test::on_loop(exactly<3>); }
TEST(readers_read_exactly_of_more) { test::on_loop(exactly<6>); }

// Loses what it has read: what comes next is the rest, from the next byte on.
static eddy::task<> exactly_without(eddy::loop &l) {
  auto both = co_await test::connected(l);
  int next = 0, sent = 0;
  std::array<unsigned char, 6> bytes{};
  auto op = [&]() -> eddy::task<> {
    auto all = co_await eddy::read_exactly(both.two, bytes).nothrow();
    if (!all) co_return;
    CHECK(*all && bytes[0] == next);
    next += 6;
  };
  auto event = [&] {
    std::string text;
    for (int i = 0; i < 9; i++) text += char(sent++);
    l.spawn(sends, std::ref(both.one), text);
  };
  auto check = [&]() -> eddy::task<> {
    std::array<unsigned char, 9> rest{};
    while (next < sent) {
      auto n = co_await both.two.read(rest).within(30s);
      CHECK(rest[0] == next || (rest[0] > next && rest[0] < next + 6));
      next = rest[n - 1] + 1;
    }
    next = sent = 0;
  };
  co_await test::sweep(op, event, check);
}

TEST(read_exactly_without_one) { test::on_loop(exactly_without); }
