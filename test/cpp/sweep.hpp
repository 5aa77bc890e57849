// An operation, cancelled at every turn of its life in turn.
#ifndef EDDY_TEST_CPP_SWEEP_HPP
#define EDDY_TEST_CPP_SWEEP_HPP

#include "net.hpp"

namespace test {

// When something happens: -1 is before the operation begins, 0 after that in the same turn, 1 in the next...
struct moment {
  int event, cancel;
};

// One round; gives whether the operation ended before it was cancelled. The event comes before a cancel at the same
// moment, and after one of the moment before, in its turn.
template<class Op, class Event>
eddy::task<bool> cancelled_at(moment when, Op &op, Event &event) {
  bool over = false, happened = false, by_itself = false;
  auto happens = [&] {
    if (!std::exchange(happened, true)) event();
  };
  auto runs = [&]() -> eddy::task<> {
    co_await op();
    over = true;
  };
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    if (when.event == -1) happens();
    if (when.cancel == -1) {
      s.cancel();
      if (when.event == 0) happens();
    }
    s.spawn(runs);
    for (int turn = 0; when.cancel >= 0; turn++) {
      if (when.event == turn) happens();
      by_itself = over;
      if (over) co_return;
      if (when.cancel == turn) break;
      co_await eddy::yield();
    }
    s.cancel();
    if (when.event == when.cancel + 1) happens();
  };
  co_await s.run(body);
  CHECK(over);
  happens();
  co_return by_itself;
}

// `op` is a function that gives a task<>: it takes its results without exceptions. `event` is what ends it, a plain
// function, called once in each round. After each round `check`, a function that gives a task<>, goes on with whatever
// `op` used and finds all that it should.
template<class Op, class Event, class Check>
eddy::task<> sweep(Op op, Event event, Check check) {
  for (int at = -1; at < 4; at++) {
    for (int k = -1;; k += k < 12 ? 1 : k / 4) {
      CHECK(k < 1'000'000);
      moment when{at, k};
      bool by_itself = co_await cancelled_at(when, op, event);
      co_await check();
      if (by_itself) break;
    }
  }
}

} // namespace test

#endif
