// The timer wheel: against a plain heap, and the corners by hand.
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

extern "C" {
#include <cmocka.h>
}

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <vector>

#include "core/wheel.hpp"
#include "reference_heap.hpp"
#include "wheel_check.hpp"

using eddy::Op;
using eddy::Time;
using eddy::Wheel;

namespace {

constexpr Time kSecond = 1000000000, kNow = 12345 * kSecond;

// An allocator that counts, and refuses some of the calls.
struct Supply {
  size_t bytes = 0, calls = 0;
  unsigned refuse_percent = 0;
  std::minstd_rand random{1};
  eddy::Memory memory;

  Supply() {
    memory.context = this;
    memory.alloc = [](void *context, size_t size) -> void * {
      auto self = static_cast<Supply *>(context);
      if (self->random() % 100 < self->refuse_percent) return nullptr;
      self->bytes += size;
      ++self->calls;
      return malloc(size);
    };
    memory.release = [](void *context, void *memory, size_t size) {
      static_cast<Supply *>(context)->bytes -= size;
      free(memory);
    };
  }
};

struct Fixture {
  Supply supply;
  Wheel wheel;
  std::vector<Op> ops;
  uint64_t sequence = 0;

  explicit Fixture(size_t count, unsigned refuse_percent = 0) : ops(count) {
    supply.refuse_percent = refuse_percent;
    wheel.init(&supply.memory, kNow);
  }
  ~Fixture() {
    wheel.destroy();
    assert_int_equal(supply.bytes, 0);
  }

  void insert(size_t i, Time at) {
    ops[i].deadline = at;
    ops[i].sequence = ++sequence;
    wheel.insert(ops[i]);
    assert_true(ops[i].bits & eddy::kTimed);
  }
  void rearm(size_t i, Time at) { wheel.rearm(ops[i], at, ++sequence); }
  void remove(size_t i) {
    wheel.remove(ops[i]);
    assert_false(ops[i].bits & eddy::kTimed);
  }

  // What comes due, as indexes.
  std::vector<size_t> expire(Time now) {
    eddy::TimerList due;
    std::vector<size_t> fired;
    wheel.expire(now, due);
    const Op *before = nullptr;
    for (Op *op = due.head; op; op = op->timer_next) {
      assert_false(op->bits & eddy::kTimed);
      assert_true(op->deadline <= now);
      assert_ptr_equal(op->timer_prev, before);
      before = op;
      fired.push_back(static_cast<size_t>(op - ops.data()));
    }
    assert_ptr_equal(due.tail, before);
    return fired;
  }
};

using Indexes = std::vector<size_t>;

void an_empty_wheel_has_no_deadline(void **) {
  Fixture f(1);
  assert_true(f.wheel.empty());
  assert_true(f.wheel.next() == eddy::kNever);
  assert_true(f.expire(kNow + 100 * kSecond).empty());
  assert_int_equal(f.supply.calls, 0);
  f.insert(0, kNow + 1);
  f.remove(0);
  assert_true(f.wheel.empty());
  assert_true(f.wheel.next() == eddy::kNever);
}

void ops_come_due_in_order_and_never_early(void **) {
  Fixture f(4);
  f.insert(0, kNow + 30);
  f.insert(1, kNow + 10);
  f.insert(2, kNow + 20);
  f.insert(3, kNow - 5); // already past
  assert_true(f.wheel.next() == kNow - 5);
  assert_true(f.expire(kNow + 9) == Indexes{3});
  assert_true(f.wheel.next() == kNow + 10);
  assert_true(f.expire(kNow + 9).empty());
  assert_true(f.expire(kNow + 29) == (Indexes{1, 2}));
  assert_true(f.expire(kNow + 30) == Indexes{0});
  assert_true(f.wheel.empty());
}

void equal_deadlines_go_by_sequence(void **) {
  Fixture f(1000);
  Indexes expected;
  for (size_t i = 0; i < 1000; ++i) f.insert(i, kNow + kSecond);
  for (size_t i = 0; i < 1000; i += 3) f.remove(i); // holes, filled out of order
  for (size_t i = 0; i < 1000; i += 3) f.insert(i, kNow + kSecond);
  assert_true(f.wheel.next() == kNow + kSecond);
  for (size_t i = 0; i < 1000; ++i)
    if (i % 3) expected.push_back(i);
  for (size_t i = 0; i < 1000; i += 3) expected.push_back(i);
  assert_true(f.expire(kNow + kSecond - 1).empty());
  assert_true(f.expire(kNow + kSecond) == expected);
}

void due_ops_go_behind_older_ones(void **) {
  Fixture f(3);
  f.insert(0, kNow + 2);
  f.insert(1, kNow + 1);
  Op older = {};
  eddy::TimerList due;
  due.push_back(older);
  f.wheel.expire(kNow + 5, due);
  assert_ptr_equal(due.pop_front(), &older);
  assert_ptr_equal(due.pop_front(), &f.ops[1]);
  assert_ptr_equal(due.pop_front(), &f.ops[0]);
  assert_true(due.empty());
}

void removal_leaves_the_others(void **) {
  for (unsigned refused : {0u, 100u}) {
    Fixture f(100, refused);
    Indexes expected;
    for (size_t i = 0; i < 100; ++i) f.insert(i, kNow + 1000 + i);
    for (size_t i = 0; i < 100; ++i) {
      if (i % 7 == 3)
        expected.push_back(i);
      else
        f.remove(i);
    }
    assert_true(f.wheel.next() == kNow + 1003);
    assert_true(f.expire(kNow + kSecond) == expected);
  }
}

void rearm_moves_the_deadline(void **) {
  for (unsigned refused : {0u, 100u}) {
    Fixture f(3, refused);
    f.insert(0, kNow + 10);
    f.insert(1, kNow + 20);
    f.insert(2, kNow + 20);
    f.rearm(0, kNow + 50 * kSecond); // later
    assert_true(f.wheel.next() == kNow + 20);
    f.rearm(1, kNow + 20); // the same: counts as a start
    assert_true(f.expire(kNow + 20) == (Indexes{2, 1}));
    assert_true(f.wheel.next() == kNow + 50 * kSecond);
    f.rearm(0, kNow + 40 * kSecond); // earlier than now, later than once filed
    assert_true(f.wheel.next() == kNow + 40 * kSecond);
    f.rearm(0, kNow + 30); // earlier than ever
    assert_true(f.wheel.next() == kNow + 30);
    assert_true(f.expire(kNow + 29).empty());
    assert_true(f.expire(kNow + 30) == Indexes{0});
  }
}

void a_rearmed_op_that_is_due_too_is_in_order(void **) {
  Fixture f(200);
  Indexes expected;
  for (size_t i = 0; i < 200; ++i) f.insert(i, kNow + 1000 * i);
  for (size_t i = 0; i < 200; i += 2) f.rearm(i, kNow + 1000 * i + 150500);
  std::map<Time, size_t> order;
  for (size_t i = 0; i < 200; ++i) order[f.ops[i].deadline] = i;
  for (auto &one : order) expected.push_back(one.second);
  assert_true(f.expire(kNow + kSecond) == expected);
}

void far_deadlines_and_jumps(void **) {
  Fixture f(8);
  const Time year = 365 * 86400 * kSecond;
  const Time at[] = {kNow + 1,       kNow + 3600 * kSecond, kNow + year, kNow + 100 * year,
                     UINT64_MAX / 2, UINT64_MAX - 1,        kNow + 2,    eddy::kNever};
  for (size_t i = 0; i < 8; ++i) f.insert(i, at[i]);
  assert_true(f.wheel.next() == kNow + 1);
  assert_true(f.expire(kNow + year) == (Indexes{0, 6, 1, 2}));
  assert_true(f.wheel.next() == kNow + 100 * year);
  assert_true(f.expire(UINT64_MAX / 2) == (Indexes{3, 4}));
  assert_true(f.expire(UINT64_MAX - 2).empty());
  assert_true(f.wheel.next() == UINT64_MAX - 1);
  assert_true(f.expire(UINT64_MAX - 1) == Indexes{5});
  assert_true(f.wheel.next() == eddy::kNever);
  assert_true(f.expire(eddy::kNever).empty());
  assert_false(f.wheel.empty());
  f.remove(7);
  assert_true(f.wheel.empty());
  assert_true(f.expire(eddy::kNever).empty());
}

// What was the front once is divided finely, and takes more ops when it is not any longer.
void the_front_moves_away_and_back(void **) {
  Fixture f(901);
  std::mt19937_64 random(3);
  for (size_t i = 0; i < 900; ++i) {
    Time second = i / 300 == 1 ? 20 : 40;
    f.insert(i, kNow + second * kSecond + random() % (i % 2 ? 1000000 : 1000));
    if (i % 300 != 299) continue;
    f.insert(900, kNow); // with it goes what was known about the front
    f.remove(900);
    assert_true(f.wheel.next() / kSecond == kNow / kSecond + (i < 300 ? 40 : 20));
  }
  for (size_t i = 0; i < 900; i += 3) f.rearm(i, kNow + 40 * kSecond + random() % 1000);
  Indexes expected(900);
  for (size_t i = 0; i < 900; ++i) expected[i] = i;
  std::sort(expected.begin(), expected.end(), [&](size_t a, size_t b) {
    const Op &x = f.ops[a], &y = f.ops[b];
    return x.deadline != y.deadline ? x.deadline < y.deadline : x.sequence < y.sequence;
  });
  assert_true(f.wheel.next() == f.ops[expected[0]].deadline);
  assert_true(f.expire(kNow + 50 * kSecond) == expected);
  assert_true(f.wheel.empty());
}

void a_crowd_that_has_left_leaves_nothing(void **) {
  for (unsigned refused : {0u, 60u}) {
    Fixture f(400, refused);
    for (size_t i = 0; i < 400; ++i) f.insert(i, kNow + 1000 + i);
    for (size_t i = 0; i < 400; ++i) f.rearm(i, kNow + 90000 * kSecond + i % 7);
    assert_true(f.wheel.next() == kNow + 90000 * kSecond);
    assert_true(f.expire(kNow + 89999 * kSecond).empty());
    for (size_t i = 0; i < 400; ++i) f.remove(i);
    assert_true(f.wheel.empty());
    assert_true(f.wheel.next() == eddy::kNever);
  }
}

void for_each_may_remove_what_it_is_given(void **) {
  Fixture f(5000);
  std::mt19937_64 random(7);
  for (size_t i = 0; i < 5000; ++i) f.insert(i, kNow + random() % (60 * kSecond));
  f.wheel.next();
  size_t seen = 0, kept = 0;
  f.wheel.for_each([&](Op &op) {
    if (++seen % 4) f.wheel.remove(op);
  });
  assert_int_equal(seen, 5000);
  f.wheel.for_each([&](Op &) { ++kept; });
  assert_int_equal(kept, 1250);
  assert_int_equal(f.expire(kNow + 60 * kSecond).size(), 1250);
}

// Few ops take little memory, and what once was taken serves again.
void memory_is_small_at_first_and_kept(void **) {
  Fixture f(20000);
  for (size_t i = 0; i < 10; ++i) f.insert(i, kNow + i * kSecond);
  assert_true(sizeof(Wheel) + f.supply.bytes < 16 * 1024);
  for (size_t i = 0; i < 10; ++i) f.remove(i);
  size_t calls = 0;
  for (int round = 0; round < 20; ++round) {
    for (size_t i = 0; i < 20000; ++i) f.insert(i, kNow + (i * 7919 % 60000) * 1000000);
    f.wheel.next();
    for (size_t i = 0; i < 20000; ++i) f.remove(i * 7 % 20000);
    if (round == 0) calls = f.supply.calls;
  }
  assert_int_equal(f.supply.calls, calls);
  assert_true(f.supply.bytes < 20000 * 48);
}

struct Shape {
  unsigned refuse_percent;
  size_t ops;
  Time spread, grain, step;
};

// Whatever is done to both, and between any two calls the wheel is sound.
void random_against_heap(const Shape &shape) {
  Fixture f(shape.ops, shape.refuse_percent);
  std::mt19937_64 random(shape.ops + shape.spread);
  eddy::ReferenceHeap heap;
  Time now = kNow;
  auto some_time = [&] {
    Time at = now + random() % shape.spread;
    return random() % 64 ? at / shape.grain * shape.grain : now + (random() >> (random() % 40 + 2));
  };
  for (int round = 0; round < 40000; ++round) {
    size_t i = random() % shape.ops;
    Op &op = f.ops[i];
    bool timed = op.bits & eddy::kTimed;
    if (!timed) {
      f.insert(i, some_time());
      heap.insert(op);
    } else if (random() % 3 == 0) {
      heap.remove(op);
      f.remove(i);
    } else {
      heap.remove(op);
      f.rearm(i, random() % 4 ? std::max(op.deadline, some_time()) : some_time());
      heap.insert(op);
    }
    if (random() % 3 == 0) assert_true(f.wheel.next() == heap.next());
    if (random() % 8 == 0) {
      now += random() % 500 ? random() % shape.step : random() % (10 * shape.spread);
      Indexes expected;
      while (!heap.empty() && heap.next() <= now)
        expected.push_back(static_cast<size_t>(&heap.pop() - f.ops.data()));
      assert_true(f.expire(now) == expected);
    }
    if (round % 10000 == 5000) {
      size_t seen = 0;
      f.wheel.for_each([&](Op &) { ++seen; });
      assert_int_equal(seen, heap.size());
    }
    assert_int_equal(f.wheel.empty(), heap.empty());
    if (round % (shape.ops / 16 + 1) == 0) eddy::WheelCheck{f.wheel};
  }
}

void random_calls_match_a_heap(void **) {
  for (unsigned refused : {0u, 30u, 90u, 100u}) {
    random_against_heap({refused, 5, kSecond, 1, kSecond});
    random_against_heap({refused, 300, kSecond, 1, kSecond / 50});
    random_against_heap({refused, 300, 100, 1, 10});
    random_against_heap({refused, 2000, 60 * kSecond, kSecond, kSecond / 10});
    random_against_heap({refused, 2000, 60 * kSecond, 1, kSecond / 10});
  }
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_wheel_has_no_deadline),
      cmocka_unit_test(ops_come_due_in_order_and_never_early),
      cmocka_unit_test(equal_deadlines_go_by_sequence),
      cmocka_unit_test(due_ops_go_behind_older_ones),
      cmocka_unit_test(removal_leaves_the_others),
      cmocka_unit_test(rearm_moves_the_deadline),
      cmocka_unit_test(a_rearmed_op_that_is_due_too_is_in_order),
      cmocka_unit_test(far_deadlines_and_jumps),
      cmocka_unit_test(the_front_moves_away_and_back),
      cmocka_unit_test(a_crowd_that_has_left_leaves_nothing),
      cmocka_unit_test(for_each_may_remove_what_it_is_given),
      cmocka_unit_test(memory_is_small_at_first_and_kept),
      cmocka_unit_test(random_calls_match_a_heap),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
