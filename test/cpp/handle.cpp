// <eddy/handle.hpp>: owning, moving, closing.
#include "net.hpp"

static eddy::task<> owns(eddy::loop &l) {
  eddy::stream none;
  CHECK(!none && !none.get());
  none.reset();
  auto both = co_await test::connected(l);
  eddy_stream_t *native = both.one.get();
  eddy::stream moved(std::move(both.one));
  CHECK(!both.one && moved.get() == native);
  eddy::stream &itself = moved;
  moved = std::move(itself);
  CHECK(moved.get() == native);

  // Assigning closes what was there.
  moved = eddy::stream(l);
  std::array<char, 4> bytes;
  std::size_t end = co_await both.two.read(bytes);
  CHECK(end == 0 && moved && moved.get() != native);

  eddy_stream_t *given = both.two.detach();
  CHECK(given && !both.two);
  eddy_stream_close(given, nullptr, nullptr);
}

TEST(one_owner) { test::on_loop(owns); }

static eddy::task<> closes_in_a_cancelled_task(eddy::loop &l, bool &closed) {
  auto both = co_await test::connected(l);
  l.cancel();
  co_await both.one.close();
  auto end = co_await both.two.close().nothrow();
  closed = end && !both.one && !both.two;
}

TEST(close_is_deaf_to_cancellation) {
  eddy::loop l;
  bool closed = false;
  l.run(closes_in_a_cancelled_task(l, closed));
  CHECK(closed);
}

static eddy::task<> reads(eddy::stream &s, int &canceled) {
  std::array<char, 4> bytes;
  auto r = co_await s.read(bytes).nothrow();
  canceled += r.is_canceled();
}

static eddy::task<> ends_others(eddy::loop &l) {
  auto both = co_await test::connected(l);
  int canceled = 0;
  for (int i = 0; i < 3; i++) l.spawn(reads, std::ref(both.one), std::ref(canceled));
  co_await eddy::yield();
  both.one.reset();
  while (canceled < 3) co_await eddy::yield();
}

TEST(reset_ends_the_operations_of_other_tasks) { test::on_loop(ends_others); }

TEST(data_of_the_user) {
  eddy::loop l;
  CHECK(!l.data());
  l.set_data(&l);
  CHECK(l.data() == &l);
  eddy::stream none;
  none.set_data(&l); // nowhere to keep it
  CHECK(!none.data());
  eddy::stream s(l);
  CHECK(!s.data());
  s.set_data(&s);
  eddy::stream moved(std::move(s));
  CHECK(moved.data() == &s);
  moved.reset();
  CHECK(!moved.data());
}
