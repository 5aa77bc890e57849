// Option structs by chance: each is taken exactly when its header says so, and nothing is read past its `size`, behind
// which is no memory.
#include "seeds.h"

#include <eddy.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kMost = 4096, kPage = 4096, kResults = 4 };

static eddy_loop_t *loop;
static uint64_t seed;
static char *guard; // where the memory ends

// The results that the header allows; more than one if more than one thing is wrong.
struct allowed {
  int count;
  int results[kResults];
};

static void allow(struct allowed *to, int result) { to->results[to->count++ % kResults] = result; }

static uint32_t near(uint32_t low, uint32_t high) { // zero, or about these limits
  switch (rnd(8)) {
  case 0: return low - 1;
  case 1: return low;
  case 2: return high;
  case 3: return high + 1;
  case 4: return rnd(UINT32_MAX);
  case 5: return low + rnd(100);
  default: return 0;
  }
}

static int out_of(uint64_t value, uint64_t low, uint64_t high) {
  return value && (value < low || value > high);
}

static void *get(void *context, size_t size) {
  (void)context;
  return aligned_alloc(16, (size + 15) / 16 * 16);
}

static void put(void *context, void *memory, size_t size) {
  (void)context, (void)size;
  free(memory);
}

static void draw_loop(void *memory, struct allowed *allowed) {
  eddy_loop_options_t *o = memory;
  o->driver = chance(20) ? rnd(UINT32_MAX) : rnd(6);
  o->flags = chance(20) ? 1u << rnd(32) : rnd(2);
  o->ring_entries = near(4, 4096);
  if (o->ring_entries > 256 && o->ring_entries <= 4096 && chance(90)) o->ring_entries = 64;
  o->spin = chance(30) ? EDDY_SECOND - 1 + rnd(3) : chance(5) ? UINT64_MAX : rnd(1000);
  o->alloc = chance(30) ? get : NULL;
  o->release = chance(95) == (o->alloc != NULL) ? put : NULL;
  if (o->flags & ~1u) allow(allowed, EDDY_ENOTSUP);
  if (o->spin > EDDY_SECOND || !o->alloc != !o->release || out_of(o->ring_entries, 4, 4096))
    allow(allowed, EDDY_EINVAL);
  int refused = o->driver == EDDY_DRIVER_AUTO ? 0 : eddy_driver_probe(o->driver);
  if (refused) allow(allowed, refused);
  if (o->driver == EDDY_DRIVER_IO_URING && o->flags & EDDY_LOOP_MIGRATABLE)
    allow(allowed, EDDY_ENOTSUP);
}

static int open_loop(const void *options) {
  eddy_loop_t *other = (void *)&loop;
  int error = eddy_loop_open(options, &other);
  if (error) return other ? 1 : error;
  return eddy_loop_close(other);
}

static void draw_pool(void *memory, struct allowed *allowed) {
  eddy_pool_options_t *o = memory;
  o->buffer_size = near(64, 1 << 20);
  o->buffers = near(1, 32768);
  o->reserved = chance(5) ? rnd(UINT32_MAX) : 0;
  if (o->reserved) allow(allowed, EDDY_ENOTSUP);
  if (out_of(o->buffer_size, 64, 1 << 20) || out_of(o->buffers, 1, 32768))
    allow(allowed, EDDY_EINVAL);
}

static int open_pool(const void *options) {
  eddy_pool_t *pool = (void *)&loop;
  int error = eddy_pool_open(loop, options, &pool);
  if (error) return pool ? 1 : error == EDDY_ENOMEM ? 0 : error;
  uint32_t given = ((const eddy_pool_options_t *)options)->buffers;
  if (eddy_pool_free(pool) != (given ? given : 256)) return 2;
  eddy_pool_close(pool, NULL, NULL);
  return 0;
}

static void draw_listener(void *memory, struct allowed *allowed) {
  eddy_listen_options_t *o = memory;
  o->flags = chance(20) ? 1u << rnd(32) : rnd(8);
  o->backlog = chance(50) ? rnd(UINT32_MAX) : near(1, INT32_MAX);
  o->reserved = chance(5) ? rnd(UINT32_MAX) : 0;
  if (o->flags & ~7u || o->reserved) allow(allowed, EDDY_ENOTSUP);
}

static int open_listener(const void *options) {
  eddy_listener_t *listener = (void *)&loop;
  eddy_addr_t address;
  eddy_addr_loopback(&address, EDDY_AF_INET, 0);
  int error = eddy_listener_open(loop, &address, options, &listener);
  if (error) return listener ? 1 : error;
  eddy_listener_close(listener, NULL, NULL);
  return 0;
}

static void draw_workers(void *memory, struct allowed *allowed) {
  eddy_workers_options_t *o = memory;
  o->threads = near(1, 1024);
  o->keep = near(1, o->threads); // no thread starts before there is work, and no more than those
  o->queue = near(1, UINT32_MAX - 1);
  o->stack_size = chance(20) ? UINT64_MAX - rnd(2) : near(64 << 10, 1 << 30);
  o->idle = chance(30) ? EDDY_NEVER : rnd(UINT32_MAX);
  if (out_of(o->threads, 1, 1024) || out_of(o->stack_size, 64 << 10, 1 << 30))
    allow(allowed, EDDY_EINVAL);
}

static int open_workers(const void *options) {
  eddy_workers_t *workers = (void *)&loop;
  int error = eddy_workers_open(options, &workers);
  if (error) return workers ? 1 : error;
  return eddy_workers_close(workers);
}

static const struct kind {
  const char *name;
  uint32_t size;
  void (*draw)(void *options, struct allowed *allowed);
  int (*open)(const void *options);
} kinds[] = {
    {"loop", sizeof(eddy_loop_options_t), draw_loop, open_loop},
    {"pool", sizeof(eddy_pool_options_t), draw_pool, open_pool},
    {"listener", sizeof(eddy_listen_options_t), draw_listener, open_listener},
    {"workers", sizeof(eddy_workers_options_t), draw_workers, open_workers},
};

static uint32_t draw_size(uint32_t known) {
  switch (rnd(10)) {
  case 0: return rnd(known);                  // older than the first version
  case 1: return known + 8 * (1 + rnd(8));    // newer
  case 2: return kMost - rnd(2) * 4;          // as large as it may be
  case 3: return kMost + 1 + rnd(UINT16_MAX); // too large
  case 4: return UINT32_MAX - rnd(3);
  default: return known;
  }
}

static int run_seed(void) {
  seed_with(seed);
  const struct kind *kind = &kinds[rnd(sizeof kinds / sizeof *kinds)];
  struct allowed allowed = {0};
  _Alignas(16) char bytes[kMost] = {0};
  uint32_t size = draw_size(kind->size);
  kind->draw(bytes, &allowed);
  memcpy(bytes, &size, sizeof size);
  if (size < kind->size || size > kMost) { // nothing else of it is looked at
    allowed = (struct allowed){1, {EDDY_EINVAL}};
  } else if (size > kind->size && chance(40)) {
    bytes[kind->size + rnd(size - kind->size)] = (char)(1 << rnd(8));
    allowed = (struct allowed){1, {EDDY_ENOTSUP}};
  }
  if (!allowed.count) allow(&allowed, 0);
  // What may be read: `size`, and then what it says, but not beyond what can be an option struct.
  uint32_t readable = size > kMost || size < sizeof size ? (uint32_t)sizeof size : size;
  char *at = guard - readable;
  if ((uintptr_t)at % 8) at = guard - (readable + 7) / 8 * 8; // as a compiler would align it
  memset(at, 0xff, (size_t)(guard - at));
  memcpy(at, bytes, readable);
  int got = kind->open(at);
  for (int i = 0; i < allowed.count; i++)
    if (got == allowed.results[i]) return 0;
  printf("seed %llu: a %s with options of %u bytes gave %d (%s), not %d\n",
         (unsigned long long)seed, kind->name, size, got, eddy_error_name(got), allowed.results[0]);
  return 1;
}

int main(int argc, char **argv) {
  uint64_t from = number(argc, argv, "--from", "1"), count = number(argc, argv, "--seeds", "2000");
  unsetenv("EDDY_DRIVER");
  char *memory = mmap(NULL, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  guard = memory + 2 * kPage;
  mprotect(guard, kPage, PROT_NONE);
  if (eddy_loop_open(NULL, &loop)) return 1;
  int failed = 0;
  for (seed = from; seed < from + count; seed++) {
    failed += run_seed();
    eddy_loop_step(loop, 0);
  }
  eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND);
  failed += eddy_loop_close(loop) != 0;
  printf("%llu option structs, %d failed\n", (unsigned long long)count, failed);
  return failed != 0;
}
