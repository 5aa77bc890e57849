// Readers by chance: a text that comes in pieces, calls that are made on it, some without patience; each gives what a
// model of the text says, whatever the pieces.
#include "../cpp/driver.hpp"
#include "../cpp/test.hpp"
#include "seeds.h"

#include <algorithm>
#include <optional>

namespace {

std::uint64_t seed;

#define SAME(condition)                                                                            \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      std::fprintf(stderr, "seed %llu: not so: %s (line %d)\n",                                    \
                   static_cast<unsigned long long>(seed), #condition, __LINE__);                   \
      std::_Exit(1);                                                                               \
    }                                                                                              \
  } while (0)

constexpr std::string_view kDelimiters[] = {"\n", "\r\n", "\r\n\r\n", "aab", "ab", "aaa", "x"};

std::string draw_text() {
  static const char letters[] = "aaaabb\r\n\n";
  std::string text(rnd(chance(50) ? 40 : 600), 'a');
  for (char &c : text) c = letters[rnd(sizeof letters - 1)];
  return text;
}

// The pieces are drawn before: the sender and the reader take turns that differ from run to run.
std::vector<std::string> draw_pieces(const std::string &text) {
  std::vector<std::string> pieces;
  std::uint32_t most = chance(30) ? 2 : chance(50) ? 20 : 400;
  for (std::size_t at = 0; at < text.size(); at += pieces.back().size())
    pieces.push_back(text.substr(at, 1 + rnd(most)));
  return pieces;
}

eddy::task<> sends(eddy::stream &to, std::vector<std::string> pieces, bool in_one_go) {
  for (const std::string &piece : pieces) {
    co_await to.write(piece);
    if (!in_one_go) co_await eddy::yield();
  }
  co_await to.shutdown();
}

// What is left of the text, and how a call must end there.
class model {
public:
  model(std::string_view text, std::size_t limit) : rest(text), limit_(limit) {}

  // How much a call for everything up to `delimiter` takes; else its error, or nothing at the end.
  std::optional<std::size_t> until(std::string_view delimiter, std::errc &error) const {
    std::size_t at = rest.find(delimiter);
    if (at != std::string_view::npos && at + delimiter.size() <= limit_)
      return at + delimiter.size();
    error = rest.size() >= limit_ ? std::errc::message_size : std::errc::connection_aborted;
    return std::nullopt;
  }
  std::string_view take(std::size_t n) {
    std::string_view taken = rest.substr(0, n);
    rest.remove_prefix(n);
    return taken;
  }

  std::string_view rest;

private:
  std::size_t limit_;
};

eddy::task<> until(eddy::reader &in, model &m, int tries) {
  std::string_view delimiter = kDelimiters[rnd(std::size(kDelimiters))];
  for (;;) {
    bool last = tries-- <= 0;
    auto got = last ? co_await in.read_until(delimiter).nothrow()
                    : co_await eddy::with_timeout(in.read_until(delimiter), 0us).nothrow();
    if (!last && !got && got.error() == std::errc::timed_out) continue; // nothing is lost
    std::errc error{};
    auto n = m.until(delimiter, error);
    if (n)
      SAME(got && *got && **got == m.take(*n));
    else if (m.rest.empty())
      SAME(got && !*got);
    else
      SAME(!got && got.error() == error);
    co_return;
  }
}

eddy::task<> line(eddy::reader &in, model &m) {
  auto got = co_await in.line().nothrow();
  std::errc error{};
  auto n = m.until("\n", error);
  if (n) {
    std::string_view wanted = m.take(*n);
    wanted.remove_suffix(1);
    if (wanted.ends_with('\r')) wanted.remove_suffix(1);
    SAME(got && *got && **got == wanted);
  } else if (m.rest.empty()) {
    SAME(got && !*got);
  } else if (error == std::errc::message_size) {
    SAME(!got && got.error() == error);
  } else {
    SAME(got && *got && **got == m.take(m.rest.size())); // the last one
  }
}

// Gives whether the reader can go on.
eddy::task<bool> exactly(eddy::reader &in, model &m, std::size_t limit, int tries) {
  std::vector<char> bytes(rnd(chance(70) ? static_cast<std::uint32_t>(limit) + 1 : 300));
  for (;;) {
    bool last = tries-- <= 0;
    eddy::result<bool> got =
        last ? co_await in.read_exactly(bytes).nothrow()
             : co_await eddy::with_timeout(in.read_exactly(bytes), 0us).nothrow();
    if (!last && !got && got.error() == std::errc::timed_out) continue;
    if (bytes.size() <= m.rest.size()) {
      SAME(got && *got && std::string_view(bytes.data(), bytes.size()) == m.take(bytes.size()));
      co_return true;
    }
    if (m.rest.empty()) {
      SAME(got && !*got);
      co_return true;
    }
    SAME(!got && got.error() == std::errc::connection_aborted);
    co_return bytes.size() <= limit; // else what has come is in our buffer
  }
}

eddy::task<> counted(eddy::reader &in, model &m, int tries) {
  std::vector<char> bytes(1 + rnd(100));
  std::size_t have = 0;
  for (;;) {
    bool last = tries-- <= 0;
    eddy::result<bool> got =
        last ? co_await in.read_exactly(bytes, have).nothrow()
             : co_await eddy::with_timeout(in.read_exactly(bytes, have), 0us).nothrow();
    SAME(have <= bytes.size() && std::string_view(bytes.data(), have) == m.rest.substr(0, have));
    if (!last && !got && got.error() == std::errc::timed_out) continue;
    std::size_t there = m.rest.size();
    SAME(have == (std::min)(there, bytes.size()));
    if (there >= bytes.size())
      SAME(got && *got);
    else if (there == 0)
      SAME(got && !*got);
    else
      SAME(!got && got.error() == std::errc::connection_aborted);
    m.take(have);
    co_return;
  }
}

eddy::task<> some(eddy::reader &in, model &m, std::size_t limit) {
  auto got = co_await in.read_some().nothrow();
  SAME(got && got->size() <= limit && got->empty() == m.rest.empty());
  SAME(*got == m.take(got->size()));
}

eddy::task<> calls(eddy::loop &l) {
  std::string text = draw_text();
  auto both = eddy::stream::pair(l);
  eddy::stream &to = both->first, &from = both->second;
  auto sender = eddy::spawn_joinable(l, sends, std::ref(to), draw_pieces(text), chance(30) != 0);
  std::size_t limit = chance(50) ? 1 + rnd(12) : 1 + rnd(200);
  eddy::reader in(from, limit);
  model m(text, limit);
  for (int left = 300; left > 0; left--) {
    int tries = chance(30) ? static_cast<int>(rnd(4)) : 0;
    switch (rnd(5)) {
    case 0: co_await until(in, m, tries); break;
    case 1: co_await line(in, m); break;
    case 2:
      if (!co_await exactly(in, m, limit, tries)) left = 0;
      break;
    case 3: co_await counted(in, m, tries); break;
    default: co_await some(in, m, limit); break;
    }
    if (left > 0) SAME(m.rest.starts_with(in.held()));
    if (m.rest.empty() && left > 6) left = 6; // the end, seen by some more calls
  }
  co_await from.close();
  co_await sender.join().nothrow();
}

} // namespace

int main(int argc, char **argv) {
  if (!test::driver_is_here()) return 77;
  std::uint64_t from = number(argc, argv, "--from", "1"),
                count = number(argc, argv, "--seeds", "300");
  eddy::loop l;
  for (seed = from; seed < from + count; seed++) {
    seed_with(seed);
    l.run(calls(l));
  }
  std::printf("%llu conversations, 0 failed\n", static_cast<unsigned long long>(count));
}
