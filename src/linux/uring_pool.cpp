// Receive pools as buffer rings: the kernel takes the next free buffer when data arrives.
#include "../pool.hpp"
#include "uring.hpp"

#include <bit>
#include <sys/mman.h>

namespace eddy {

static unsigned ring_size(const eddy_pool &pool) { return std::bit_ceil(pool.count); }

static size_t ring_bytes(const eddy_pool &pool) { return ring_size(pool) * sizeof(io_uring_buf); }

static bool group_taken(const SourceList &list, int group) {
  for (const Source *source = list.head; source; source = source->next)
    if (source->kind == SourceKind::pool && static_cast<const eddy_pool *>(source)->group == group)
      return true;
  return false;
}

static int free_group(Loop &loop) {
  int group = 0;
  while (group_taken(core(loop).sources, group) || group_taken(core(loop).closing, group)) group++;
  return group;
}

OsResult uring_pool_add(eddy_pool &pool) {
  Loop &loop = *pool.loop;
  int group = free_group(loop);
  if (group > UINT16_MAX) return {EDDY_ENOMEM, 0};
  void *ring =
      mmap(nullptr, ring_bytes(pool), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (ring == MAP_FAILED) return {EDDY_ENOMEM, 0};
  madvise(ring, ring_bytes(pool), MADV_DONTFORK);
  io_uring_buf_reg reg = {};
  reg.ring_addr = reinterpret_cast<uintptr_t>(ring);
  reg.ring_entries = ring_size(pool);
  reg.bgid = static_cast<uint16_t>(group);
  int error = io_uring_register_buf_ring(&uring_of(loop).ring, &reg, 0);
  if (error < 0) {
    munmap(ring, ring_bytes(pool));
    return {os_error_from_native(-error), -error};
  }
  uring_of(loop).multishot = uring_multishot_receives();
  pool.group = group;
  pool.ring_mask = reg.ring_entries - 1;
  pool.ring = ring;
  for (uint32_t i = 0; i < pool.count; i++)
    if (pool.buffers[i].state == static_cast<uint32_t>(BufferState::free)) uring_pool_give(pool, i);
  return {};
}

void uring_pool_give(eddy_pool &pool, uint32_t index) {
  io_uring_buf_ring *ring = static_cast<io_uring_buf_ring *>(pool.ring);
  io_uring_buf_ring_add(ring, pool_data(pool, index), pool.buffer_size,
                        static_cast<uint16_t>(index), static_cast<int>(pool.ring_mask), 0);
  io_uring_buf_ring_advance(ring, 1);
}

void uring_pool_remove(eddy_pool &pool) {
  if (pool.group < 0) return;
  if (!core(*pool.loop).lost) io_uring_unregister_buf_ring(&uring_of(*pool.loop).ring, pool.group);
  munmap(pool.ring, ring_bytes(pool));
  pool.group = -1;
}

// The child's mapping is gone; a free buffer is one that the new ring gets, or else the stack.
static void renew(eddy_pool &pool) {
  if (pool.gone || pool.group < 0) return;
  pool.group = -1;
  pool.free_head = kNoBuffer;
  for (uint32_t i = pool.count; i-- > 0;) {
    Buffer &buffer = pool.buffers[i];
    if (buffer.state != static_cast<uint32_t>(BufferState::free)) continue;
    buffer.next = pool.free_head;
    pool.free_head = i;
  }
  uring_pool_add(pool);
}

void uring_pools_after_fork(Loop &loop) {
  for (SourceList *list : {&core(loop).sources, &core(loop).closing})
    for (Source *source = list->head; source; source = source->next)
      if (source->kind == SourceKind::pool) renew(static_cast<eddy_pool &>(*source));
}

} // namespace eddy
