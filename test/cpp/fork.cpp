// Rule 15 in the facade: in a forked child destructors free its copy of the loop, and neither abort it nor touch what
// is the parent's.
#include "net.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <thread>

namespace {

constexpr int kOwnStatus = 7;

void expect_own_status(pid_t child) {
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == kOwnStatus);
}

// What a program may have in a scope beside its loop; true in the child, once all of it was destroyed.
bool leaves_a_scope() {
  pid_t child = 0;
  {
    eddy::event never;
    eddy::mutex locked;
    eddy::loop l;
    eddy::listener in(l, eddy::address::loopback(0));
    eddy::pool pool(l, 4, 256);
    auto ends = eddy::stream::pair(l).value();
    auto others = eddy::stream::pair(l).value();
    auto chunks = others.first.chunks(pool);
    auto clients = in.accept_many();
    std::optional<eddy::loop::hold> hold(l);
    auto remote = l.remote();
    l.run([](eddy::stream &s, eddy::chunk_reader &reader,
             eddy::accept_reader &accepts) -> eddy::task<> {
      co_await s.write("a piece");
      auto chunk = co_await reader.next(); // it goes on receiving
      CHECK(chunk);
      auto none = co_await accepts.next().within(1us).nothrow(); // and that one, accepting
      CHECK(!none);
    }(others.second, chunks, clients));
    l.spawn([&]() -> eddy::task<> { co_await eddy::sleep_for(1h); });
    l.spawn([&]() -> eddy::task<> {
      auto guard = co_await locked.lock();
      co_await never.wait();
    });
    eddy_loop_step(l.get(), 0);
    child = fork();
    if (child != 0) {
      expect_own_status(child);
      hold.reset();
      // It serves on.
      std::string got;
      l.run([](eddy::stream a, eddy::stream b, std::string &out) -> eddy::task<> {
        std::array<char, 8> room;
        co_await a.write("still");
        std::size_t n = co_await b.read(room);
        out.assign(room.data(), n);
      }(std::move(ends.first), std::move(ends.second), got));
      CHECK(got == "still");
    }
  }
  return child == 0;
}

std::unique_ptr<eddy::loop> global;

// Counts the waits that end as canceled; others are a fault.
struct ends {
  int canceled = 0, other = 0;
  template<class T>
  void note(const eddy::result<T> &got) {
    ++(got.error() == eddy::errc::canceled ? canceled : other);
  }
};

eddy::task<> waits_for(eddy::event &e, ends &to) {
  auto got = co_await e.wait().within(1h).nothrow();
  to.note(got);
}
eddy::task<> receives(eddy::channel<int, 1> &from, ends &to) {
  auto got = co_await from.receive().within(1h).nothrow();
  to.note(got);
}
eddy::task<> asks(eddy::accept_reader &from, ends &to) {
  auto got = co_await from.next().nothrow();
  to.note(got);
}
eddy::task<> asks_for_long(eddy::accept_reader &from, ends &to) {
  auto got = co_await from.next().within(1h).nothrow();
  to.note(got);
}
eddy::task<> accepts(eddy::listener &in, ends &to) {
  auto got = co_await in.accept().within(1h).nothrow();
  to.note(got);
}
eddy::task<> sleeps_for_long(ends &to) {
  auto got = co_await eddy::sleep_for(1h).nothrow();
  to.note(got);
}

// In the child, where the waits of its copy of the loop have ended.
bool waits_end() {
  constexpr int kWaits = 6;
  eddy::loop l;
  eddy::listener one(l, eddy::address::loopback(0)), two(l, eddy::address::loopback(0)),
      three(l, eddy::address::loopback(0));
  auto first = one.accept_many(), second = two.accept_many();
  eddy::event event;
  eddy::channel<int, 1> channel;
  ends all;
  l.spawn(waits_for, std::ref(event), std::ref(all));
  l.spawn(receives, std::ref(channel), std::ref(all));
  l.spawn(asks, std::ref(first), std::ref(all));
  l.spawn(asks_for_long, std::ref(second), std::ref(all));
  l.spawn(accepts, std::ref(three), std::ref(all));
  l.spawn(sleeps_for_long, std::ref(all));
  l.run([]() -> eddy::task<> { co_await eddy::sleep_for(1ms); }());
  pid_t child = fork();
  if (child == 0) {
    if (l.after_fork()) _exit(1);
    l.run();
    _exit(all.canceled == kWaits && all.other == 0 ? kOwnStatus : 2);
  }
  expect_own_status(child);
  CHECK(all.canceled + all.other == 0);
  l.cancel();
  l.run();
  return all.canceled == kWaits;
}

} // namespace

TEST(in_a_child_waits_end_as_canceled) { CHECK(waits_end()); }

TEST(a_child_leaves_a_scope) {
  if (leaves_a_scope()) _exit(kOwnStatus);
}

TEST(a_child_ends_with_a_static_loop) {
  global = std::make_unique<eddy::loop>();
  pid_t child = fork();
  if (child == 0) {
    global.reset(); // as exit() would
    _exit(kOwnStatus);
  }
  expect_own_status(child);
  CHECK(eddy_loop_inherited(global->get()) == 0);
  global.reset();
}

TEST(a_remote_in_a_child_reaches_nothing) {
  eddy::loop l;
  auto remote = l.remote();
  pid_t child = fork();
  if (child == 0) {
    remote.wake();
    remote.stop();
    _exit(kOwnStatus);
  }
  expect_own_status(child);
  CHECK(eddy_loop_next_deadline(l.get()) == EDDY_NEVER); // neither woken nor stopped
}

TEST(unbound_it_runs_in_another_thread) {
  eddy::loop l;
  int ran = 0;
  auto counts = [](int &n) -> eddy::task<> {
    co_await eddy::yield();
    ++n;
  };
  l.run(counts(ran));
  CHECK(!l.unbind());
  std::thread([&] {
    l.run(counts(ran));
    CHECK(!l.unbind());
  }).join();
  l.run(counts(ran));
  CHECK(ran == 3);
}

static eddy::task<> sends_to_itself(eddy::loop &l, bool &arrived) {
  auto ends = eddy::stream::pair(l).value();
  std::array<char, 8> room;
  co_await ends.first.write("child");
  std::size_t n = co_await ends.second.read(room).within(10s);
  arrived = n == 5;
}

TEST(a_child_may_go_on_with_the_loop) {
  eddy::loop l;
  CHECK(l.after_fork() == std::errc::invalid_argument);
  bool canceled = false;
  l.spawn([&]() -> eddy::task<> {
    auto slept = co_await eddy::sleep_for(1h).nothrow();
    canceled = slept.is_canceled();
  });
  pid_t child = fork();
  if (child == 0) {
    bool arrived = false;
    CHECK(!l.after_fork());
    l.run(sends_to_itself(l, arrived));
    _exit(arrived && canceled ? kOwnStatus : 1);
  }
  expect_own_status(child);
  CHECK(!canceled);
}
