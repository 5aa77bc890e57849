// Another loop, for tasks that go there.
#pragma once

#include "net.hpp"

#include <atomic>
#include <thread>

namespace test {

// A loop that runs on a thread of its own until it is stopped.
class other_thread {
public:
  other_thread() {
    std::atomic<eddy::loop *> where = nullptr;
    thread_ = std::thread([this, &where] {
      eddy::loop l;
      where = &l;
      CHECK_THROWS(eddy::canceled, l.run(eddy::with_stop(source_.get_token(), idle())));
    });
    while (!where) std::this_thread::yield();
    loop_ = where;
  }
  ~other_thread() {
    source_.request_stop();
    thread_.join();
  }
  eddy::loop &loop() { return *loop_; }

private:
  static eddy::task<> idle() {
    eddy::event never;
    co_await never.wait();
  }
  std::stop_source source_;
  std::thread thread_;
  eddy::loop *loop_;
};

} // namespace test
