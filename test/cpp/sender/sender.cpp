// <eddy/sender.hpp>, with a stand-in for stdexec.
#include "net.hpp"

#include <eddy/sender.hpp>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <thread>

#if EDDY_SENDERS && !defined(__cpp_lib_senders)

static bool no_memory = false;

[[gnu::noinline]] void *operator new(std::size_t size) {
  void *memory = no_memory ? nullptr : std::malloc(size ? size : 1);
  if (!memory) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void *memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

namespace {

struct ends {
  std::atomic<int> values = 0, errors = 0, stops = 0;
  std::atomic<int> last = 0;
  std::error_code why;
  std::thread::id where;
  int all() const { return values + errors + stops; }
};

class receiver {
public:
  using receiver_concept = stdexec::receiver_base;
  explicit receiver(ends &e, std::stop_token token = {}) : ends_(&e), token_(std::move(token)) {}

  void set_value() noexcept { note(ends_->values); }
  void set_value(int n) noexcept {
    ends_->last = n;
    note(ends_->values);
  }
  void set_value(std::unique_ptr<int> n) noexcept { set_value(*n); }
  void set_error(std::exception_ptr thrown) noexcept {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::system_error &error) {
      ends_->why = error.code();
    } catch (const std::bad_alloc &) {
      ends_->why = make_error_code(std::errc::not_enough_memory);
    }
    note(ends_->errors);
  }
  void set_stopped() noexcept { note(ends_->stops); }

  struct env {
    std::stop_token token;
    auto stops() const { return stdexec::stop_token(token); }
  };
  env get_env() const { return {token_}; }

private:
  void note(std::atomic<int> &count) {
    ends_->where = std::this_thread::get_id();
    ++count;
  }

  ends *ends_;
  std::stop_token token_;
};

eddy::task<int> gives(int n) {
  co_await eddy::sleep_for(100us);
  co_return n;
}
eddy::task<std::unique_ptr<int>> gives_what_moves(int n) {
  co_await eddy::yield();
  co_return std::make_unique<int>(n);
}
eddy::task<> gives_nothing() { co_await eddy::yield(); }
eddy::task<eddy::result<int>> refuses() {
  co_await eddy::yield();
  co_return make_error_code(std::errc::address_in_use);
}
eddy::task<int> throws() {
  co_await eddy::yield();
  throw std::system_error(make_error_code(std::errc::broken_pipe));
}
eddy::task<> sleeps() { co_await eddy::sleep_for(1h); }

// Runs the loop until the operation has ended.
template<class T>
void run(eddy::task<T> work, ends &e, std::stop_token token = {}) {
  eddy::loop l;
  auto sender = eddy::as_sender(l, std::move(work));
  static_assert(stdexec::sender_in<decltype(sender), receiver::env>);
  auto operation = std::move(sender).connect(receiver(e, std::move(token)));
  static_assert(stdexec::operation_state<decltype(operation)>);
  eddy::loop::hold hold(l);
  operation.start();
  auto waits = [&]() -> eddy::task<> {
    while (!e.all()) co_await eddy::sleep_for(100us);
  };
  l.run(waits());
  CHECK(e.all() == 1 && e.where == std::this_thread::get_id());
}

} // namespace

TEST(every_end) {
  ends value, moved, nothing, error, thrown;
  run(gives(7), value);
  CHECK(value.values == 1 && value.last == 7);
  run(gives_what_moves(8), moved);
  CHECK(moved.values == 1 && moved.last == 8);
  run(gives_nothing(), nothing);
  CHECK(nothing.values == 1);
  run(refuses(), error);
  CHECK(error.errors == 1 && error.why == std::errc::address_in_use);
  run(throws(), thrown);
  CHECK(thrown.errors == 1 && thrown.why == std::errc::broken_pipe);
}

TEST(no_memory_is_one_error) {
  eddy::loop l;
  ends e;
  auto operation = eddy::as_sender(l, sleeps()).connect(receiver(e));
  no_memory = true;
  operation.start();
  no_memory = false;
  CHECK(e.all() == 1 && e.errors == 1 && e.why == std::errc::not_enough_memory);
}

TEST(a_stop_request_of_the_receiver) {
  std::stop_source before, later;
  before.request_stop();
  ends early, late;
  run(sleeps(), early, before.get_token());
  CHECK(early.stops == 1);
  std::jthread other([&] {
    std::this_thread::sleep_for(2ms);
    later.request_stop();
  });
  run(sleeps(), late, later.get_token());
  CHECK(late.stops == 1);
}

TEST(the_loop_ends) {
  ends begun, never, gone;
  auto l = std::make_unique<eddy::loop>();
  auto a = eddy::as_sender(*l, sleeps()).connect(receiver(begun));
  auto b = eddy::as_sender(*l, sleeps()).connect(receiver(never));
  auto c = eddy::as_sender(*l, sleeps()).connect(receiver(gone));
  a.start();
  l->run(gives_nothing());
  CHECK(begun.all() == 0);
  b.start();
  l.reset();
  CHECK(begun.stops == 1 && never.stops == 1);
  c.start();
  CHECK(gone.stops == 1);
}

TEST(started_by_other_threads) {
  constexpr int kEach = 200;
  eddy::loop l;
  ends e;
  std::optional<eddy::loop::hold> hold(l);
  auto work = [&] {
    for (int i = 0; i < kEach; i++) {
      // What is told of the end may destroy the operation.
      auto operation = eddy::as_sender(l, gives(i)).connect(receiver(e));
      int before = e.values;
      operation.start();
      while (e.values == before) std::this_thread::yield();
    }
  };
  std::thread one(work);
  auto waits = [&]() -> eddy::task<> {
    while (e.all() < kEach) co_await eddy::sleep_for(1ms);
  };
  l.run(waits());
  one.join();
  hold.reset();
  CHECK(e.values == kEach);
}

#else
TEST(no_senders_here) {}
#endif
