// The identity of the calling thread: the address of its environment block, one instruction.
#pragma once

#include <cstdint>

namespace eddy {

inline uintptr_t os_thread() {
#if defined(__x86_64__)
  uintptr_t block;
  asm("movq %%gs:0x30, %0" : "=r"(block)); // NT_TIB::Self
  return block;
#else
#error "src/win/os_thread.hpp: not written for this architecture"
#endif
}

} // namespace eddy
