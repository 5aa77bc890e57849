// Where a loop's memory comes from: the user's hook, or the system.
#pragma once

#include "core/os.hpp"

namespace eddy {

struct Memory {
  eddy_alloc_fn alloc = nullptr;
  eddy_release_fn release = nullptr;
  void *context = nullptr;

  void *get(size_t size) const { return alloc ? alloc(context, size) : os_alloc(size); }

  void put(void *memory, size_t size) const {
    if (!memory) return;
    if (release)
      release(context, memory, size);
    else
      os_release(memory, size);
  }
};

} // namespace eddy
