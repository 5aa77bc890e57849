// <eddy/loop.hpp>: running and spawning.
#include "test.hpp"

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
