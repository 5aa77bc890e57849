// A task that waits for an awaitable of another library, as docs/guide-cpp.md says.
#include "net.hpp"

namespace {

// Resumed by whoever has the handle, on the loop's thread.
class other_future {
public:
  explicit other_future(bool ready) : ready_(ready) {}
  bool await_ready() const { return ready_; }
  void await_suspend(std::coroutine_handle<> h) { waiting = h; }
  int await_resume() const { return 7; }

  std::coroutine_handle<> waiting;

private:
  bool ready_;
};

class elsewhere {
public:
  struct promise_type {
    elsewhere get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
};

elsewhere bring(other_future &what, int &value, eddy::event &done) {
  value = co_await what;
  done.set();
}

eddy::task<> until_set(eddy::event &e) { co_await e.wait(); }

eddy::task<int> through(other_future &what) {
  int value = 0;
  eddy::event done;
  eddy::loop &here = co_await eddy::this_loop();
  eddy::loop::hold until_then(here);
  bring(what, value, done);
  co_await eddy::shield(until_set(done));
  co_return value;
}

} // namespace

TEST(an_awaitable_of_others_that_is_ready) {
  eddy::loop l;
  other_future f(true);
  CHECK(l.run(through(f)) == 7);
}

static eddy::task<> resumes(other_future &f) {
  co_await eddy::sleep_for(2ms);
  f.waiting.resume();
}

TEST(an_awaitable_of_others_that_is_resumed_on_the_loops_thread) {
  eddy::loop l;
  other_future f(false);
  l.spawn(resumes, std::ref(f));
  CHECK(l.run(through(f)) == 7);
}

TEST(a_time_out_waits_for_it) {
  eddy::loop l;
  other_future f(false);
  l.spawn(resumes, std::ref(f));
  int n = l.run(eddy::with_timeout(through(f), 1ns));
  CHECK(n == 7); // it cannot be cancelled, and has a value
}
