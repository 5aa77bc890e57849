// Memory of handles: equal slots, kept apart for a while when freed, never given back before the end.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "core/slab.hpp"
#include "fake_test.hpp"

using namespace eddy;

namespace {

struct Meter {
  size_t bytes;    // in use
  int calls, left; // left: allocations before a refusal
};

void *take(void *context, size_t size) {
  Meter &meter = *static_cast<Meter *>(context);
  if (meter.left-- <= 0) return nullptr;
  meter.calls++;
  meter.bytes += size;
  return malloc(size);
}

void give(void *context, void *memory, size_t size) {
  static_cast<Meter *>(context)->bytes -= size;
  free(memory);
}

Memory metered(Meter &meter) { return {take, give, &meter}; }

void slots_are_apart_aligned_and_zeroed(void **) {
  Meter meter = {0, 0, 1000};
  Memory memory = metered(meter);
  Slab slab;
  slab.init(40, 8);
  assert_int_equal(slab.slot_size, 48);
  char *slots[500];
  for (int i = 0; i < 500; i++) {
    slots[i] = static_cast<char *>(slab.take(memory, 0));
    assert_non_null(slots[i]);
    assert_int_equal(reinterpret_cast<uintptr_t>(slots[i]) % 16, 0);
    // The link is the slab's, everything else was never written.
    for (int k = 0; k < 40; k++)
      if (k < 8 || k >= 16) assert_int_equal(slots[i][k], 0);
    memset(slots[i], i, 40);
  }
  for (int i = 0; i < 500; i++)
    for (int k = 0; k < 40; k++) assert_int_equal(slots[i][k], static_cast<char>(i));
  slab.destroy(memory);
  assert_int_equal(meter.bytes, 0);
}

void what_a_stale_pointer_looks_at_stays(void **) {
  Meter meter = {0, 0, 1000};
  Memory memory = metered(meter);
  Slab slab;
  slab.init(64, 16);
  char *slot = static_cast<char *>(slab.take(memory, 0));
  memset(slot, 7, 64);
  slab.rest(slot, 0);
  for (int k = 0; k < 64; k++)
    if (k < 16 || k >= 40) assert_int_equal(slot[k], 7);
  slab.destroy(memory);
}

void freed_slots_are_used_again(void **) {
  Meter meter = {0, 0, 1000};
  Memory memory = metered(meter);
  Slab slab;
  slab.init(64, 0);
  for (int i = 0; i < 20000; i++) {
    void *slot = slab.take(memory, 0);
    assert_non_null(slot);
    slab.give(slot);
  }
  assert_in_range(meter.calls, 1, 2);
  slab.destroy(memory);
  assert_int_equal(meter.bytes, 0);
}

// For at least 1,024 others and a second; oldest first.
void a_slot_rests(void **) {
  constexpr int kOthers = static_cast<int>(Slab::kRestCloses);
  Meter meter = {0, 0, 1000};
  Memory memory = metered(meter);
  Slab slab;
  slab.init(64, 0);
  void *first = slab.take(memory, 0), *second = slab.take(memory, 0), *slot;
  slab.rest(first, 0);
  slab.rest(second, 0);
  for (int i = 0; i < kOthers - 2; i++) {
    slot = slab.take(memory, 2 * Slab::kRestTime);
    assert_ptr_not_equal(slot, first);
    slab.rest(slot, 0);
  }
  slot = slab.take(memory, 2 * Slab::kRestTime); // one short
  assert_ptr_not_equal(slot, first);
  slab.rest(slot, 0);
  slot = slab.take(memory, Slab::kRestTime - 1); // too early
  assert_ptr_not_equal(slot, first);
  slab.give(slot);
  assert_ptr_equal(slab.take(memory, Slab::kRestTime), first);
  assert_ptr_not_equal(slab.take(memory, Slab::kRestTime), second); // one short again
  slab.wake();
  assert_ptr_equal(slab.take(memory, 0), second);
  assert_int_equal(slab.resting_bytes(), 64 * (kOthers - 1));
  slab.destroy(memory);
  assert_int_equal(meter.bytes, 0);
}

// With a refusal those that rest are used up before anything fails.
void a_refusal_is_survived(void **) {
  Meter meter = {0, 0, 1};
  Memory memory = metered(meter);
  Slab slab;
  slab.init(64, 0);
  void *slots[200];
  int count = 0;
  while ((slots[count] = slab.take(memory, 0))) count++;
  assert_int_equal(count, (2048 - static_cast<int>(sizeof(Slab::Chunk))) / 64);
  for (int i = 0; i < count; i++) slab.rest(slots[i], 0);
  for (int i = 0; i < count; i++) assert_non_null(slab.take(memory, 0));
  assert_null(slab.take(memory, 0));
  meter.left = 1;
  assert_non_null(slab.take(memory, 0));
  slab.destroy(memory);
  assert_int_equal(meter.bytes, 0);
}

void a_slot_larger_than_a_chunk(void **) {
  Meter meter = {0, 0, 10};
  Memory memory = metered(meter);
  Slab slab;
  slab.init(100000, 8);
  void *slot = slab.take(memory, 0);
  assert_non_null(slot);
  memset(slot, 1, 100000);
  slab.destroy(memory);
  assert_int_equal(meter.bytes, 0);
}

// A loop gives back all it took, whatever it was refused.
void a_loop_survives_every_refusal(void **) {
  for (int allowed = 0; allowed < 12; allowed++) {
    Meter meter = {0, 0, allowed};
    eddy_loop_options_t options = {};
    options.size = sizeof options;
    options.driver = EDDY_DRIVER_EPOLL;
    options.alloc = take;
    options.release = give;
    options.alloc_context = &meter;
    eddy_loop_t *loop = nullptr;
    int opened = eddy_loop_open(&options, &loop);
    if (opened == 0) {
      eddy_stream_t *stream = nullptr;
      eddy_pool_t *pool = nullptr;
      eddy_pool_options_t small = {sizeof small, 64, 4, 0};
      fake::Rec sleep = {};
      int streams = eddy_stream_open(loop, EDDY_AF_INET, &stream);
      int pools = eddy_pool_open(loop, &small, &pool);
      assert_true(streams == 0 || streams == EDDY_ENOMEM);
      assert_true(pools == 0 || pools == EDDY_ENOMEM);
      fake::sleep(*loop, sleep, 1); // cannot fail
      eddy_loop_step(loop, 0);
      assert_int_equal(sleep.result, 0);
      assert_int_equal(sleep.finals, 1);
      assert_int_equal(eddy_loop_drain(loop, EDDY_NEVER), 0);
      assert_int_equal(eddy_loop_close(loop), 0);
    } else {
      assert_int_equal(opened, EDDY_ENOMEM);
      assert_null(loop);
    }
    assert_int_equal(meter.bytes, 0);
  }
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(slots_are_apart_aligned_and_zeroed),
      cmocka_unit_test(what_a_stale_pointer_looks_at_stays),
      cmocka_unit_test(freed_slots_are_used_again),
      cmocka_unit_test(a_slot_rests),
      cmocka_unit_test(a_refusal_is_survived),
      cmocka_unit_test(a_slot_larger_than_a_chunk),
      cmocka_unit_test(a_loop_survives_every_refusal),
  };
  return cmocka_run_group_tests_name("core_slab", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
