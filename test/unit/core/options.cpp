// Option structs of callers that are older or newer than the library.
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

extern "C" {
#include <cmocka.h>
}

#include "core/options.hpp"

using eddy::read_options;

namespace {

struct V1 {
  uint32_t size;
  uint32_t flags;
};

struct V2 {
  uint32_t size;
  uint32_t flags;
  uint64_t limit;
  uint32_t more, reserved;
};

struct V3 {
  V2 known;
  uint64_t newer;
  uint8_t tail[8]; // no padding, which would be part of the tail
};

constexpr size_t kFirst = sizeof(V1);

void assert_zeros(const V2 &out) {
  assert_int_equal(out.flags, 0);
  assert_int_equal(out.limit, 0);
  assert_int_equal(out.more, 0);
  assert_int_equal(out.reserved, 0);
}

void no_options_are_zeros(void **) {
  V2 out;
  memset(&out, 0xff, sizeof out);
  assert_int_equal(read_options(out, static_cast<const V2 *>(nullptr), kFirst), 0);
  assert_int_equal(out.size, sizeof out);
  assert_zeros(out);
}

void the_same_version_is_copied(void **) {
  V2 in = {sizeof(V2), 1, 2, 3, 4}, out;
  assert_int_equal(read_options(out, &in, kFirst), 0);
  assert_memory_equal(&in, &out, sizeof out);
}

void an_older_caller_has_zeros_for_the_rest(void **) {
  // Allocated exactly, so that a sanitizer sees a read past it.
  auto in = static_cast<V1 *>(test_malloc(sizeof(V1)));
  *in = {sizeof(V1), 7};
  V2 out;
  memset(&out, 0xff, sizeof out);
  assert_int_equal(read_options(out, reinterpret_cast<const V2 *>(in), kFirst), 0);
  assert_int_equal(out.size, sizeof out);
  assert_int_equal(out.flags, 7);
  assert_int_equal(out.limit, 0);
  assert_int_equal(out.more, 0);
  test_free(in);
}

void a_size_between_versions_gives_what_is_there(void **) {
  for (uint32_t size = kFirst; size <= sizeof(V2); size++) {
    V2 full = {size, 0x01010101, 0x0101010101010101, 0x01010101, 0x01010101};
    auto in = static_cast<unsigned char *>(test_malloc(size));
    memcpy(in, &full, size);
    V2 out;
    assert_int_equal(read_options(out, reinterpret_cast<const V2 *>(in), kFirst), 0);
    assert_int_equal(out.size, sizeof out);
    auto bytes = reinterpret_cast<const unsigned char *>(&out);
    for (size_t i = sizeof out.size; i < sizeof out; i++) assert_int_equal(bytes[i], i < size);
    test_free(in);
  }
}

void a_newer_caller_with_a_zero_tail_is_understood(void **) {
  V3 in = {{sizeof(V3), 1, 2, 3, 4}, 0, {}};
  V2 out;
  assert_int_equal(read_options(out, &in.known, kFirst), 0);
  assert_int_equal(out.size, sizeof out);
  assert_int_equal(out.limit, 2);
  assert_int_equal(out.reserved, 4);
}

void a_newer_member_that_is_set_is_refused(void **) {
  for (size_t i = sizeof(V2); i < sizeof(V3); i++) {
    V3 in = {{sizeof(V3), 1, 2, 3, 4}, 0, {}};
    reinterpret_cast<unsigned char *>(&in)[i] = 0x80;
    V2 out;
    assert_int_equal(read_options(out, &in.known, kFirst), EDDY_ENOTSUP);
    assert_zeros(out);
  }
}

int read_page(V2 &out, uint32_t size, size_t minimum, unsigned char last = 0) {
  static unsigned char page[4096];
  memset(page, 0, sizeof page);
  memcpy(page, &size, sizeof size);
  page[sizeof page - 1] = last;
  return read_options(out, reinterpret_cast<const V2 *>(page), minimum);
}

void impossible_sizes_are_refused(void **) {
  static const uint32_t sizes[] = {0, 1, 3, 4, kFirst - 1, 4097, 65536, UINT32_MAX};
  V2 out;
  for (uint32_t size : sizes) {
    assert_int_equal(read_page(out, size, kFirst), EDDY_EINVAL);
    assert_zeros(out);
  }
  assert_int_equal(read_page(out, 3, 0), EDDY_EINVAL); // whatever the minimum
}

void the_largest_size_is_a_page(void **) {
  V2 out;
  assert_int_equal(read_page(out, 4096, kFirst), 0);
  assert_int_equal(out.size, sizeof out);
  assert_int_equal(read_page(out, 4096, kFirst, 1), EDDY_ENOTSUP);
}

using eddy::write_result;

void results_fill_what_the_caller_has(void **) {
  V2 in = {0, 1, 2, 3, 4};
  V1 first = {sizeof(V1), 9};
  auto older = static_cast<unsigned char *>(test_malloc(sizeof(V1))); // exactly
  memcpy(older, &first, sizeof first);
  assert_int_equal(write_result(reinterpret_cast<V2 *>(older), in, kFirst), 0);
  memcpy(&first, older, sizeof first);
  assert_int_equal(first.size, sizeof first);
  assert_int_equal(first.flags, 1);
  test_free(older);

  V3 newer;
  memset(&newer, 0xff, sizeof newer);
  newer.known.size = sizeof newer;
  assert_int_equal(write_result(&newer.known, in, kFirst), 0);
  assert_int_equal(newer.known.size, sizeof newer);
  assert_int_equal(newer.known.reserved, 4);
  assert_int_equal(newer.newer, 0);
  for (uint8_t byte : newer.tail) assert_int_equal(byte, 0);
}

void results_of_impossible_sizes_are_refused(void **) {
  static const uint32_t sizes[] = {0, 3, kFirst - 1, 4097, UINT32_MAX};
  for (uint32_t size : sizes) {
    V2 out = {size, 5, 5, 5, 5};
    assert_int_equal(write_result(&out, V2{}, kFirst), EDDY_EINVAL);
    assert_int_equal(out.flags, 5);
  }
}

void the_public_structs_can_be_read(void **) {
  eddy_listen_options_t in = {sizeof in, EDDY_LISTEN_V6ONLY, 5, 0}, out;
  assert_int_equal(read_options(out, &in, sizeof in), 0);
  assert_int_equal(out.flags, EDDY_LISTEN_V6ONLY);
  assert_int_equal(out.backlog, 5);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(no_options_are_zeros),
      cmocka_unit_test(the_same_version_is_copied),
      cmocka_unit_test(an_older_caller_has_zeros_for_the_rest),
      cmocka_unit_test(a_size_between_versions_gives_what_is_there),
      cmocka_unit_test(a_newer_caller_with_a_zero_tail_is_understood),
      cmocka_unit_test(a_newer_member_that_is_set_is_refused),
      cmocka_unit_test(impossible_sizes_are_refused),
      cmocka_unit_test(the_largest_size_is_a_page),
      cmocka_unit_test(results_fill_what_the_caller_has),
      cmocka_unit_test(results_of_impossible_sizes_are_refused),
      cmocka_unit_test(the_public_structs_can_be_read),
  };
  return cmocka_run_group_tests_name("core_options", tests, nullptr, nullptr);
}
