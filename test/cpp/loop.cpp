// <eddy/loop.hpp>: running and spawning.
#include "test.hpp"

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>

static eddy::task<> adds(int &count) {
  co_await eddy::yield();
  count++;
}

TEST(run_waits_for_what_was_spawned) {
  eddy::loop l;
  int count = 0;
  for (int i = 0; i < 10; i++) l.spawn(adds, std::ref(count));
  l.spawn(adds(count));
  l.run();
  CHECK(count == 11);
  l.run(); // nothing to do
}

static eddy::task<int> sleeps(std::chrono::milliseconds d) {
  co_await eddy::sleep_for(d);
  co_return 1;
}

static eddy::task<> for_ever(bool &ended) {
  try {
    co_await eddy::sleep_for(24h);
  } catch (const eddy::canceled &) {
    ended = true;
    throw;
  }
}

TEST(run_of_a_task_leaves_the_others_suspended) {
  bool ended = false;
  {
    eddy::loop l;
    l.spawn(for_ever, std::ref(ended));
    CHECK(l.run(sleeps(1ms)) == 1);
    CHECK(l.run(sleeps(1ms)) == 1);
    CHECK(!ended);
  }
  CHECK(ended); // the loop's destructor cancels and joins
}

static eddy::task<> fails() {
  co_await eddy::yield();
  throw std::runtime_error("on purpose");
}

TEST(the_failure_of_a_spawned_task_cancels_all_and_is_thrown) {
  eddy::loop l;
  bool ended = false;
  l.spawn(for_ever, std::ref(ended));
  l.spawn(fails);
  CHECK_THROWS(std::runtime_error, l.run(sleeps(10min)));
  CHECK(ended);
  CHECK(l.run(sleeps(1ms)) == 1); // and the loop can be used on
}

static eddy::task<eddy::result<void>> gives_an_error() {
  co_await eddy::yield();
  co_return eddy::errc::broken_pipe;
}

TEST(an_error_that_a_spawned_task_returns_is_a_failure) {
  eddy::loop l;
  l.spawn(gives_an_error);
  CHECK_THROWS(std::system_error, l.run());
  CHECK(l.error() == std::errc::broken_pipe);
}

TEST(stop_cancels_from_another_thread) {
  eddy::loop l;
  eddy::remote remote = l.remote();
  std::thread other([remote] { remote.stop(); });
  CHECK_THROWS(eddy::canceled, l.run(sleeps(10min)));
  other.join();
}

constexpr int kRounds = 1000;

static eddy::task<> stops_at_its_end(std::function<void()> stop, int turns) {
  co_await eddy::yield();
  stop();
  for (int i = 0; i < turns; i++) co_await eddy::yield();
}

// Runs a task that stops the loop, itself or by a handler, so many turns before its end. One that waits has to hear it;
// and what was spawned has, when the one that stops is the one that the run waits for.
static void stop_in_the_last_turns(eddy::loop &l, const std::function<void()> &stop) {
  for (int i = 0; i < kRounds; i++) {
    l.spawn(stops_at_its_end, stop, i % 3);
    CHECK_THROWS(eddy::canceled, l.run(sleeps(10s)));
    bool ended = false;
    l.spawn(for_ever, std::ref(ended));
    try {
      l.run(stops_at_its_end(stop, i % 3));
    } catch (const eddy::canceled &) {
    }
    if (!ended) CHECK_THROWS(eddy::canceled, l.run(sleeps(10s))); // it came too late for that run
    CHECK(ended);
  }
  CHECK(l.run(sleeps(1ms)) == 1);
}

TEST(no_stop_is_lost_inside_the_last_callback) {
  eddy::loop l;
  eddy::remote remote = l.remote();
  stop_in_the_last_turns(l, [&] { l.stop(); });
  stop_in_the_last_turns(l, [&] { remote.stop(); });
  stop_in_the_last_turns(l, [&] { eddy_loop_stop(l.get()); });
}

static eddy::remote *signalled;

TEST(no_stop_of_a_signal_handler_is_lost) {
  eddy::loop l;
  eddy::remote remote = l.remote();
  signalled = &remote;
  stop_in_the_last_turns(l, [] {
    std::signal(SIGINT, [](int) { signalled->stop(); });
    std::raise(SIGINT);
  });
  std::signal(SIGINT, SIG_DFL);
}

TEST(no_stop_of_another_thread_is_lost) {
  eddy::loop l;
  std::atomic<int> round = 0;
  std::thread other([&, remote = l.remote()] {
    for (int i = 1; i <= kRounds; i++) {
      while (round.load() < i) std::this_thread::yield();
      for (volatile int spin = 0; spin < i % 64 * 32;) spin = spin + 1;
      remote.stop();
    }
  });
  for (int i = 1; i <= kRounds; i++) {
    l.spawn(
        stops_at_its_end, [&, i] { round = i; }, i % 5);
    CHECK_THROWS(eddy::canceled, l.run(sleeps(10s)));
  }
  other.join();
}

static eddy::task<> runs_inside(eddy::loop &l, bool later) {
  if (later) co_await eddy::yield();
  l.run(sleeps(1ms));
}

static eddy::task<> runs_spawned_inside(eddy::loop &l) {
  co_await eddy::yield();
  l.run();
}

static eddy::task<> destroys(std::unique_ptr<eddy::loop> &l) {
  l.reset();
  co_return;
}

TEST(run_inside_a_task) {
  test::expect_abort(
      [] {
        eddy::loop l;
        l.run(runs_inside(l, false));
      },
      "loop.run() inside a task");
  test::expect_abort(
      [] {
        eddy::loop l;
        l.run(runs_inside(l, true));
      },
      "loop.run() inside a task");
  test::expect_abort(
      [] {
        eddy::loop l;
        l.spawn(runs_inside, std::ref(l), false);
      },
      "loop.run() inside a task");
  test::expect_abort(
      [] {
        eddy::loop l;
        l.run(runs_spawned_inside(l));
      },
      "loop.run() inside a task");
  test::expect_abort(
      [] {
        auto l = std::make_unique<eddy::loop>();
        l->run(destroys(l));
      },
      "destroyed inside one of its tasks");
}

static eddy::task<int> runs_another(int value) {
  eddy::loop inner;
  co_await eddy::yield();
  value += inner.run(sleeps(1ms));
  co_return value;
}

TEST(another_loop_runs_inside_a_task) {
  eddy::loop l;
  CHECK(l.run(runs_another(1)) == 2);
}

static eddy::task<> cancels(eddy::loop &l) {
  l.cancel();
  co_await eddy::sleep_for(10min);
}

TEST(cancel_from_a_task) {
  eddy::loop l;
  CHECK_THROWS(eddy::canceled, l.run(cancels(l)));
}

static eddy::task<bool> knows_its_loop(eddy::loop &l) {
  eddy::loop &mine = co_await eddy::this_loop();
  co_return &mine == &l;
}

TEST(this_loop) {
  eddy::loop l;
  CHECK(l.run(knows_its_loop(l)));
  const char *wanted = std::getenv("EDDY_DRIVER");
  CHECK(!wanted || std::string(l.driver()) == wanted);
}

TEST(a_loop_that_cannot_be_opened) {
  std::error_code error;
  eddy::loop none(error, 999);
  CHECK(error && !none.get());
  CHECK_THROWS(std::system_error, eddy::loop(999));
}
