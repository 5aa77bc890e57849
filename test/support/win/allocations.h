// Counts what the program, and the library in it, take from Windows: these stand in place of the imports. Windows'
// own parts and the C runtime allocate without them; the library has no other source (src/win/system.cpp).
#ifndef EDDY_TEST_ALLOCATIONS_H
#define EDDY_TEST_ALLOCATIONS_H

#include "posix.h"

#include <stdatomic.h>

enum { ALLOCATIONS_ARE_COUNTED = 1 };
static atomic_long allocations;
static atomic_int counting;

static FARPROC system_function(const char *name) {
  return GetProcAddress(GetModuleHandleA("kernel32.dll"), name);
}

static LPVOID WINAPI counted_heap_alloc(HANDLE heap, DWORD flags, SIZE_T size) {
  typedef LPVOID WINAPI function(HANDLE, DWORD, SIZE_T);
  allocations += counting;
  return ((function *)(void *)system_function("HeapAlloc"))(heap, flags, size);
}

static LPVOID WINAPI counted_virtual_alloc(LPVOID at, SIZE_T size, DWORD type, DWORD protection) {
  typedef LPVOID WINAPI function(LPVOID, SIZE_T, DWORD, DWORD);
  allocations += counting;
  return ((function *)(void *)system_function("VirtualAlloc"))(at, size, type, protection);
}

LPVOID(WINAPI *const __imp_HeapAlloc)(HANDLE, DWORD, SIZE_T) = counted_heap_alloc;
LPVOID(WINAPI *const __imp_VirtualAlloc)(LPVOID, SIZE_T, DWORD, DWORD) = counted_virtual_alloc;

#endif
