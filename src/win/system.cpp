// The process around the loop: memory, environment, abort.
#include "machine.hpp"
#include "native.hpp"

namespace eddy {

void os_abort(const char *message) {
  char line[512];
  size_t length = strlen(message), room = sizeof line - 7;
  if (length > room) length = room;
  memcpy(line, "eddy: ", 6);
  memcpy(line + 6, message, length);
  line[6 + length] = '\n';
  DWORD written;
  // One call, so that the line stays whole among those of other threads.
  WriteFile(GetStdHandle(STD_ERROR_HANDLE), line, static_cast<DWORD>(length + 7), &written,
            nullptr);
  fast_fail(); // abort() of the C runtime has a handler, and a box on the screen to be clicked
}

// The process's environment, not the copy of one of the C runtimes.
const char *os_environment(const char *name, EnvironmentRoom &room) {
  DWORD length = GetEnvironmentVariableA(name, room.value, sizeof room.value);
  if (!length) return nullptr;
  return length < sizeof room.value ? room.value : "too long";
}

// Windows' heap aligns to 16 on 64 bits.
void *os_alloc(size_t size) { return HeapAlloc(GetProcessHeap(), 0, size); }
void os_release(void *memory, size_t) { HeapFree(GetProcessHeap(), 0, memory); }

void *os_pages(size_t size) {
  return VirtualAlloc(nullptr, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}
void os_release_pages(void *memory, size_t) { VirtualFree(memory, 0, MEM_RELEASE); }

void os_on_fork(void (*)(), void (*)(), void (*)()) {} // no fork here

} // namespace eddy
