// <eddy/scope.hpp>: the nursery.
#include "net.hpp"

#include <cstdlib>
#include <new>
#include <stdexcept>

static eddy::task<> notes(std::string &log, char c, std::chrono::milliseconds d) {
  try {
    co_await eddy::sleep_for(d);
  } catch (const eddy::canceled &) {
    log += static_cast<char>(c - 'a' + 'A');
    throw;
  }
  log += c;
}

static eddy::task<> joins(eddy::loop &) {
  std::string log;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(notes, std::ref(log), 'a', 2ms);
    s.spawn(notes(log, 'b', 4ms));
    CHECK(s.size() == 3 && s.running());
    co_return;
  };
  co_await s.run(body);
  CHECK(log == "ab" && !s.running());
  co_await s.run(body); // again
  CHECK(log == "abab");
}

TEST(run_joins_all) { test::on_loop(joins); }

static eddy::task<> fails(const char *what) {
  co_await eddy::yield();
  throw std::runtime_error(what);
}

static eddy::task<> fail_fast(eddy::loop &) {
  std::string log, what;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(notes, std::ref(log), 'a', 1h);
    s.spawn(fails, "first");
    s.spawn(fails, "second");
    co_await notes(log, 'b', 1h);
  };
  try {
    co_await s.run(body);
  } catch (const std::runtime_error &error) {
    what = error.what();
  }
  CHECK(what == "first");
  CHECK(log == "AB" || log == "BA");
}

TEST(the_first_failure_cancels_the_siblings_and_is_thrown) { test::on_loop(fail_fast); }

static eddy::task<> cancels(eddy::loop &) {
  std::string log;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(notes, std::ref(log), 'a', 1h);
    co_await eddy::yield();
    s.cancel();
    co_await eddy::sleep_for(1h);
  };
  co_await s.run(body); // asked for, so no error
  CHECK(log == "A");
}

TEST(a_scope_can_be_cancelled) { test::on_loop(cancels); }

static eddy::task<> nested(std::string &log) {
  eddy::scope outer;
  auto inner_body = [&]() -> eddy::task<> { co_await notes(log, 'a', 1h); };
  auto outer_body = [&]() -> eddy::task<> {
    eddy::scope inner;
    outer.spawn(notes, std::ref(log), 'b', 1h);
    co_await inner.run(inner_body);
    log += '!'; // never
  };
  co_await outer.run(outer_body);
}

static eddy::task<> cancelled_from_above(eddy::loop &) {
  std::string log;
  auto late = co_await eddy::with_timeout(nested(log), 5ms).nothrow();
  CHECK(late.error() == std::errc::timed_out);
  CHECK(log.size() == 2 && log.find('A') != log.npos && log.find('B') != log.npos);
}

TEST(cancellation_goes_down_through_nested_scopes) { test::on_loop(cancelled_from_above); }

static eddy::task<> begins_cancelled(eddy::loop &) {
  std::string log;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.cancel();
    s.spawn(notes, std::ref(log), 'a', 0ms); // starts, and is cancelled at its first await
    CHECK(log == "A");
    co_return;
  };
  co_await s.run(body);
}

TEST(what_starts_in_a_cancelled_scope_is_cancelled) { test::on_loop(begins_cancelled); }

static eddy::task<> keeps_the_callable(eddy::loop &) {
  std::string got;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    std::string captured(100, 'x');
    // The closure is a temporary; the scope keeps it as long as its coroutine runs.
    s.spawn([captured, &got]() -> eddy::task<> {
      co_await eddy::sleep_for(1ms);
      got = captured;
    });
    s.spawn(
        [](std::unique_ptr<int> p, std::string *out) -> eddy::task<> {
          co_await eddy::sleep_for(2ms);
          *out += static_cast<char>('0' + *p);
        },
        std::make_unique<int>(7), &got);
    co_return;
  };
  co_await s.run(body);
  CHECK(got == std::string(100, 'x') + "7");
}

TEST(lambdas_and_arguments_live_as_long_as_their_task) { test::on_loop(keeps_the_callable); }

static eddy::task<eddy::result<void>> quiet_failure() {
  co_await eddy::yield();
  co_return eddy::errc::connection_reset;
}

static eddy::task<> results(eddy::loop &) {
  std::string log;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(notes, std::ref(log), 'a', 1h);
    s.spawn(quiet_failure);
    co_return;
  };
  auto r = co_await s.run(body).nothrow();
  CHECK(r.error() == std::errc::connection_reset && s.error() == std::errc::connection_reset);
  CHECK(log == "A");
}

TEST(an_error_that_is_returned_is_a_failure_too) { test::on_loop(results); }

static eddy::task<> many(eddy::loop &) {
  int count = 0;
  eddy::scope s;
  auto one = [&](int i) -> eddy::task<> {
    if (i % 2) co_await eddy::yield();
    count++;
  };
  auto body = [&]() -> eddy::task<> {
    for (int i = 0; i < 10000; i++) s.spawn(one, i);
    co_return;
  };
  co_await s.run(body);
  CHECK(count == 10000);
}

TEST(ten_thousand_tasks) { test::on_loop(many); }

static eddy::task<> says(std::string &log, const char *what) {
  co_await eddy::sleep_for(1ms); // not cancelled
  log += what;
}

static eddy::task<> leaves(eddy::loop &l, std::string &log) {
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.on_exit(says, std::ref(log), "first;");
    s.on_exit(says, std::ref(log), "second;");
    s.spawn(notes, std::ref(log), 'x', 1h);
    l.cancel();
    co_await eddy::sleep_for(1h);
  };
  co_await s.run(body);
}

TEST(exit_tasks_run_last_and_are_not_cancelled) {
  eddy::loop l;
  std::string log;
  auto body = leaves(l, log);
  CHECK_THROWS(eddy::canceled, l.run(std::move(body)));
  CHECK(log.ends_with("second;first;"));
}

static eddy::task<> exit_failures(eddy::loop &) {
  eddy::scope s;
  std::string log;
  auto fails_late = []() -> eddy::task<> {
    co_await eddy::yield();
    throw std::runtime_error("exit");
  };
  auto quiet = [&]() -> eddy::task<eddy::result<void>> {
    log += "quiet;";
    co_await eddy::yield();
    co_return eddy::errc::io_error;
  };
  auto spawns = [&]() -> eddy::task<> {
    s.spawn(says, std::ref(log), "spawned;");
    co_await eddy::yield();
  };
  auto body = [&]() -> eddy::task<> {
    s.on_exit(says, std::ref(log), "all the same;");
    s.on_exit(fails_late);
    s.on_exit(spawns);
    co_await eddy::yield();
  };
  CHECK_THROWS(std::runtime_error, co_await s.run(body));
  CHECK(log == "spawned;all the same;");

  log.clear();
  auto fails_itself = [&]() -> eddy::task<> {
    s.on_exit(quiet);
    s.on_exit(fails_late);
    co_await eddy::yield();
    throw std::logic_error("body");
  };
  CHECK_THROWS(std::logic_error, co_await s.run(fails_itself));
  CHECK(log == "quiet;");
  auto fails_quietly = [&]() -> eddy::task<> {
    s.on_exit(quiet);
    co_await eddy::yield();
  };
  CHECK_THROWS(std::system_error, co_await s.run(fails_quietly));
}

TEST(failures_of_exit_tasks) { test::on_loop(exit_failures); }

// A body that is a function which throws, and no task yet.
static eddy::task<> no_body(eddy::loop &) {
  eddy::scope s;
  int log = 0;
  auto other = [&]() -> eddy::task<> {
    CHECK_THROWS(eddy::canceled, co_await eddy::sleep_for(1h));
    log += 1;
  };
  auto last = [&]() -> eddy::task<> {
    co_await eddy::yield();
    log += 10;
  };
  auto body = [&]() -> eddy::task<> {
    s.on_exit(last);
    s.spawn(other);
    throw std::logic_error("no task yet");
  };
  CHECK_THROWS(std::logic_error, co_await s.run(body));
  CHECK(log == 11);
}

TEST(a_body_that_fails_before_it_begins) { test::on_loop(no_body); }

static int frames_to_come = -1; // until there is no memory
static void *take_or_fail(std::size_t size) {
  if (frames_to_come == 0) throw std::bad_alloc();
  if (frames_to_come > 0) frames_to_come--;
  return std::malloc(size);
}
static void give(void *memory, std::size_t) noexcept { std::free(memory); }

static eddy::task<> exits_without_memory(eddy::loop &) {
  eddy::scope s;
  int ran = 0;
  auto last = [&]() -> eddy::task<> {
    ran++;
    co_return;
  };
  auto body = [&]() -> eddy::task<> {
    for (int i = 0; i < 3; i++) s.on_exit(last);
    co_await eddy::yield();
    frames_to_come = 1; // for the task of the first exit task, and no other
  };
  CHECK_THROWS(std::bad_alloc, co_await s.run(body));
  frames_to_come = -1;
  CHECK(ran == 1);
  auto nothing = []() -> eddy::task<> { co_return; };
  co_await s.run(nothing);
  CHECK(ran == 1); // none is left for the next run
}

TEST(exit_tasks_without_memory) {
  eddy::use_frame_memory({take_or_fail, give});
  test::on_loop(exits_without_memory);
}
