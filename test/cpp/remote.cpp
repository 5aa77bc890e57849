// <eddy/remote.hpp>: functions posted to a loop.
#include "test.hpp"

#include <atomic>
#include <memory>
#include <thread>

namespace {

// Counts its calls, and where it is destroyed.
class traced {
public:
  struct counts {
    std::atomic<int> calls = 0, gone = 0;
    std::atomic<std::thread::id> destroyed_on;
  };
  explicit traced(counts &c) : counts_(&c) {}
  traced(traced &&other) noexcept : counts_(std::exchange(other.counts_, nullptr)) {}
  traced &operator=(traced &&) = delete;
  ~traced() {
    if (!counts_) return;
    counts_->destroyed_on = std::this_thread::get_id();
    counts_->gone++;
  }
  void operator()() const { counts_->calls++; }

private:
  counts *counts_;
};

} // namespace

static eddy::task<> waits(eddy::event &done) { co_await done.wait(); }

TEST(posts_run_on_the_loops_thread_in_order) {
  constexpr int kThreads = 4, kPosts = 2000;
  eddy::loop l;
  eddy::loop::hold until_then(l);
  eddy::event done;
  std::vector<std::vector<int>> got(kThreads); // only the loop's thread touches it
  int left = kThreads * kPosts;
  std::thread::id mine = std::this_thread::get_id();
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t, remote = l.remote()] {
      for (int i = 0; i < kPosts; i++) {
        bool accepted = remote.post([&, t, i] {
          CHECK(std::this_thread::get_id() == mine);
          got[t].push_back(i);
          if (--left == 0) done.set();
        });
        CHECK(accepted);
      }
    });
  }
  l.run(waits(done));
  for (std::thread &each : threads) each.join();
  for (const std::vector<int> &of_one : got) {
    CHECK(of_one.size() == kPosts);
    for (int i = 0; i < kPosts; i++) CHECK(of_one[static_cast<std::size_t>(i)] == i);
  }
}

static eddy::task<> sets(eddy::event &done) {
  co_await eddy::yield();
  done.set();
}

TEST(a_post_starts_a_task_and_posts_on) {
  eddy::loop l;
  eddy::event done;
  eddy::remote remote = l.remote();
  traced::counts counts;
  auto second = [&] { l.spawn(sets, std::ref(done)); };
  auto first = [&, once = std::make_unique<int>(1)] { CHECK(*once == 1 && remote.post(second)); };
  CHECK(remote.post(std::move(first)));
  CHECK(remote.post(traced(counts)));
  l.run(waits(done));
  CHECK(counts.calls == 1 && counts.gone == 1);
}

TEST(a_post_to_a_loop_that_is_gone) {
  eddy::remote remote;
  traced::counts counts;
  {
    eddy::loop l;
    remote = l.remote();
  }
  std::thread::id other;
  std::thread([&] {
    other = std::this_thread::get_id();
    CHECK(!remote.post(traced(counts)));
    CHECK(counts.gone == 1);
  }).join();
  CHECK(counts.calls == 0 && counts.gone == 1 && counts.destroyed_on.load() == other);
}

TEST(a_loop_that_ends_before_the_post_ran) {
  traced::counts counts;
  {
    eddy::loop l;
    CHECK(l.remote().post(traced(counts)));
  }
  CHECK(counts.calls == 0 && counts.gone == 1);
  {
    eddy::loop l;
    CHECK(l.remote().post(traced(counts)));
    CHECK(eddy_loop_drain(l.get(), 0) == 0);
  }
  CHECK(counts.calls == 0 && counts.gone == 2);
}

static eddy::task<> posts_at_its_end(eddy::remote remote, traced::counts &counts) {
  auto sleep = []() -> eddy::task<> { co_await eddy::sleep_for(1h); };
  (void)co_await sleep().nothrow(); // cancelled
  CHECK(remote.post(traced(counts)));
  eddy::event never;
  auto patient = [&]() -> eddy::task<> { (void)co_await never.wait().within(5ms).nothrow(); };
  co_await eddy::shield(patient());
}

// What tasks still wait for is run.
TEST(posts_run_while_the_tasks_of_an_ending_loop_do) {
  traced::counts counts;
  {
    eddy::loop l;
    l.spawn(posts_at_its_end, l.remote(), std::ref(counts));
  }
  CHECK(counts.calls == 1 && counts.gone == 1);
}

TEST(posts_race_the_end_of_the_loop) {
  for (int i = 0; i < 300; i++) {
    traced::counts counts;
    int accepted = 0, refused = 0;
    std::atomic<bool> began = false;
    std::thread other;
    {
      eddy::loop l;
      other = std::thread([&, remote = l.remote()] {
        while (!refused) {
          bool taken = remote.post(traced(counts));
          (taken ? accepted : refused)++;
          began = true;
          for (volatile int spin = 0; spin < i % 16 * 30;)
            spin = spin + 1; // at some ends it never leaves off
        }
      });
      while (!began) std::this_thread::yield();
      if (i % 2) l.run([]() -> eddy::task<> { co_await eddy::yield(); }());
    }
    other.join();
    CHECK(accepted >= 1 && refused == 1);
    CHECK(counts.gone == accepted + refused && counts.calls <= accepted);
  }
}
