// What differs between processors. Both conventions are part of Windows' ABI.
#pragma once

#include <cstdint>

namespace eddy {

// The calling thread's environment block, TEB.
inline uintptr_t thread_block() {
  uintptr_t block;
#if defined(__x86_64__)
  asm("movq %%gs:0x30, %0" : "=r"(block)); // NT_TIB::Self
#elif defined(__aarch64__)
  asm("mov %0, x18" : "=r"(block));
#else
#error "src/win/machine.hpp: not written for this architecture"
#endif
  return block;
}

// Ends the process at once: no handler, no filter and no destructor runs. (The intrinsic __fastfail is not in the
// headers of older compilers.)
[[noreturn]] inline void fast_fail() {
  constexpr uint32_t fatal_app_exit = 7; // FAST_FAIL_FATAL_APP_EXIT
#if defined(__x86_64__)
  asm volatile("int $0x29" : : "c"(fatal_app_exit) : "memory");
#elif defined(__aarch64__)
  register uint32_t code asm("w0") = fatal_app_exit;
  asm volatile("brk #0xf003" : : "r"(code) : "memory");
#endif
  __builtin_unreachable();
}

} // namespace eddy
