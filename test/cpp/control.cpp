// <eddy/control.hpp>: time-outs, shields, stop tokens.
#include "net.hpp"

#include <atomic>
#include <thread>

static eddy::task<int> after(std::chrono::milliseconds d, int value) {
  co_await eddy::sleep_for(d);
  co_return value;
}

static eddy::task<int> ignores_the_first_cancel() {
  try {
    co_await eddy::sleep_for(1h);
  } catch (const eddy::canceled &) {
  }
  co_return 9;
}

static eddy::task<int> at_once() { co_return 4; }

static eddy::task<eddy::result<int>> quiet() {
  auto slept = co_await eddy::sleep_for(1h).nothrow();
  if (!slept) co_return slept.error();
  co_return 1;
}

static eddy::task<> timeouts(eddy::loop &) {
  int in_time = co_await eddy::with_timeout(after(1ms, 3), 1h);
  CHECK(in_time == 3);
  int sync = co_await eddy::with_timeout(at_once(), 0ms);
  CHECK(sync == 4);
  bool thrown = false;
  try {
    co_await eddy::with_timeout(after(10min, 3), 2ms);
  } catch (const std::system_error &error) {
    thrown = error.code() == std::errc::timed_out;
  }
  CHECK(thrown);
  int stubborn = co_await eddy::with_timeout(ignores_the_first_cancel(), 2ms);
  CHECK(stubborn == 9);
  auto result = co_await eddy::with_timeout(quiet(), 2ms);
  CHECK(result.error() == std::errc::timed_out);
}

TEST(with_timeout) { test::on_loop(timeouts); }

static eddy::task<int> gives_up() {
  co_await eddy::yield();
  throw eddy::canceled();
}

// Cancelled by itself, it is not late.
static eddy::task<> not_late(eddy::loop &) {
  auto ended = co_await eddy::with_timeout(gives_up(), 1h).nothrow();
  CHECK(ended.is_canceled());
}

TEST(what_is_canceled_in_time_has_not_timed_out) { test::on_loop(not_late); }

static eddy::task<> inner_first(eddy::loop &) {
  auto r = co_await eddy::with_timeout(eddy::with_timeout(after(1h, 1), 1h), 2ms).nothrow();
  CHECK(r.error() == std::errc::timed_out);
  auto s = co_await eddy::with_timeout(eddy::with_timeout(after(1h, 1), 2ms), 1h).nothrow();
  CHECK(s.error() == std::errc::timed_out);
}

TEST(timeouts_nest) { test::on_loop(inner_first); }

static eddy::task<> cleans_up(std::string &log) {
  try {
    co_await eddy::sleep_for(1h);
  } catch (const eddy::canceled &) {
    log += 'c';
  }
  bool stopping = co_await eddy::stop_requested();
  CHECK(stopping);
  int n = co_await eddy::shield(after(1ms, 5)); // an await that works although we are cancelled
  CHECK(n == 5);
  log += 's';
  co_await eddy::yield(); // and one that does not
  log += '!';
}

static eddy::task<> shields(eddy::loop &) {
  std::string log;
  auto r = co_await eddy::with_timeout(cleans_up(log), 1ms).nothrow();
  CHECK(!r && log == "cs");
}

TEST(shield) { test::on_loop(shields); }

TEST(a_stop_token_of_another_thread) {
  eddy::loop l;
  std::stop_source source;
  std::thread other([&] { source.request_stop(); });
  auto r = l.run(eddy::with_stop(source.get_token(), quiet()));
  CHECK(r.is_canceled());
  other.join();
  // Requested before the start; never requested; no state at all.
  CHECK_THROWS(eddy::canceled, l.run(eddy::with_stop(source.get_token(), after(10min, 1))));
  std::stop_source never;
  CHECK(l.run(eddy::with_stop(never.get_token(), after(1ms, 1))) == 1);
  CHECK(l.run(eddy::with_stop(std::stop_token(), after(1ms, 2))) == 2);
}

static eddy::task<> waits_for_an_event() {
  eddy::event never;
  co_await never.wait();
}

// Nothing but the token can end the wait, and the loop waits for it.
TEST(a_stop_token_keeps_the_loop_waiting) {
  eddy::loop l;
  std::stop_source source;
  std::thread other([&] {
    test::pause(5ms);
    source.request_stop();
  });
  CHECK_THROWS(eddy::canceled, l.run(eddy::with_stop(source.get_token(), waits_for_an_event())));
  other.join();
}

static eddy::task<> requests(std::stop_source &source) {
  co_await eddy::yield();
  source.request_stop();
}

static eddy::task<> stopped_by_its_neighbour(std::stop_source &source) {
  auto both =
      co_await eddy::when_all(eddy::with_stop(source.get_token(), quiet()), requests(source));
  CHECK(std::get<0>(both).is_canceled());
}

TEST(a_stop_requested_by_a_task_of_the_loop) {
  eddy::loop l;
  std::stop_source source;
  l.run(stopped_by_its_neighbour(source));
}

static eddy::task<> a_while(int turns, bool &ended) {
  for (int i = 0; i < turns; i++) co_await eddy::yield();
  if (turns == 0) co_await eddy::sleep_for(30s);
  ended = true;
}

// It comes before the end or after it: never both, never neither, and nothing of it is left for the next run.
TEST(a_stop_races_the_end_of_the_task) {
  eddy::loop l;
  int stopped = 0, finished = 0;
  for (int i = 0; i < 2000; i++) {
    bool ended = false, canceled = false;
    int turns = i % 20;
    std::stop_source source;
    std::atomic<bool> go = false;
    std::thread other([&] {
      while (!go) {
      }
      source.request_stop();
    });
    go = true;
    try {
      l.run(eddy::with_stop(source.get_token(), a_while(turns, ended)));
    } catch (const eddy::canceled &) {
      canceled = true;
    }
    other.join();
    CHECK(ended != canceled);
    CHECK(turns || canceled); // one that would not end by itself
    (canceled ? stopped : finished)++;
    CHECK(l.run(after(0ms, i)) == i);
    CHECK_THROWS(eddy::canceled, l.run(eddy::with_stop(source.get_token(), a_while(0, ended))));
  }
  CHECK(stopped >= 100 && stopped + finished == 2000);
}

static eddy::task<> shields_within(int &steps) {
  auto inner = []() -> eddy::task<> { co_await eddy::yield(); };
  auto outer = [&]() -> eddy::task<> {
    co_await eddy::shield(inner());
    co_await eddy::sleep_for(1ms); // still deaf
    steps++;
  };
  co_await eddy::shield(outer());
  steps++;
  CHECK_THROWS(eddy::canceled, co_await eddy::yield());
  steps++;
}

TEST(a_shield_within_a_shield) {
  eddy::loop l;
  int steps = 0;
  l.spawn(shields_within, std::ref(steps));
  l.cancel();
  l.run();
  CHECK(steps == 3);
}
