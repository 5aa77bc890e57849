// Without memory: whichever allocation fails, std::bad_alloc comes out, all has ended by then, and what tasks have taken is
// not lost.
#include "net.hpp"

#include <functional>
#include <new>

static int allocations_to_come = -1; // until one fails

// Not inlined, or g++ sees free() meet operator new, and warns.
[[gnu::noinline]] void *operator new(std::size_t size) {
  if (allocations_to_come >= 0 && allocations_to_come-- == 0) throw std::bad_alloc();
  if (void *memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void *memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

// Runs a task again and again, and lets its first, second... allocation fail, until none does. `check` is told whether
// it came to its end.
static void fail_each(std::function<eddy::task<>()> run, std::function<void(bool)> check) {
  for (int n = 0;; n++) {
    eddy::loop l;
    bool came = false;
    auto catches = [&]() -> eddy::task<> {
      try {
        allocations_to_come = n;
        co_await run();
        came = true;
      } catch (const std::bad_alloc &) {
      }
    };
    l.run(catches());
    bool failed = allocations_to_come < 0;
    allocations_to_come = -1;
    CHECK(came || failed);
    check(came);
    if (!failed) return;
  }
}

static int left; // values that nobody has taken

static eddy::task<int> takes(int at_turn) {
  for (int i = 0; i < at_turn; i++) co_await eddy::yield();
  left--;
  co_return 1;
}

static std::vector<eddy::task<int>> three() {
  std::vector<eddy::task<int>> tasks;
  for (int i = 0; i < 3; i++) tasks.push_back(takes(1));
  return tasks;
}

// Each value that was taken was given.
static void gives_what_it_takes(std::function<eddy::task<int>()> gives) {
  int given = 0;
  auto run = [&]() -> eddy::task<> { given = co_await gives(); };
  auto check = [&](bool came) {
    CHECK(came ? given + left == 3 : left == 3);
    left = 3;
  };
  left = 3;
  fail_each(run, check);
}

static eddy::task<int> all_of_three() {
  auto values = co_await eddy::when_all(three());
  co_return static_cast<int>(values.size());
}

static eddy::task<int> any_of_three() {
  auto ended = co_await eddy::when_any(three());
  int n = 0;
  for (auto &each : ended.outcomes) n += each.has_value();
  co_return n;
}

static eddy::task<int> all_of_two() {
  auto both = co_await eddy::when_all(takes(1), takes(2));
  co_return std::get<0>(both) + std::get<1>(both);
}

static eddy::task<int> any_of_two() {
  auto ended = co_await eddy::when_any(takes(2), takes(1));
  co_return int(std::get<0>(ended.outcomes).has_value()) +
      int(std::get<1>(ended.outcomes).has_value());
}

static eddy::task<int> in_time() {
  int n = co_await eddy::with_timeout(takes(1), 1h);
  co_return n;
}

TEST(when_all) {
  gives_what_it_takes(all_of_three);
  gives_what_it_takes(all_of_two);
}
TEST(when_any) {
  gives_what_it_takes(any_of_three);
  gives_what_it_takes(any_of_two);
}
TEST(with_timeout) { gives_what_it_takes(in_time); }

static eddy::task<int> selects_one() {
  eddy::event never, set;
  set.set();
  using wait = decltype(never.wait());
  std::vector<wait> waits;
  waits.push_back(never.wait());
  waits.push_back(set.wait());
  auto which = co_await eddy::select(std::move(waits));
  CHECK(which == 1);
  waits.clear();
  waits.push_back(never.wait());
  auto late = co_await eddy::with_timeout(eddy::select(std::move(waits)), 0s).nothrow();
  CHECK(!late);
  left--;
  co_return 1;
}

TEST(select) { gives_what_it_takes(selects_one); }

static eddy::task<> nothing() { co_await eddy::yield(); }

// What a scope has begun has ended when it throws, and its exit tasks have run.
TEST(scope) {
  int begun = 0, ended = 0, promised = 0, exits = 0;
  auto child = [&]() -> eddy::task<> {
    begun++;
    (void)co_await eddy::yield().nothrow();
    ended++;
  };
  auto last = [&] {
    exits++;
    return nothing();
  };
  auto run = [&]() -> eddy::task<> {
    eddy::scope s;
    auto body = [&]() -> eddy::task<> {
      s.on_exit(last);
      promised++;
      s.spawn(child);
      co_await child();
    };
    co_await s.run(body);
  };
  auto check = [&](bool) { CHECK(begun == ended && promised == exits); };
  fail_each(run, check);
}

static eddy::async_generator<std::string> texts() {
  for (int i = 0; i < 3; i++) {
    co_await nothing();
    co_yield std::string(100, 'x');
  }
}

// It ends with what its body throws, and gives nothing after that.
TEST(generator) {
  auto run = []() -> eddy::task<> {
    auto all = texts();
    bool failed = false;
    try {
      for (;;) {
        auto text = co_await all.next();
        if (!text) co_return;
      }
    } catch (const std::bad_alloc &) {
      failed = true;
    }
    auto end = co_await all.next();
    CHECK(failed && !end);
    throw std::bad_alloc();
  };
  auto check = [](bool) {};
  fail_each(run, check);
}
