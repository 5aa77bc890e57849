// What the library keeps for the calling thread, and its identity: the address of its environment block, one
// instruction. Another thread may get the same address only after the end of this one has been told (os_on_thread_end).
// (A thread_local variable of mingw is a function of a runtime that the DLL does not have.)
#pragma once

#include "machine.hpp"

namespace eddy {

inline uintptr_t os_thread() { return thread_block(); }
inline uintptr_t os_thread_seen() { return os_thread(); }

// In slots of the system, thread.cpp; GetLastError stays.
void *os_running(); // the loop whose callbacks run on it
void os_set_running(void *loop);
int32_t os_kept_error(); // what eddy_last_os_error tells
void os_keep_error(int32_t native);

} // namespace eddy
