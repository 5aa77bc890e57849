// <eddy/group.hpp>: failures of several tasks, and which of them is told.
#include "net.hpp"

static eddy::task<int> fails_after(int turns, const char *why) {
  for (int i = 0; i < turns; i++) co_await eddy::yield();
  throw std::runtime_error(why);
}

static eddy::task<int> waits_for_ever(std::string &log, char name) {
  struct at_end {
    std::string &log;
    char name;
    ~at_end() { log += name; }
  } note{log, name};
  co_await eddy::sleep_for(1h);
  co_return 0;
}

static eddy::task<> first_in_time(eddy::loop &) {
  std::string why, log;
  try {
    (void)co_await eddy::when_all(fails_after(3, "late"), waits_for_ever(log, 'a'),
                                  fails_after(1, "early"), waits_for_ever(log, 'b'));
  } catch (const std::runtime_error &error) {
    why = error.what();
  }
  CHECK(why == "early");
  CHECK(log.size() == 2); // joined before it was thrown
}

TEST(the_first_failure_in_time_is_told) { test::on_loop(first_in_time); }

static eddy::task<int> fails_when_cancelled() {
  bool canceled = false;
  try {
    co_await eddy::sleep_for(1h);
  } catch (const eddy::canceled &) {
    canceled = true;
  }
  if (canceled) throw std::runtime_error("while it was cancelled");
  co_return 0;
}

static eddy::task<> second_failure(eddy::loop &) {
  std::string why;
  try {
    (void)co_await eddy::when_all(fails_when_cancelled(), fails_after(1, "cause"));
  } catch (const std::runtime_error &error) {
    why = error.what();
  }
  CHECK(why == "cause");
}

TEST(what_fails_because_of_it_is_dropped) { test::on_loop(second_failure); }

static eddy::task<int> throws_canceled() {
  co_await eddy::yield();
  throw eddy::canceled();
}

static eddy::task<> canceled_by_itself(eddy::loop &) {
  std::string log;
  CHECK_THROWS(eddy::canceled,
               co_await eddy::when_all(throws_canceled(), waits_for_ever(log, 'a')));
  CHECK(log == "a");
}

TEST(a_task_that_cancels_itself_has_failed) { test::on_loop(canceled_by_itself); }
