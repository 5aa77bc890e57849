// What several contract tests need besides fixture.h and net.h.
#ifndef EDDY_TEST_RULE_TOOLS_H
#define EDDY_TEST_RULE_TOOLS_H

#include "peer.h"

#include <sys/mman.h>
#include <sys/resource.h>

static inline void raw_write(int fd, const void *data, size_t size) {
  for (const char *at = data; size;) {
    ssize_t sent = patient_send(fd, at, size, MSG_NOSIGNAL);
    assert_true(sent > 0);
    at += sent;
    size -= (size_t)sent;
  }
}

// Memory that faults when it is touched after its release.
static inline void *page_take(size_t size) {
  void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(page != MAP_FAILED);
  return page;
}

static inline void page_drop(void *page, size_t size) { munmap(page, size); }

// An allocation hook that refuses on demand and counts what is out.
struct allocator {
  int64_t allowed; // allocations until it refuses; below 0: never
  int64_t live;
};

static inline void *hook_alloc(void *context, size_t size) {
  struct allocator *allocator = context;
  if (allocator->allowed == 0) return NULL;
  if (allocator->allowed > 0) allocator->allowed--;
  allocator->live++;
  return aligned_alloc(16, (size + 15) & ~(size_t)15);
}

static inline void hook_release(void *context, void *memory, size_t size) {
  struct allocator *allocator = context;
  (void)size;
  allocator->live--;
  free(memory);
}

static inline eddy_loop_options_t hooked_options(struct allocator *allocator) {
  eddy_loop_options_t options = {.size = sizeof options,
                                 .alloc = hook_alloc,
                                 .release = hook_release,
                                 .alloc_context = allocator};
  return options;
}

// Lets the process open no descriptor more, until the limit is given back.
static inline struct rlimit descriptors_shut(void) {
  struct rlimit before, now;
  getrlimit(RLIMIT_NOFILE, &before);
  now = before;
  now.rlim_cur = 0;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
  return before;
}

static inline void descriptors_open(struct rlimit before) { setrlimit(RLIMIT_NOFILE, &before); }

#endif
