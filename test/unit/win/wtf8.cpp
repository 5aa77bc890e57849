// UTF-16 to WTF-8 and back: everything Unicode, lone surrogates, and what is neither.
#include "../../../src/win/wtf8.hpp"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

extern "C" {
#include <cmocka.h>
}

using namespace eddy;

static int to(const char *bytes, size_t size, char16_t *out, size_t room) {
  return wtf8_to_utf16(reinterpret_cast<const uint8_t *>(bytes), size, out, room);
}

template<size_t N>
static int to(const char (&text)[N], char16_t *out, size_t room) {
  return to(text, N - 1, out, room);
}

template<size_t N>
static int verdict(const char (&text)[N]) {
  char16_t out[64];
  return to(text, out, 64);
}

template<size_t N, size_t M>
static void both_ways(const char (&text)[N], const char16_t (&units)[M]) {
  char16_t wide[64];
  uint8_t narrow[64];
  assert_int_equal(to(text, wide, 64), M - 1);
  assert_memory_equal(wide, units, (M - 1) * sizeof *units);
  assert_int_equal(wtf8_from_utf16(units, M - 1, narrow, 64), N - 1);
  assert_memory_equal(narrow, text, N - 1);
}

static void unicode(void **) {
  both_ways("", u"");
  both_ways("\\\\.\\pipe\\x", u"\\\\.\\pipe\\x");
  both_ways("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", u"\u007f\u0080\u07ff\u0800\uffff");
  both_ways("\xf0\x90\x80\x80 \xf0\x9f\x90\x9a \xf4\x8f\xbf\xbf",
            u"\U00010000 \U0001f41a \U0010ffff");
  const char zero[] = "a\0b";
  const char16_t wide_zero[] = u"a\0b";
  both_ways(zero, wide_zero);
}

static void lone_surrogates(void **) {
  const char16_t high[] = {0xD800, 'x', 0xDBFF, 0}, low[] = {0xDC00, 0xDFFF, 0xD800, 0};
  both_ways("\xed\xa0\x80x\xed\xaf\xbf", high);
  both_ways("\xed\xb0\x80\xed\xbf\xbf\xed\xa0\x80", low);
  // Two halves spelt one by one: their pair is spelt otherwise.
  assert_int_equal(verdict("\xed\xa0\x80\xed\xb0\x80"), EDDY_EINVAL);
}

static void malformed(void **) {
  assert_int_equal(verdict("\x80"), EDDY_EINVAL);     // a continuation alone
  assert_int_equal(verdict("\xc0\x80"), EDDY_EINVAL); // overlong
  assert_int_equal(verdict("\xc1\xbf"), EDDY_EINVAL);
  assert_int_equal(verdict("\xe0\x9f\xbf"), EDDY_EINVAL);
  assert_int_equal(verdict("\xf0\x8f\xbf\xbf"), EDDY_EINVAL);
  assert_int_equal(verdict("\xf4\x90\x80\x80"), EDDY_EINVAL); // above the last
  assert_int_equal(verdict("\xf5\x80\x80\x80"), EDDY_EINVAL);
  assert_int_equal(verdict("\xff"), EDDY_EINVAL);
  assert_int_equal(verdict("\xc2"), EDDY_EINVAL); // cut short
  assert_int_equal(verdict("\xe2\x82"), EDDY_EINVAL);
  assert_int_equal(verdict("\xf0\x9f\x90"), EDDY_EINVAL);
  assert_int_equal(verdict("\xc2x"), EDDY_EINVAL);
  assert_int_equal(verdict("\xe2\x82x"), EDDY_EINVAL);
}

// Memory sanitizers see what is written or read past the ends.
static void rooms(void **) {
  for (size_t room = 0; room <= 4; room++) {
    char16_t *out = static_cast<char16_t *>(test_malloc(room * sizeof(char16_t) + 1));
    assert_int_equal(to("ab\xf0\x9f\x90\x9a", out, room), room < 4 ? EDDY_ENAMETOOLONG : 4);
    test_free(out);
  }
  for (size_t room = 0; room <= 6; room++) {
    uint8_t *out = static_cast<uint8_t *>(test_malloc(room + 1));
    assert_int_equal(wtf8_from_utf16(u"ab\U0001f41a", 4, out, room),
                     room < 6 ? EDDY_ENAMETOOLONG : 6);
    test_free(out);
  }
  for (size_t size = 0; size < 4; size++) {
    char16_t out[4];
    char *bytes = static_cast<char *>(test_malloc(size ? size : 1));
    memcpy(bytes, "\xf0\x9f\x90\x9a", size);
    assert_int_equal(to(bytes, size, out, 4), size ? EDDY_EINVAL : 0);
    test_free(bytes);
  }
}

// Each code point, and each pair of units.
static void exhaustive(void **) {
  for (uint32_t point = 0; point <= 0x10FFFF; point++) {
    char16_t units[2] = {static_cast<char16_t>(point), 0}, back[2];
    size_t count = 1;
    if (point > 0xFFFF) {
      units[0] = static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
      units[1] = static_cast<char16_t>(0xDC00 + (point & 0x3FF));
      count = 2;
    }
    uint8_t bytes[4];
    int size = wtf8_from_utf16(units, count, bytes, 4);
    assert_true(size == (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4));
    assert_int_equal(wtf8_to_utf16(bytes, static_cast<size_t>(size), back, 2), count);
    assert_memory_equal(back, units, count * sizeof *units);
  }
}

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(unicode), cmocka_unit_test(lone_surrogates),
                              cmocka_unit_test(malformed), cmocka_unit_test(rooms),
                              cmocka_unit_test(exhaustive)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
