// Connected streams for tests.
#ifndef EDDY_TEST_CPP_NET_HPP
#define EDDY_TEST_CPP_NET_HPP

#include "test.hpp"

namespace test {

using steady = std::chrono::steady_clock;

// Keeps the processor for that long.
inline void compute(steady::duration d) {
  for (steady::time_point end = steady::now() + d; steady::now() < end;) {
  }
}

class pair {
public:
  pair() = default;
  pair(eddy::stream a, eddy::stream b) : one(std::move(a)), two(std::move(b)) {}
  eddy::stream one, two;
};

// Two ends of a TCP connection.
inline eddy::task<pair> connected(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  eddy::stream one(l);
  co_await one.connect(in.local_address());
  eddy::stream two = co_await in.accept();
  co_return pair(std::move(one), std::move(two));
}

// Runs a coroutine, a function of the loop, on a loop of its own.
template<class F>
void on_loop(F f) {
  eddy::loop l;
  l.run(f(l));
}

} // namespace test

#endif
