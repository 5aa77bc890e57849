// Coroutines that go to other threads and come back, with plain data, seen by ThreadSanitizer as in consumer_tsan.c.
#include <chrono>
#include <cstdio>
#include <eddy.hpp>
#include <future>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static eddy::task<long> hops(eddy::loop &home, eddy::loop &other) {
  auto count = std::make_unique<long>(0);
  for (int round = 0; round < 100; round++) {
    co_await eddy::hop(other);
    ++*count;
    co_await eddy::hop(home);
    ++*count;
  }
  co_return *count;
}

static eddy::task<long> offloads() {
  std::vector<long> parts(64);
  for (int round = 0; round < 20; round++) {
    auto fill = [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; i++) parts[i]++;
    };
    co_await eddy::parallel_for(0, parts.size(), 4, fill);
    auto sum = [&] { return ++parts[0]; };
    co_await eddy::offload(sum);
    --parts[0];
  }
  long all = 0;
  for (long part : parts) all += part;
  co_return all;
}

static eddy::task<long> asks() {
  long got = 0;
  for (int round = 0; round < 20; round++) {
    std::thread elsewhere;
    auto start = [&](eddy::completion<std::vector<long>> done) {
      elsewhere = std::thread([done] { done.set(std::vector<long>{1, 2}); });
    };
    auto values = co_await eddy::from_callback<std::vector<long>>(start);
    got += values[0] + values[1];
    elsewhere.join();
  }
  co_return got;
}

static eddy::task<long> all(eddy::loop &home, eddy::loop &other) {
  long sum = co_await hops(home, other);
  sum += co_await offloads();
  co_return sum + co_await asks();
}

static eddy::task<> until_stopped() {
  eddy::event never;
  co_await never.wait();
}

int main() {
  std::promise<eddy::loop *> opened;
  std::stop_source stop;
  std::thread thread([&] {
    eddy::loop other;
    opened.set_value(&other);
    try {
      other.run(eddy::with_stop(stop.get_token(), until_stopped()));
    } catch (const eddy::canceled &) {
    }
  });
  eddy::loop home, &other = *opened.get_future().get();
  long plain = 0; // the function that is posted is the other thread's from then on
  eddy::remote there = other.remote();
  std::promise<void> ran;
  plain++;
  bool taken = there.post([&] {
    plain++;
    ran.set_value();
  });
  ran.get_future().wait();
  long sum = home.run(all(home, other));
  stop.request_stop();
  thread.join();
  std::printf("%ld\n", sum + plain);
  return !taken || sum + plain != 200 + 64 * 20 + 60 + 2;
}
