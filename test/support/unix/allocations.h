// Counts what the process allocates, behind the back of every allocator hook.
#ifndef EDDY_TEST_ALLOCATIONS_H
#define EDDY_TEST_ALLOCATIONS_H

#include <stdatomic.h>
#include <stddef.h>

static atomic_long allocations;
static atomic_int counting;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { ALLOCATIONS_ARE_COUNTED = 0 }; // the sanitizers have allocators of their own
#else
enum { ALLOCATIONS_ARE_COUNTED = 1 };
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
void *malloc(size_t size) {
  allocations += counting;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  allocations += counting;
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  allocations += counting;
  return __libc_realloc(memory, size);
}
#endif

#endif
