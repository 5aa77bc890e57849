// <eddy/frame.hpp>: every coroutine of the facade takes its frame from there, and gives it back.
#include "net.hpp"

#include <new>

static long live, most;

void *operator new(std::size_t size) {
  void *memory = std::malloc(size);
  if (!memory) throw std::bad_alloc();
  if (++live > most) most = live;
  return memory;
}
void operator delete(void *memory) noexcept {
  if (memory) live--;
  std::free(memory);
}
void operator delete(void *memory, std::size_t) noexcept { operator delete(memory); }

static eddy::task<int> counts_down(int n) {
  if (n == 0) co_return 0;
  int below = co_await counts_down(n - 1);
  co_return below + 1;
}

static eddy::async_generator<int> numbers() {
  for (int i = 0;; i++) co_yield i;
}

static eddy::task<> fails() {
  co_await eddy::yield();
  throw 1;
}

static eddy::task<> all_kinds(eddy::loop &) {
  int n = co_await counts_down(100);
  CHECK(n == 100);
  auto endless = numbers();
  auto first = co_await endless.next();
  CHECK(first && *first == 0);
  CHECK_THROWS(int, co_await fails());
  { auto never_awaited = counts_down(5); }
  auto pair = co_await eddy::when_all(counts_down(1), counts_down(2));
  CHECK(std::get<1>(pair) == 2);
}

TEST(all_frames_go_back) {
  long before = live;
  most = 0;
  test::on_loop(all_kinds);
  CHECK(live == before);
  CHECK(most - before >= 100); // they were counted
}

TEST(memory_of_any_size) {
  for (std::size_t size = 1; size < 100000; size = size * 3 + 1) {
    void *frame = eddy::detail::frame_new(size);
    std::memset(frame, 0x5a, size);
    CHECK(reinterpret_cast<std::uintptr_t>(frame) % alignof(std::max_align_t) == 0);
    eddy::detail::frame_delete(frame, size);
  }
}
