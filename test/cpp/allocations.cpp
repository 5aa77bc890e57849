// Awaiting allocates nothing, and the frames of tasks are of bounded size.
#include "net.hpp"

#include <new>

static std::size_t allocations, largest;

// Not inlined, or g++ sees free() meet operator new, and warns.
[[gnu::noinline]] void *operator new(std::size_t size) {
  allocations++;
  largest = std::max(largest, size);
  if (void *memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void *memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

namespace {

class counting {
public:
  ~counting() { CHECK(allocations == before_); }

private:
  std::size_t before_ = allocations;
};

} // namespace

static eddy::task<> echo(eddy::stream s) {
  char bytes[64];
  for (;;) {
    std::size_t n = co_await s.read(bytes);
    if (n == 0) co_return;
    co_await s.write(std::span(bytes, n));
  }
}

static eddy::task<> operations(eddy::loop &l) {
  auto both = co_await test::connected(l);
  l.spawn(echo, std::move(both.two));
  char bytes[64];
  counting none;
  for (int i = 0; i < 1000; i++) {
    co_await both.one.write("hello");
    std::size_t n = co_await both.one.read(bytes).within(10s);
    CHECK(n == 5);
    co_await eddy::yield();
    auto r = co_await eddy::sleep_for(1us).nothrow();
    CHECK(r);
  }
}

TEST(none_per_operation) { test::on_loop(operations); }

static eddy::task<> sends(eddy::channel<int, 2> &c, eddy::semaphore &s, eddy::mutex &m) {
  for (int i = 0; i < 1000; i++) {
    co_await s.acquire();
    co_await c.send(i);
    auto held = co_await m.lock();
    co_await eddy::yield();
  }
  c.close();
}

static eddy::task<> primitives(eddy::loop &l) {
  eddy::channel<int, 2> c;
  eddy::semaphore s(1);
  eddy::mutex m;
  l.spawn(sends, std::ref(c), std::ref(s), std::ref(m));
  counting none;
  for (;;) {
    auto value = co_await c.receive();
    if (!value) break;
    s.release();
    auto held = co_await m.lock();
    co_await eddy::yield();
  }
}

TEST(none_per_wait) { test::on_loop(primitives); }

static eddy::task<> selects(eddy::loop &l) {
  auto both = co_await test::connected(l);
  eddy::channel<int, 2> c;
  eddy::event never;
  counting none;
  for (int i = 0; i < 100; i++) {
    auto which = co_await eddy::select(c.readable(), never.wait(), eddy::sleep_for(1h),
                                       both.one.wait(EDDY_WRITABLE));
    CHECK(which == 3);
  }
}

TEST(none_per_select) { test::on_loop(selects); }

static eddy::task<> sends_much(eddy::stream &s) {
  for (int i = 0; i < 500; i++) {
    co_await s.write("some bytes");
    co_await eddy::yield();
  }
  co_await s.shutdown();
}

static eddy::task<> pooled(eddy::loop &l) {
  eddy::pool pool(l, 8, 256);
  auto both = co_await test::connected(l);
  l.spawn(sends_much, std::ref(both.one));
  auto in = both.two.chunks(pool);
  counting none;
  for (;;) {
    auto chunk = co_await in.next();
    if (!chunk) break;
  }
}

TEST(none_per_chunk) { test::on_loop(pooled); }

static eddy::task<> one_await(eddy::stream &s, std::span<char> b) { co_await s.read(b); }

static eddy::task<> ten_awaits(eddy::stream &s, std::span<char> b) {
  co_await s.read(b);
  co_await s.write(b);
  co_await s.read(b);
  co_await s.write(b);
  co_await s.read(b);
  co_await s.write(b);
  co_await s.read(b);
  co_await s.write(b);
  co_await s.read(b);
  co_await s.write(b);
}

static eddy::task<int> value() { co_return 1; }

static eddy::task<> awaits_value() { co_await value(); }

template<class F>
static std::size_t frame_of(F make) {
  largest = 0;
  auto t = make();
  return largest;
}

// The op is the fiber's: one that was in each await would be 192 bytes for every await with g++ 12.
static eddy::task<> posted_to(eddy::loop &l) {
  eddy::remote remote = l.remote();
  std::size_t before = allocations;
  int ran = 0;
  for (int i = 0; i < 100; i++) CHECK(remote.post([&] { ran++; }));
  CHECK(allocations == before + 100);
  while (ran < 100) co_await eddy::yield();
  CHECK(allocations == before + 100);
}

TEST(one_per_post) { test::on_loop(posted_to); }

TEST(frames_are_small) {
  eddy::stream s;
  std::span<char> b;
  std::size_t one = frame_of([&] { return one_await(s, b); });
  std::size_t ten = frame_of([&] { return ten_awaits(s, b); });
  std::size_t plain = frame_of([] { return value(); });
  std::size_t nested = frame_of([] { return awaits_value(); });
  std::printf("frames: %zu one await, %zu ten, %zu none, %zu of a task; fiber %zu\n", one, ten,
              plain, nested, sizeof(eddy::detail::fiber));
  CHECK(one <= 184);
  CHECK(ten <= 800);
  CHECK(plain <= 120);
  CHECK(nested <= 160);
  CHECK(sizeof(eddy::detail::fiber) <= 336);
}
