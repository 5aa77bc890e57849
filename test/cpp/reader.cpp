// <eddy/reader.hpp>: lines, delimiters, exact lengths, copy.
#include "net.hpp"

#include <initializer_list>

// Sends in pieces, a turn apart, so that a reader sees every kind of short read.
static eddy::task<> sends(eddy::stream &s, std::string text, std::size_t piece) {
  while (!text.empty()) {
    std::string part = text.substr(0, piece);
    text.erase(0, part.size());
    co_await s.write(part);
    co_await eddy::sleep_for(100us);
  }
  co_await s.shutdown();
}

static eddy::task<> lines(eddy::loop &l) {
  for (std::size_t piece : {1u, 3u, 100u}) {
    auto both = co_await test::connected(l);
    auto sender =
        eddy::spawn_joinable(l, sends, std::ref(both.one), "first\r\n\nthird\nlast", piece);
    auto in = both.two.lines(16);
    std::string all;
    for (;;) {
      auto line = co_await in.next();
      if (!line) break;
      all += "<" + std::string(*line) + ">";
    }
    CHECK(all == "<first><><third><last>");
    co_await sender.join();
  }
}

TEST(lines_by_any_pieces) { test::on_loop(lines); }

static eddy::task<> limits(eddy::loop &l) {
  auto both = co_await test::connected(l);
  auto sender =
      eddy::spawn_joinable(l, sends, std::ref(both.one), "a line that is too long\nshort\n", 7);
  eddy::reader in(both.two, 16);
  auto line = co_await in.line().nothrow();
  CHECK(line.error() == std::errc::message_size);
  co_await sender.join();
}

TEST(a_line_longer_than_the_limit) { test::on_loop(limits); }

static eddy::task<> delimiters(eddy::loop &l) {
  auto both = co_await test::connected(l);
  auto sender =
      eddy::spawn_joinable(l, sends, std::ref(both.one), "head: 1\r\n\r\nbody12345tail\r\n\r", 2);
  eddy::reader in(both.two, 64);
  auto head = co_await in.read_until("\r\n\r\n");
  CHECK(head && *head == "head: 1\r\n\r\n");
  char body[9];
  bool filled = co_await in.read_exactly(body);
  CHECK(filled && std::string_view(body, 9) == "body12345");
  auto cut = co_await in.read_until("\r\n\r\n").nothrow();
  CHECK(cut.error() == std::errc::connection_aborted);
  co_await sender.join();
}

TEST(delimiters_and_lengths) { test::on_loop(delimiters); }

static eddy::task<> exactly(eddy::loop &l) {
  auto both = co_await test::connected(l);
  auto sender =
      eddy::spawn_joinable(l, sends, std::ref(both.one), std::string(1000, 'x') + "123", 100);
  std::vector<char> bytes(1000);
  bool filled = co_await eddy::read_exactly(both.two, bytes);
  CHECK(filled && bytes[999] == 'x');
  auto cut = co_await eddy::read_exactly(both.two, bytes).nothrow();
  CHECK(cut.error() == std::errc::connection_aborted);
  auto end = co_await eddy::read_exactly(both.two, bytes).nothrow();
  CHECK(end && !*end);
  co_await sender.join();
}

TEST(read_exactly) { test::on_loop(exactly); }

// Frames of 7 bytes that come in pieces, to a reader that has no patience: all of them come.
static std::string frames() {
  std::string all;
  for (int i = 0; i < 60; i++) {
    std::string number = std::to_string(i);
    all += "<" + std::string(5 - number.size(), '0') + number + ">";
  }
  return all;
}

// `read` is one try: it gives whether the frame is there, false at the end.
template<class Read>
static eddy::task<> read_frames(Read read, std::span<char> bytes) {
  std::string all, want = frames();
  int late = 0;
  for (;;) {
    auto r = co_await eddy::with_timeout(read(), late % 3 == 2 ? 200us : 1us).nothrow();
    if (!r && r.error() == std::errc::timed_out) {
      late++;
      continue;
    }
    if (!r.value()) break;
    all.append(bytes.data(), bytes.size());
  }
  CHECK(all == want);
  CHECK(late > 0);
}

static eddy::task<> impatient(eddy::loop &l) {
  char bytes[7];
  {
    auto both = co_await test::connected(l);
    auto sender = eddy::spawn_joinable(l, sends, std::ref(both.one), frames(), 3);
    std::size_t have = 0;
    auto read = [&]() -> eddy::task<bool> {
      bool filled = co_await eddy::read_exactly(both.two, bytes, have);
      have = 0;
      co_return filled;
    };
    co_await read_frames(read, bytes);
    co_await sender.join();
  }
  for (std::size_t limit : {64u, 7u, 3u}) { // the last cannot hold a frame
    auto both = co_await test::connected(l);
    auto sender = eddy::spawn_joinable(l, sends, std::ref(both.one), frames(), 3);
    eddy::reader in(both.two, limit);
    auto read = [&]() { return in.read_exactly(bytes); };
    co_await read_frames(read, bytes);
    co_await sender.join();
  }
  auto both = co_await test::connected(l);
  auto sender = eddy::spawn_joinable(l, sends, std::ref(both.one), frames(), 3);
  eddy::reader in(both.two, 64);
  std::size_t have = 0;
  auto read = [&]() -> eddy::task<bool> {
    bool filled = co_await in.read_exactly(bytes, have);
    have = 0;
    co_return filled;
  };
  co_await read_frames(read, bytes);
  co_await sender.join();
}

TEST(a_time_out_of_read_exactly_loses_nothing) { test::on_loop(impatient); }

static eddy::task<> held_for_others(eddy::loop &l) {
  auto both = co_await test::connected(l);
  eddy::reader in(both.two, 16);
  char bytes[8];
  std::size_t have = 0;
  co_await both.one.write("part");
  auto late = co_await eddy::with_timeout(in.read_exactly(bytes), 1ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  co_await both.one.write("y\nxyz");
  auto line = co_await in.line();
  CHECK(line && *line == "party");
  late = co_await eddy::with_timeout(in.read_exactly(bytes, have), 1ms).nothrow();
  CHECK(!late && have == 3 && std::string_view(bytes, 3) == "xyz" && in.held().empty());
  co_await both.one.shutdown();
  auto cut = co_await in.read_exactly(bytes, have).nothrow();
  CHECK(cut.error() == std::errc::connection_aborted && have == 3);
  have = 0;
  auto end = co_await eddy::read_exactly(both.two, bytes, have);
  CHECK(!end && have == 0);
}

TEST(what_came_before_a_time_out_is_held) { test::on_loop(held_for_others); }

static eddy::task<> sends_much(eddy::stream &s, std::size_t total) {
  std::vector<char> piece(10'000);
  for (std::size_t i = 0; i < piece.size(); i++) piece[i] = static_cast<char>(i % 251);
  for (std::size_t sent = 0; sent < total; sent += piece.size()) co_await s.write(piece);
  co_await s.shutdown();
}

static eddy::task<> takes_in(eddy::stream &s, std::size_t &total) {
  std::vector<char> room(3'000);
  for (;;) {
    std::size_t n = co_await s.read(room);
    if (n == 0) co_return;
    for (std::size_t i = 0; i < n; i++)
      CHECK(room[i] == static_cast<char>((total + i) % 10'000 % 251));
    total += n;
  }
}

static eddy::task<> copies(eddy::loop &l) {
  auto from = co_await test::connected(l);
  auto to = co_await test::connected(l);
  std::size_t total = 0;
  std::vector<eddy::task<>> ends;
  ends.push_back(sends_much(from.one, 5'000'000));
  ends.push_back(takes_in(to.two, total));
  auto copying = [](eddy::stream &a, eddy::stream &b) -> eddy::task<> {
    std::uint64_t copied = co_await eddy::copy(a, b);
    CHECK(copied == 5'000'000);
    co_await b.shutdown();
  };
  ends.push_back(copying(from.two, to.one));
  co_await eddy::when_all(std::move(ends));
  CHECK(total == 5'000'000);
}

TEST(copy_with_backpressure) { test::on_loop(copies); }
