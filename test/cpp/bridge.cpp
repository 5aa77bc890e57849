// <eddy/bridge.hpp>: callbacks and awaitables that are not eddy's.
#include "net.hpp"

#include <functional>
#include <stdexcept>
#include <thread>

namespace {

// Another library, with a thread for each request.
class elsewhere {
public:
  ~elsewhere() {
    for (auto &each : threads_) each.join();
  }
  void ask(int n, std::function<void(int)> then) {
    threads_.emplace_back([n, then = std::move(then)] { then(n + 1); });
  }
  void run(std::function<void()> f) { threads_.emplace_back(std::move(f)); }

private:
  std::vector<std::thread> threads_;
};

eddy::task<int> asked(elsewhere &there, int n) {
  auto start = [&](eddy::completion<int> done) { there.ask(n, [done](int m) { done.set(m); }); };
  int m = co_await eddy::from_callback<int>(start);
  co_return m;
}

eddy::task<> many(eddy::loop &) {
  elsewhere there;
  std::vector<eddy::task<int>> all;
  for (int i = 0; i < 100; i++) all.push_back(asked(there, i));
  auto got = co_await eddy::when_all(std::move(all));
  for (int i = 0; i < 100; i++) CHECK(got[static_cast<std::size_t>(i)] == i + 1);
}

eddy::task<> on_this_thread(eddy::loop &) {
  eddy::completion<std::string> *kept = nullptr;
  auto at_once = [](eddy::completion<std::string> done) {
    CHECK(done.set("now"));
    CHECK(!done.set("again") && !done.fail(eddy::errc::busy));
  };
  auto text = co_await eddy::from_callback<std::string>(at_once);
  CHECK(text == "now");
  auto fails = [](eddy::completion<void> done) { done.fail(eddy::errc::busy); };
  auto failed = co_await eddy::from_callback<void>(fails).nothrow();
  CHECK(failed.error() == eddy::errc::busy);
  auto drops = [](eddy::completion<void>) {};
  auto dropped = co_await eddy::from_callback<void>(drops).nothrow();
  CHECK(dropped.error() == eddy::errc::lost);
  auto throws = [&](eddy::completion<std::string> done) {
    kept = new eddy::completion<std::string>(std::move(done));
    throw std::runtime_error("no");
  };
  bool thrown = false;
  try {
    co_await eddy::from_callback<std::string>(throws);
  } catch (const std::runtime_error &) {
    thrown = true;
  }
  CHECK(thrown);
  kept->set("nobody waits");
  delete kept;
  co_await eddy::yield();
  co_await eddy::yield();
}

// Values that come too late are dropped; those that come with the time-out are there or not, and never lost twice.
eddy::task<> late(eddy::loop &) {
  elsewhere there;
  std::optional<eddy::completion<int>> kept;
  auto keep = [&](eddy::completion<int> done) { kept = std::move(done); };
  auto none = co_await eddy::from_callback<int>(keep).within(1ms).nothrow();
  CHECK(none.error() == std::errc::timed_out);
  kept->set(1);
  co_await eddy::yield();
  for (int i = 0; i < 300; i++) {
    auto start = [&](eddy::completion<int> done) { there.ask(1, [done](int m) { done.set(m); }); };
    auto n =
        co_await eddy::from_callback<int>(start).within(std::chrono::microseconds(i)).nothrow();
    CHECK(n ? *n == 2 : n.error() == std::errc::timed_out);
  }
}

eddy::task<> waits_for_ever(std::optional<eddy::completion<int>> &kept) {
  auto keep = [&](eddy::completion<int> done) { kept = std::move(done); };
  co_await eddy::from_callback<int>(keep);
}

// An awaitable that somebody else resumes.
class their_future {
public:
  their_future(elsewhere *there, bool ready, bool fails)
      : there_(there), ready_(ready), fails_(fails) {}
  bool await_ready() const { return ready_; }
  void await_suspend(std::coroutine_handle<> h) {
    there_->run([h] { h.resume(); });
  }
  std::string await_resume() const {
    if (fails_) throw std::runtime_error("theirs");
    return "theirs";
  }

private:
  elsewhere *there_;
  bool ready_, fails_;
};
struct has_operator {
  elsewhere *there;
  their_future operator co_await() const { return their_future(there, false, false); }
};

eddy::task<> theirs(eddy::loop &) {
  elsewhere there;
  auto ready = co_await eddy::foreign(their_future(&there, true, false));
  CHECK(ready == "theirs");
  their_future named(&there, false, false);
  auto later = co_await eddy::foreign(named);
  CHECK(later == "theirs");
  has_operator other{&there};
  auto by_operator = co_await eddy::foreign(other);
  CHECK(by_operator == "theirs");
  bool thrown = false;
  try {
    co_await eddy::foreign(their_future(&there, false, true));
  } catch (const std::runtime_error &) {
    thrown = true;
  }
  CHECK(thrown);
}

} // namespace

TEST(callbacks_of_other_threads) { test::on_loop(many); }
TEST(callbacks_of_this_thread) { test::on_loop(on_this_thread); }
TEST(late_ones) { test::on_loop(late); }
TEST(awaitables_of_others) { test::on_loop(theirs); }

// The loop has gone when it is used.
TEST(after_the_loop) {
  std::optional<eddy::completion<int>> kept;
  {
    eddy::loop l;
    l.spawn(waits_for_ever, std::ref(kept));
    l.cancel();
    try {
      l.run();
    } catch (const eddy::canceled &) {
    }
  }
  CHECK(!kept->set(1));
}

// Throws when it is copied or, if it is a bad one, moved.
class fragile {
public:
  explicit fragile(bool bad) : bad_(bad) {}
  fragile(const fragile &) { throw std::runtime_error("copied"); }
  fragile(fragile &&other) : bad_(other.bad_) {
    if (bad_) throw std::runtime_error("moved");
  }

private:
  bool bad_ = false;
};

// As another library calls it, which expects no exception: from the loop, when the task waits.
static eddy::task<> values_that_throw(eddy::loop &l) {
  auto used = [&l](eddy::completion<fragile> done, bool bad) {
    CHECK(l.remote().post([done, bad] {
      fragile value(bad);
      CHECK(bad ? done.set(std::move(value)) : done.set(value));
      CHECK(!done.set(fragile(false)));
    }));
  };
  auto copies = [&](eddy::completion<fragile> done) { used(std::move(done), false); };
  CHECK_THROWS(std::runtime_error, (void)co_await eddy::from_callback<fragile>(copies));
  auto moves = [&](eddy::completion<fragile> done) { used(std::move(done), true); };
  CHECK_THROWS(std::runtime_error, (void)co_await eddy::from_callback<fragile>(moves));
}

TEST(values_that_throw_end_the_wait) { test::on_loop(values_that_throw); }
