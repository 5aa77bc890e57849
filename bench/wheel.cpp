// The timer wheel alone, in virtual time: nanoseconds per call.
//
//   wheel [pending ops, 1000000 by default] [case, all by default]
//
// "in order" goes over the ops as they lie in memory, "shuffled" in random order: each op is a
// cache miss. Figures include the next() of a turn for every 128 calls, and so what re-arms left
// to it; "alone" ones do not.
// Instructions per call: valgrind --tool=callgrind wheel N CASE.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <numeric>
#include <random>
#include <vector>

#include "core/wheel.hpp"

namespace {

using eddy::Op;
using eddy::Time;
using eddy::Wheel;

constexpr Time kSecond = 1000000000, kMillisecond = 1000000, kStart = 86400 * 30 * kSecond;

double clock_now() {
  timespec ts;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts); // other work on the machine does not count
  return static_cast<double>(ts.tv_sec) * 1e9 + static_cast<double>(ts.tv_nsec);
}

struct Bench {
  size_t n;
  std::vector<eddy_op_t> memory;
  std::vector<uint32_t> order, straight;
  std::vector<Time> deadlines;
  std::mt19937_64 random{1};
  eddy::Memory source;
  Wheel wheel;
  uint64_t sequence = 0;
  Time now = kStart;

  explicit Bench(size_t count) : n(count), memory(count), order(count), deadlines(count) {
    memset(static_cast<void *>(memory.data()), 0, count * sizeof(eddy_op_t));
    std::iota(order.begin(), order.end(), 0u);
    straight = order;
    std::shuffle(order.begin(), order.end(), random);
    wheel.init(&source, now);
  }
  ~Bench() { wheel.destroy(); }

  Op &op(uint32_t i) { return eddy::op_of(&memory[i]); }

  void draw(bool equal) {
    for (auto &at : deadlines)
      at = now + (equal ? 30 * kSecond : kSecond + random() % (59 * kSecond));
  }

  // A turn of the loop for every 128 calls.
  template<class F>
  void turns(const std::vector<uint32_t> &which, F f) {
    for (size_t at = 0; at < which.size(); ++at) {
      f(op(which[at]), deadlines[at]);
      if (at % 128 == 0) wheel.next();
    }
  }

  void insert_all(const std::vector<uint32_t> &which) {
    turns(which, [&](Op &one, Time at) {
      one.deadline = at;
      one.sequence = ++sequence;
      wheel.insert(one);
    });
  }

  void remove_all(const std::vector<uint32_t> &which) {
    turns(which, [&](Op &one, Time) { wheel.remove(one); });
  }

  void rearm_all(const std::vector<uint32_t> &which) {
    turns(which, [&](Op &one, Time at) { wheel.rearm(one, at, ++sequence); });
  }

  size_t fire_all(Time step) {
    size_t fired = 0;
    Time last = 0;
    while (!wheel.empty()) {
      now += step;
      if (wheel.next() > now) continue;
      eddy::TimerList due;
      wheel.expire(now, due);
      while (Op *one = due.pop_front()) {
        if (one->deadline < last || one->deadline > now || one->cb) abort();
        last = one->deadline;
        ++fired;
      }
    }
    return fired;
  }

  template<class F>
  void time(const char *what, size_t calls, F f) {
    double begin = clock_now();
    f();
    printf("  %-44s %7.1f ns\n", what, (clock_now() - begin) / static_cast<double>(calls));
  }
};

void churn(Bench &b, bool equal) {
  b.draw(equal);
  b.time("insert, first time (grows)", b.n, [&] { b.insert_all(b.straight); });
  b.time("cancel, in order", b.n, [&] { b.remove_all(b.straight); });
  b.draw(equal);
  b.time("insert, in order", b.n, [&] { b.insert_all(b.straight); });
  b.time("cancel, shuffled", b.n, [&] { b.remove_all(b.order); });
  b.time("insert, shuffled", b.n, [&] { b.insert_all(b.order); });
  for (auto &at : b.deadlines) at += 60 * kSecond;
  b.time("re-arm later, in order, alone", b.n, [&] {
    for (uint32_t i : b.straight) b.wheel.rearm(b.op(i), b.deadlines[i], ++b.sequence);
  });
  b.wheel.next();
  for (auto &at : b.deadlines) at += 60 * kSecond;
  b.time("re-arm later, in order", b.n, [&] { b.rearm_all(b.straight); });
  b.time("re-arm later, shuffled", b.n, [&] { b.rearm_all(b.order); });
  for (auto &at : b.deadlines) at -= 120 * kSecond;
  b.time("re-arm earlier, in order", b.n, [&] { b.rearm_all(b.straight); });
  b.remove_all(b.order);
}

void fire(Bench &b, bool equal, Time step, const char *what) {
  b.draw(equal);
  b.insert_all(b.straight);
  b.time(what, b.n, [&] {
    if (b.fire_all(step) != b.n) abort();
  });
}

// Every op is an idle time-out of a minute that each message moves; a turn has 100 messages.
void idle(Bench &b) {
  std::fill(b.deadlines.begin(), b.deadlines.end(), b.now + 60 * kSecond);
  b.insert_all(b.straight);
  size_t turns = b.n / 100 * 10 + 1;
  eddy::TimerList due;
  b.time("idle time-outs, per message", turns * 100, [&] {
    for (size_t turn = 0, at = 0; turn < turns; ++turn) {
      b.now += 100000;
      for (int i = 0; i < 100; ++i, at = at + 1 == b.n ? 0 : at + 1)
        b.wheel.rearm(b.op(b.order[at]), b.now + 60 * kSecond, ++b.sequence);
      b.wheel.next();
      b.wheel.expire(b.now, due);
    }
  });
  if (!due.empty()) abort();
  b.remove_all(b.straight);
}

// One op with a short deadline comes and goes in each turn, over the others.
void turn(Bench &b, bool equal) {
  b.draw(equal);
  b.insert_all(b.straight);
  eddy_op_t memory = {};
  Op &op = eddy::op_of(&memory);
  eddy::TimerList due;
  constexpr size_t kTurns = 1000000;
  b.time("a turn: insert, next, expire, cancel, next", kTurns, [&] {
    for (size_t i = 0; i < kTurns; ++i) {
      b.now += 500;
      op.deadline = b.now + 10 * kMillisecond;
      op.sequence = ++b.sequence;
      b.wheel.insert(op);
      b.wheel.next();
      b.wheel.expire(b.now, due);
      b.wheel.remove(op);
      b.wheel.next();
    }
  });
  b.remove_all(b.straight);
}

} // namespace

int main(int argc, char **argv) {
  size_t n = argc > 1 ? strtoull(argv[1], nullptr, 10) : 1000000;
  const char *only = argc > 2 ? argv[2] : "";
  struct {
    const char *name;
    void (*run)(Bench &);
  } cases[] = {
      {"churn", [](Bench &b) { churn(b, false); }},
      {"churn-equal", [](Bench &b) { churn(b, true); }},
      {"fire-1ms", [](Bench &b) { fire(b, false, kMillisecond, "fire, steps of 1 ms"); }},
      {"fire-50us", [](Bench &b) { fire(b, false, 50000, "fire, steps of 50 us"); }},
      {"fire-jump", [](Bench &b) { fire(b, false, 100 * kSecond, "fire, one jump"); }},
      {"fire-equal", [](Bench &b) { fire(b, true, kSecond, "fire, all equal"); }},
      {"idle", idle},
      {"turn", [](Bench &b) { turn(b, false); }},
      {"turn-equal", [](Bench &b) { turn(b, true); }},
  };
  for (auto &one : cases) {
    if (*only && strcmp(only, one.name)) continue;
    printf("%s, %zu pending\n", one.name, n);
    Bench bench(n);
    one.run(bench);
  }
}
