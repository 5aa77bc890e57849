// <eddy/spawn.hpp>: what a spawned task keeps.
#include "net.hpp"

#include <memory>

static eddy::task<> takes(std::unique_ptr<int> owned, std::string text, int &sum) {
  co_await eddy::yield();
  sum += *owned + static_cast<int>(text.size());
}

class callable {
public:
  explicit callable(int &calls) : calls_(&calls) {}
  eddy::task<> operator()(int n) {
    co_await eddy::yield();
    *calls_ += n;
  }

private:
  int *calls_;
};

static eddy::task<> keeps(eddy::loop &l) {
  int sum = 0, calls = 0;
  {
    std::string text = "four";
    l.spawn(takes, std::make_unique<int>(1), text, std::ref(sum));
    text = "changed afterwards";
    callable named(calls);
    l.spawn(named, 1);
    l.spawn(callable(calls), 10);
  }
  while (calls < 11) co_await eddy::yield();
  CHECK(sum == 5);
}

TEST(copies_of_the_arguments_and_of_the_callable) { test::on_loop(keeps); }

static eddy::task<> ends_at_once(int &count) {
  count++;
  co_return;
}

static eddy::task<> starts_now(eddy::loop &l) {
  int count = 0;
  l.spawn(ends_at_once, std::ref(count));
  CHECK(count == 1); // until it first waits, inside the call
  co_return;
}

TEST(a_spawned_task_starts_inside_the_call) { test::on_loop(starts_now); }

static eddy::task<> spawns_on(eddy::loop &l, int depth, int &ended) {
  if (depth) l.spawn(spawns_on, std::ref(l), depth - 1, std::ref(ended));
  co_await eddy::yield();
  ended++;
}

TEST(tasks_spawn_tasks) {
  eddy::loop l;
  int ended = 0;
  l.spawn(spawns_on, std::ref(l), 100, std::ref(ended));
  l.run();
  CHECK(ended == 101);
}
