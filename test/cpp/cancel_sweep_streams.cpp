// The table "Cancel safety" of docs/guide-cpp.md for writing, accepting and connecting, with a cancel at every turn of an
// operation's life.
#include "sweep.hpp"

#include <initializer_list>

static std::string numbers(std::size_t n) {
  std::string all(n, 0);
  for (std::size_t i = 0; i < n; i++) all[i] = char('0' + i % 77);
  return all;
}

static eddy::task<std::string> rest_of(eddy::stream &s) {
  std::string all;
  std::vector<char> room(65536);
  for (;;) {
    auto n = co_await s.read(room).within(30s);
    if (!n) co_return all;
    all.append(room.data(), n);
  }
}

static eddy::task<> takes(eddy::stream &s, std::string &got, std::size_t n) {
  std::vector<char> room(n);
  auto all = co_await eddy::read_exactly(s, room);
  CHECK(all);
  got.append(room.data(), n);
}

// A part is sent, from the front, and all of it when it is said to be.
static eddy::task<> writes(eddy::loop &l) {
  for (std::size_t size : {std::size_t{5}, std::size_t{16} << 20}) {
    const std::string much = numbers(size);
    auto both = co_await test::connected(l);
    std::string got;
    bool sent = false;
    auto op = [&]() -> eddy::task<> {
      auto n = co_await both.one.write(much).nothrow();
      sent = n.has_value();
      CHECK(n ? *n == size : n.is_canceled());
    };
    auto event = [&] {
      if (size > 5) l.spawn(takes, std::ref(both.two), std::ref(got), std::size_t{100'000});
    };
    auto check = [&]() -> eddy::task<> {
      co_await both.one.close();
      std::string rest = co_await rest_of(both.two);
      got += rest;
      CHECK(sent ? got == much : got.size() < size && much.starts_with(got));
      got.clear();
      both = co_await test::connected(l);
    };
    if (size == 5) {
      co_await test::sweep(op, event, check);
    } else {
      for (int k = 0; k < 6; k++) { // it does not end by itself
        test::moment when{0, k};
        bool by_itself = co_await test::cancelled_at(when, op, event);
        CHECK(!by_itself && !sent);
        while (got.empty()) co_await eddy::yield(); // which has been sent
        co_await check();
      }
    }
  }
}

TEST(write) { test::on_loop(writes); }

// What arrives is from the front, what is left in the other stream from the back, and between them not more than a
// buffer is missing.
static eddy::task<> copies(eddy::loop &l) {
  constexpr std::size_t buffer = 16;
  auto from = co_await test::connected(l), to = co_await test::connected(l);
  const std::string text = numbers(70);
  auto op = [&]() -> eddy::task<> {
    auto n = co_await eddy::copy(from.two, to.one, buffer).nothrow();
    CHECK(n ? *n == text.size() : n.is_canceled());
  };
  auto event = [&] {
    auto says = [&]() -> eddy::task<> {
      co_await from.one.write(text);
      co_await from.one.close();
    };
    l.spawn(says);
  };
  auto check = [&]() -> eddy::task<> {
    co_await to.one.close();
    std::string there = co_await rest_of(to.two);
    std::string here = co_await rest_of(from.two);
    CHECK(text.starts_with(there) && text.ends_with(here));
    CHECK(there.size() + here.size() <= text.size() &&
          there.size() + here.size() + buffer >= text.size());
    from = co_await test::connected(l);
    to = co_await test::connected(l);
  };
  co_await test::sweep(op, event, check);
}

TEST(copy) { test::on_loop(copies); }

// Clients say who they are, and are heard one after the other, none twice.
class clients {
public:
  explicit clients(eddy::loop &l) : loop_(l), in(l, eddy::address::loopback(0)) {}

  void come() {
    auto comes = [this](int number) -> eddy::task<> {
      eddy::stream s(loop_);
      co_await s.connect(in.local_address());
      std::string name = std::to_string(number);
      co_await s.write(name);
      there_.push_back(std::move(s));
    };
    loop_.spawn(comes, came++);
  }
  eddy::task<> heard(eddy::stream s) {
    std::array<char, 16> name;
    auto n = co_await s.read(name).within(30s);
    CHECK(std::string_view(name.data(), n) == std::to_string(served++));
  }

private:
  eddy::loop &loop_;
  std::vector<eddy::stream> there_;

public:
  eddy::listener in;
  int came = 0, served = 0;
};

template<class Next>
static eddy::task<> accepts_by(clients &all, Next next) {
  std::vector<eddy::stream> accepted;
  auto op = [&]() -> eddy::task<> {
    auto s = co_await next().nothrow();
    if (s)
      accepted.push_back(std::move(*s));
    else
      CHECK(s.is_canceled());
  };
  auto event = [&] {
    all.come();
    all.come();
  };
  auto check = [&]() -> eddy::task<> {
    for (auto &s : accepted) co_await all.heard(std::move(s));
    accepted.clear();
    while (all.served < all.came) {
      auto s = co_await next().within(30s);
      co_await all.heard(std::move(s));
    }
  };
  co_await test::sweep(op, event, check);
}

static eddy::task<> accepts(eddy::loop &l) {
  clients all(l);
  auto next = [&] { return all.in.accept(); };
  co_await accepts_by(all, next);
}

static eddy::task<> accepts_many(eddy::loop &l) {
  for (std::uint32_t most : {1u, 16u}) {
    clients all(l);
    auto many = all.in.accept_many(most);
    auto next = [&] { return many.next(); };
    co_await accepts_by(all, next);
  }
}

TEST(accept) { test::on_loop(accepts); }
TEST(accept_many_next) { test::on_loop(accepts_many); }

// One that is cancelled can only be closed, and the other side sees the end of it if it came so far.
static eddy::task<> connects(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  bool connected = false;
  eddy::stream s(l);
  auto op = [&]() -> eddy::task<> {
    auto done = co_await s.connect(in.local_address()).nothrow();
    connected = done.has_value();
    CHECK(done || done.is_canceled());
  };
  auto event = [] {};
  auto check = [&]() -> eddy::task<> {
    if (connected) {
      eddy::stream other = co_await in.accept().within(30s);
      co_await s.write("x");
      std::array<char, 2> bytes;
      auto n = co_await other.read(bytes).within(30s);
      CHECK(n == 1);
    }
    co_await s.close();
    s = eddy::stream(l);
    co_await s.connect(in.local_address());
    for (eddy::address self = *s.local_address();
         ;) { // those that were cancelled may wait before it
      eddy::stream other = co_await in.accept().within(30s);
      if (*other.peer_address() == self) break;
      std::array<char, 2> bytes;
      auto n = co_await other.read(bytes).within(30s).nothrow();
      CHECK(!n || *n == 0);
    }
    co_await s.close();
    s = eddy::stream(l);
  };
  co_await test::sweep(op, event, check);
}

TEST(connect) { test::on_loop(connects); }
