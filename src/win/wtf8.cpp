#include "wtf8.hpp"

namespace eddy {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

bool is_high(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

// The code point at `at`, which moves behind it, or kNone.
uint32_t decode(const uint8_t *bytes, size_t size, size_t &at) {
  uint32_t first = bytes[at++];
  if (first < 0x80) return first;
  int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || size - at < static_cast<size_t>(more)) return kNone;
  uint32_t point = first & (0x3Fu >> more);
  for (int i = 0; i < more; i++) {
    uint32_t next = bytes[at++];
    if ((next & 0xC0) != 0x80) return kNone;
    point = point << 6 | (next & 0x3F);
  }
  constexpr uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  return point >= least[more] && point <= 0x10FFFF ? point : kNone;
}

size_t encode(uint32_t point, uint8_t out[4]) {
  if (point < 0x80) {
    out[0] = static_cast<uint8_t>(point);
    return 1;
  }
  size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  constexpr uint8_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = size - 1; i; i--, point >>= 6)
    out[i] = static_cast<uint8_t>(0x80 | (point & 0x3F));
  out[0] = static_cast<uint8_t>(marks[size] | point);
  return size;
}

} // namespace

int wtf8_to_utf16(const uint8_t *bytes, size_t size, char16_t *out, size_t room) {
  size_t used = 0;
  uint32_t before = 0;
  for (size_t at = 0; at < size;) {
    uint32_t point = decode(bytes, size, at);
    // Two halves that make a pair are one code point of four bytes: any other spelling would not come back.
    if (point == kNone || (is_high(before) && is_low(point))) return EDDY_EINVAL;
    before = point;
    if (room - used < (point > 0xFFFF ? 2u : 1u)) return EDDY_ENAMETOOLONG;
    if (point > 0xFFFF) {
      out[used++] = static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
      point = 0xDC00 + (point & 0x3FF);
    }
    out[used++] = static_cast<char16_t>(point);
  }
  return static_cast<int>(used);
}

int wtf8_from_utf16(const char16_t *units, size_t count, uint8_t *out, size_t room) {
  size_t used = 0;
  for (size_t at = 0; at < count;) {
    uint32_t point = units[at++];
    if (is_high(point) && at < count && is_low(units[at]))
      point = 0x10000 + ((point - 0xD800) << 10) + (units[at++] - 0xDC00u);
    uint8_t bytes[4];
    size_t size = encode(point, bytes);
    if (room - used < size) return EDDY_ENAMETOOLONG;
    memcpy(out + used, bytes, size);
    used += size;
  }
  return static_cast<int>(used);
}

} // namespace eddy
