/* The receive buffers of raw_uring: one provided-buffer ring that starts small (so that the
 * working set stays in the cache) and grows when slow readers hold all of it. */
#ifndef BENCH_RAW_URING_POOL_H
#define BENCH_RAW_URING_POOL_H

#include "server.h"

#include <liburing.h>
#include <stdint.h>
#include <sys/mman.h>

#define POOL_GROUP 0
#define POOL_SLOTS 16384 /* at most; buffers are virtual memory until first used */
#define POOL_STEP 128
#define POOL_BUFFER (16 * 1024)

struct pool {
  struct io_uring_buf_ring *ring;
  char *memory;
  unsigned created; /* buffers that exist */
  unsigned given;   /* buffers the kernel holds */
  unsigned staged;  /* of these, not yet visible to it */
};

static inline void *pool_map(size_t size) {
  void *memory =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (memory == MAP_FAILED) bench_die("mmap");
  return memory;
}

static inline char *pool_at(struct pool *pool, unsigned id) {
  return pool->memory + (size_t)id * POOL_BUFFER;
}

static inline void pool_give(struct pool *pool, unsigned id) {
  io_uring_buf_ring_add(pool->ring, pool_at(pool, id), POOL_BUFFER, (unsigned short)id,
                        POOL_SLOTS - 1, (int)pool->staged++);
  pool->given++;
}

/* One tail store for all that was given back during a turn. */
static inline void pool_publish(struct pool *pool) {
  if (pool->staged > 0) {
    io_uring_buf_ring_advance(pool->ring, (int)pool->staged);
    pool->staged = 0;
  }
}

static inline void pool_grow(struct pool *pool) {
  for (int i = 0; i < POOL_STEP && pool->created < POOL_SLOTS; i++)
    pool_give(pool, pool->created++);
  pool_publish(pool);
}

static inline void pool_open(struct pool *pool, struct io_uring *ring) {
  struct io_uring_buf_reg reg;
  int ret;

  pool->ring = pool_map(POOL_SLOTS * sizeof(struct io_uring_buf));
  pool->memory = pool_map((size_t)POOL_SLOTS * POOL_BUFFER);
  memset(&reg, 0, sizeof reg);
  reg.ring_addr = (uint64_t)(uintptr_t)pool->ring;
  reg.ring_entries = POOL_SLOTS;
  reg.bgid = POOL_GROUP;
  ret = io_uring_register_buf_ring(ring, &reg, 0);
  if (ret < 0) {
    errno = -ret;
    bench_die("io_uring_register_buf_ring");
  }
  io_uring_buf_ring_init(pool->ring);
  pool_grow(pool);
}

#endif
