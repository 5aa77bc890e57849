// The process around the loop: memory, environment, fork, abort.
#include "core/os.hpp"

#include <cstdlib>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

namespace eddy {

void os_abort(const char *message) {
  char start[] = "eddy: ";
  char end[] = "\n";
  iovec parts[] = {{start, sizeof start - 1},
                   {const_cast<char *>(message), strlen(message)},
                   {end, sizeof end - 1}};
  // One call, so that the line stays whole among those of other threads.
  [[maybe_unused]] ssize_t written = writev(STDERR_FILENO, parts, 3);
  abort();
}

const char *os_environment(const char *name, EnvironmentRoom &) { return secure_getenv(name); }

void *os_alloc(size_t size) {
  if constexpr (alignof(std::max_align_t) >= 16) return malloc(size);
  void *memory = nullptr;
  return posix_memalign(&memory, 16, size) == 0 ? memory : nullptr;
}

void os_release(void *memory, size_t) { free(memory); }

void *os_pages(size_t size) {
  void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void os_release_pages(void *memory, size_t size) { munmap(memory, size); }

// Without memory for the handlers fork goes undetected; there is nobody to tell.
void os_on_fork(void (*lock)(), void (*unlock)(), void (*child)()) {
  pthread_atfork(lock, unlock, child);
}

} // namespace eddy
