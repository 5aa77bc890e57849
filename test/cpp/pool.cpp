// <eddy/pool.hpp>.
#include "net.hpp"

static eddy::task<> lends(eddy::loop &l) {
  eddy::pool pool(l, 4, 64);
  CHECK(pool && pool.free() == 4);
  auto both = co_await test::connected(l);
  auto in = both.two.chunks(pool);
  co_await both.one.write("first");
  auto chunk = co_await in.next();
  eddy::lease kept = std::move(chunk).keep();
  CHECK(kept && kept.size() == 5 && pool.free() <= 3);
  eddy::lease moved = std::move(kept);
  CHECK(!kept && kept.size() == 0 && kept.bytes().empty() && moved.size() == 5);
  CHECK(std::memcmp(moved.bytes().data(), "first", 5) == 0);
  moved = std::move(moved = eddy::lease()); // gives it back, once
  CHECK(!moved && moved.size() == 0);
  moved.reset();
  co_await both.one.write("second");
  chunk = co_await in.next();
  CHECK(chunk.size() == 6);
}

TEST(a_lease_goes_back_once) { test::on_loop(lends); }

static eddy::task<> closes(eddy::loop &l) {
  auto both = co_await test::connected(l);
  eddy::lease last;
  {
    eddy::pool pool(l, 2, 64);
    auto in = both.two.chunks(pool);
    co_await both.one.write("kept");
    auto chunk = co_await in.next();
    last = std::move(chunk).keep();
  }
  CHECK(last.size() == 4 && std::memcmp(last.bytes().data(), "kept", 4) == 0);
}

TEST(a_lease_outlives_its_pool) { test::on_loop(closes); }

TEST(sizes_out_of_range) {
  eddy::loop l;
  CHECK(eddy::pool::open(l, 1, 1).error() == std::errc::invalid_argument);
  CHECK(eddy::pool::open(l, 1u << 31, 64).error() == std::errc::invalid_argument);
  eddy::pool by_default(l);
  CHECK(by_default.free() > 0);
}
