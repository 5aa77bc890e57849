// A set of descriptors: a bit for each, in small pages that are made when they are first needed.
#pragma once

#include "core/memory.hpp"

namespace eddy {

struct NativeSet {
  bool has(eddy_native_t native) const;
  bool add(const Memory &memory, eddy_native_t native); // false: no memory
  void remove(eddy_native_t native);
  void destroy(const Memory &memory);

private:
  uint64_t **pages = nullptr;
  uint32_t page_count = 0;

  uint64_t *page_of(eddy_native_t native) const;
};

} // namespace eddy
