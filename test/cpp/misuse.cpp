// Misuse is loud: a line that names the mistake, then abort.
#include "net.hpp"

#include <memory>

namespace {

// Shows a coroutine's handle to the test, as no program should.
class expose {
public:
  explicit expose(std::coroutine_handle<> &out) : out_(out) {}
  class awaiter {
  public:
    explicit awaiter(std::coroutine_handle<> &out) : out_(out) {}
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> h) const {
      out_ = h;
      return false;
    }
    void await_resume() const {}

  private:
    std::coroutine_handle<> &out_;
  };
  awaiter eddy_await(eddy::detail::fiber &) const { return awaiter(out_); }

private:
  std::coroutine_handle<> &out_;
};

// A coroutine type that is none of eddy's.
class foreign {
public:
  struct promise_type {
    foreign get_return_object() {
      return foreign(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  explicit foreign(std::coroutine_handle<promise_type> h) : handle(h) {}
  std::coroutine_handle<promise_type> handle;
};

} // namespace

static eddy::task<> sleeps() { co_await eddy::sleep_for(1h); }

static eddy::task<> sleeps_exposed(std::coroutine_handle<> &out) {
  co_await expose(out);
  co_await eddy::sleep_for(1h);
}

static eddy::task<> destroys(eddy::loop &l) {
  std::coroutine_handle<> h;
  l.spawn(sleeps_exposed, std::ref(h));
  h.destroy();
  co_return;
}

TEST(destroying_a_task_whose_operation_is_in_flight) {
  test::expect_abort([] { test::on_loop(destroys); }, "operation is in flight");
}

static eddy::task<> waits_exposed(std::coroutine_handle<> &out, eddy::event &e) {
  co_await expose(out);
  co_await e.wait();
}

static eddy::task<> destroys_waiter(eddy::loop &l) {
  std::coroutine_handle<> h;
  eddy::event e;
  l.spawn(waits_exposed, std::ref(h), std::ref(e));
  h.destroy();
  co_return;
}

TEST(destroying_a_task_that_waits) {
  test::expect_abort([] { test::on_loop(destroys_waiter); }, "destroyed before it had ended");
}

static foreign sleeps_elsewhere(eddy::loop &l) { co_await eddy::sleep_for(l, 1h); }

TEST(destroying_a_foreign_coroutine_whose_operation_is_in_flight) {
  test::expect_abort(
      [] {
        eddy::loop l;
        sleeps_elsewhere(l).handle.destroy();
      },
      "operation is in flight");
}

static foreign reads_elsewhere(eddy::loop &l, bool &late) {
  auto r = co_await eddy::sleep_for(l, 1h).within(1ms).nothrow();
  late = r.error() == std::errc::timed_out;
}

TEST(foreign_coroutines_can_await_operations) {
  eddy::loop l;
  bool late = false;
  foreign f = reads_elsewhere(l, late);
  while (!late) eddy_loop_step(l.get(), EDDY_NEVER);
  f.handle.destroy();
}

static foreign knows_no_loop() { co_await eddy::sleep_for(1h); }

TEST(a_foreign_coroutine_has_no_loop) {
  test::expect_abort([] { (void)knows_no_loop(); }, "does not know its loop");
}

static eddy::task<> twice() {
  eddy::task<> t = sleeps();
  (void)co_await eddy::with_timeout(std::move(t), 1ms).nothrow();
  co_await std::move(t);
}

TEST(awaiting_a_task_twice) {
  test::expect_abort([] { test::on_loop([](eddy::loop &) { return twice(); }); }, "awaited twice");
}

static eddy::task<> empty() { co_await eddy::task<>(); }

TEST(awaiting_no_task) {
  test::expect_abort([] { test::on_loop([](eddy::loop &) { return empty(); }); }, "awaited twice");
}

static eddy::task<> forgets_to_join(eddy::loop &l) {
  std::coroutine_handle<> h;
  {
    eddy::scope s;
    auto body = [&]() -> eddy::task<> { co_await sleeps_exposed(h); };
    l.spawn(s.run(body));
  } // the scope goes, its tasks do not
  co_return;
}

TEST(a_scope_that_is_not_joined) {
  test::expect_abort([] { test::on_loop(forgets_to_join); }, "scope was destroyed before");
}

static eddy::task<> spawns_outside() {
  eddy::scope s;
  s.spawn(sleeps);
  co_return;
}

TEST(spawning_into_a_scope_that_does_not_run) {
  test::expect_abort([] { test::on_loop([](eddy::loop &) { return spawns_outside(); }); },
                     "not running");
}

static eddy::task<> waits_for_ever() {
  eddy::event never;
  co_await never.wait();
}

TEST(waiting_for_what_cannot_come) {
  test::expect_abort([] { test::on_loop([](eddy::loop &) { return waits_for_ever(); }); },
                     "nothing that it could wait for");
}

TEST(a_loop_that_goes_before_its_handles) {
  test::expect_abort(
      [] {
        eddy::stream s;
        eddy::loop l;
        s = eddy::stream(l);
      },
      "a loop was destroyed before");
}

TEST(primitives_that_go_before_their_waiters) {
  test::expect_abort(
      [] {
        test::on_loop([](eddy::loop &l) -> eddy::task<> {
          {
            eddy::event e;
            auto waits = [](eddy::event &what) -> eddy::task<> { co_await what.wait(); };
            l.spawn(waits, std::ref(e));
          }
          co_return;
        });
      },
      "destroyed while a task waits");
}

TEST(a_locked_mutex) {
  test::expect_abort(
      [] {
        // Never destroyed: gcc would follow the guard into a mutex that is gone.
        auto *held = new eddy::mutex::guard;
        eddy::mutex m;
        *held = m.try_lock();
      },
      "mutex was destroyed while it is locked");
}

TEST(a_latch_below_zero) {
  test::expect_abort(
      [] {
        eddy::latch l(1);
        l.count_down(2);
      },
      "below zero");
}

static eddy::task<> waits_on(eddy::timer &t) { co_await t.wait(); }

static eddy::task<> two_on_a_timer(eddy::loop &l) {
  eddy::timer t(l, 1h);
  l.spawn(waits_on, std::ref(t));
  co_await t.wait();
}

TEST(two_tasks_wait_for_a_timer) {
  test::expect_abort([] { test::on_loop(two_on_a_timer); }, "two tasks wait for one timer");
}

static eddy::task<> asks(eddy::accept_reader &from) {
  auto got = co_await from.next().within(1h).nothrow();
  CHECK(got);
}

// The first has been handed a connection, and goes on in the next turn only.
static eddy::task<> two_on_a_reader(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  auto clients = in.accept_many();
  l.spawn(asks, std::ref(clients));
  co_await eddy::yield();
  eddy::stream client(l);
  co_await client.connect(in.local_address());
  for (;;) {
    auto more = co_await clients.next().within(1ms).nothrow();
    if (more) break;
  }
}

TEST(two_tasks_ask_a_reader) {
  test::expect_abort([] { test::on_loop(two_on_a_reader); }, "two tasks wait for one reader");
}

static eddy::async_generator<int> slow() {
  co_await eddy::sleep_for(1h);
  co_yield 1;
}

static eddy::task<> drops_a_busy_generator(eddy::loop &l) {
  auto *source = new eddy::async_generator<int>(slow());
  auto asks = [](eddy::async_generator<int> &g) -> eddy::task<> { co_await g.next(); };
  l.spawn(asks, std::ref(*source));
  delete source;
  co_return;
}

TEST(a_generator_that_goes_while_it_runs) {
  test::expect_abort([] { test::on_loop(drops_a_busy_generator); }, "generator was destroyed");
}

// Cancelled, but it has not gone on yet.
template<class Owned, class Wait>
static eddy::task<> drops_what_is_left(Owned owned, Wait wait) {
  eddy::scope s;
  auto waits = [&]() -> eddy::task<> { co_await wait(*owned); };
  auto body = [&]() -> eddy::task<> {
    s.spawn(waits);
    co_await eddy::yield();
    s.cancel();
    owned.reset();
  };
  co_await s.run(body);
}

TEST(readers_and_timers_that_go_before_who_waits) {
  test::expect_abort(
      [] {
        eddy::loop l;
        eddy::listener in(l, eddy::address::loopback(0));
        auto wait = [](eddy::accept_reader &r) { return r.next(); };
        l.run(drops_what_is_left(std::make_unique<eddy::accept_reader>(in.accept_many()), wait));
      },
      "a reader was destroyed");
  test::expect_abort(
      [] {
        eddy::loop l;
        auto wait = [](eddy::timer &t) { return t.wait(); };
        l.run(drops_what_is_left(std::make_unique<eddy::timer>(l, 1h), wait));
      },
      "a timer was destroyed");
}

template<class Op>
static eddy::task<> awaits(Op &op) {
  co_await op;
}

template<class Op>
static eddy::task<> awaits_twice(Op op) {
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(awaits<Op>, std::ref(op));
    s.spawn(awaits<Op>, std::ref(op));
    co_return;
  };
  co_await s.run(body);
}

static eddy::task<> reads_twice(eddy::loop &l) {
  auto both = co_await test::connected(l);
  std::array<char, 8> bytes;
  co_await awaits_twice(both.two.read(bytes));
}

static eddy::task<> sleeps_twice(eddy::loop &) { co_await awaits_twice(eddy::sleep_for(1h)); }

TEST(one_operation_for_two_tasks) {
  auto reading = [] { test::on_loop(reads_twice); };
  auto sleeping = [] { test::on_loop(sleeps_twice); };
  test::expect_abort(reading, "awaited by two tasks");
  test::expect_abort(sleeping, "awaited by two tasks");
}

TEST(joinable_of_no_task) {
  auto over = [] { (void)eddy::joinable<int>().over(); };
  auto joins = [] { (void)eddy::joinable<int>().join(); };
  auto outcome = [] { (void)eddy::joinable<int>().outcome(); };
  test::expect_abort(over, "a joinable was asked");
  test::expect_abort(joins, "a joinable was asked");
  test::expect_abort(outcome, "a joinable was asked");
}
