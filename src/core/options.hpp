// Reading option structs, whose first member is their size: a caller compiled against an older or a
// newer header than the library is understood, or refused, but never misread (openat2(2),
// clone3(2)).
#pragma once

#include "core/base.hpp"

#include <type_traits>

namespace eddy {

constexpr size_t kMaxOptionsSize = 4096;

// Bytes of the first version's structs, which programs built with it will always have.
constexpr size_t kFirstLoopOptions = 48, kFirstListenOptions = 16, kFirstPoolOptions = 16;
constexpr size_t kFirstWorkersOptions = 32, kFirstWorkersStats = 24;

inline int read_options_bytes(void *out, size_t known, const void *in, size_t minimum) {
  memset(out, 0, known);
  uint32_t size = 0;
  if (in) {
    memcpy(&size, in, sizeof size);
    if (size < minimum || size < sizeof size || size > kMaxOptionsSize) return EDDY_EINVAL;
    auto bytes = static_cast<const unsigned char *>(in);
    // What this version does not know may be there, but not be asked for.
    for (size_t i = known; i < size; i++)
      if (bytes[i] != 0) return EDDY_ENOTSUP;
    memcpy(out, in, size < known ? size : known);
  }
  size = static_cast<uint32_t>(known);
  memcpy(out, &size, sizeof size);
  return 0;
}

// Fills `out`: zeros for a null `in` and for members that the caller's version did not have, of
// which `minimum` is the size of the first: a number, for the struct will grow. 0, or EDDY_EINVAL for an impossible size, or
// EDDY_ENOTSUP for a newer member that is not zero.
template<typename T>
int read_options(T &out, const T *in, size_t minimum) {
  static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>);
  static_assert(std::is_same_v<decltype(T::size), uint32_t> && offsetof(T, size) == 0);
  return read_options_bytes(&out, sizeof(T), in, minimum);
}

inline int write_result_bytes(void *out, const void *in, size_t known, size_t minimum) {
  uint32_t size;
  memcpy(&size, out, sizeof size);
  if (size < minimum || size < sizeof size || size > kMaxOptionsSize) return EDDY_EINVAL;
  memset(out, 0, size);
  memcpy(out, in, size < known ? size : known);
  memcpy(out, &size, sizeof size);
  return 0;
}

// The other direction: fills as much of `out` as its `size` says, with zeros for newer members. 0, or EDDY_EINVAL.
template<typename T>
int write_result(T *out, const T &in, size_t minimum) {
  static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>);
  static_assert(std::is_same_v<decltype(T::size), uint32_t> && offsetof(T, size) == 0);
  return write_result_bytes(out, &in, sizeof(T), minimum);
}

} // namespace eddy
